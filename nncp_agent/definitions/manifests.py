"""Manifests into definitions and references: what of a file is about networks of pods and VMs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from netkernel.documents import Document, Unreadable
from netkernel.documents import read as read_documents
from netkernel.frozen import Frozen
from nncp_agent.definitions import selection, tolerant
from nncp_agent.definitions.findings import Finding, Path
from nncp_agent.definitions.places import Locator
from nncp_agent.definitions.selection import NETWORKS, Selection

KIND: Final = "NetworkAttachmentDefinition"
API: Final = "k8s.cni.cncf.io/v1"
RESOURCE: Final = "k8s.v1.cni.cncf.io/resourceName"
DEFAULT: Final = "default"
"""The namespace of what states none, and the one that others may refer to."""


class Definition(Frozen):
    """`name` is empty for a configuration that stands in a file by itself, as in /etc/cni/net.d."""

    name: str
    namespace: str
    config: Any
    text: str
    read: tolerant.Read
    resource: str
    place: Locator

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.name else self.place.source

    @property
    def network(self) -> str:
        """The network's name: that of the definition, where the configuration has none."""
        stated = self.config.get("name") if isinstance(self.config, dict) else None
        return stated if isinstance(stated, str) and stated else self.name


class Reference(Frozen):
    """One network that a pod or VM asks for; `whose` as people call it, `pods` its namespace."""

    whose: str
    pods: str
    wanted: Selection
    place: Locator
    offset: int


class Contents(Frozen):
    """What files hold."""

    definitions: Sequence[Definition] = ()
    references: Sequence[Reference] = ()
    findings: Sequence[Finding] = ()


def read(text: bytes, source: str) -> Contents:
    """Raises nothing: what cannot be read is a finding."""
    clean = text.decode("utf-8", "replace").removeprefix("\ufeff").replace("\u00a0", " ")
    if _is_configuration(clean, source):
        place = Locator.of_text(source, clean)
        found = tolerant.read(clean)
        return Contents([Definition("", "", found.value, clean, found, "", place)], (), _mistakes(found, place))
    try:
        return _together(_manifests(text, source))
    except Unreadable:
        return _together(each for piece in _pieces(text) for each in _readable(piece, source))


def _manifests(text: bytes, source: str) -> Iterator[Contents]:
    for document in read_documents(text, source):
        for path, value in _objects(document.value, ()):
            yield _object(document, path, value)


def _readable(piece: bytes, source: str) -> Sequence[Contents]:
    try:
        return [*_manifests(piece, source)]
    except Unreadable as error:
        return [Contents(findings=[Finding(error.source, error.line or 0, 0, error.message)])]


def _pieces(text: bytes) -> Iterator[bytes]:
    """Each document by itself, in the lines where it stands: what is wrong with one hides nothing of the others. Three
    dashes at the beginning of a line begin one, wherever that line stands (YAML 1.2.2, 9.1.2)."""
    lines = text.splitlines(keepends=True)
    starts = [0, *(number for number, line in enumerate(lines) if number and line.rstrip()[:4] in (b"---", b"--- "))]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield b"\n" * start + b"".join(lines[start:end])


def _together(several: Iterable[Contents]) -> Contents:
    found = [*several]
    return Contents(
        [each for contents in found for each in contents.definitions],
        [each for contents in found for each in contents.references],
        [each for contents in found for each in contents.findings],
    )


def _is_configuration(text: str, source: str) -> bool:
    """Whether it is a plugin's own JSON and no manifest."""
    if source.endswith((".conf", ".conflist")):
        return True
    if text.lstrip()[:1] != "{":
        return False
    value = tolerant.read(text).value
    return not isinstance(value, dict) or ("kind" not in value and "apiVersion" not in value)


def _objects(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The document, or what is in its list."""
    items = value.get("items") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(items, list) and str(value.get("kind", "")).endswith("List"):
        for number, each in enumerate(items):
            yield from _objects(each, (*path, "items", number))
    elif isinstance(value, dict):
        yield path, value


def _object(document: Document, path: Path, value: dict[str, Any]) -> Contents:
    metadata = _mapping(value.get("metadata"))
    namespace = str(metadata.get("namespace") or DEFAULT)
    name = str(metadata.get("name") or "")
    if value.get("kind") == KIND:
        return _definition(document, path, value, name, namespace)
    whose = f"{value.get('kind')} {name}" if name else str(value.get("kind"))
    references: list[Reference] = []
    findings: list[Finding] = []
    for where, pod in _pods(value, path):
        annotated = (*where, "metadata", "annotations", NETWORKS)
        text = _mapping(_mapping(pod.get("metadata")).get("annotations")).get(NETWORKS)
        if isinstance(text, str):
            place = Locator.of_scalar(document, annotated, text)
            wanted, mistakes = selection.read(text, namespace)
            references += [Reference(whose, namespace, each, place, each.place) for each in wanted]
            findings += [place.finding(each.offset, f"{NETWORKS}: {each.message}") for each in mistakes]
        for found in _networks(document, (*where, "spec", "networks"), _mapping(pod.get("spec")).get("networks")):
            if isinstance(found, Finding):
                findings.append(found)
                continue
            place, asked = found
            wanted, mistakes = selection.read(asked, namespace)
            references += [Reference(whose, namespace, each, place, 0) for each in wanted]
            findings += [place.finding(0, f"networkName: {each.message}") for each in mistakes]
    return Contents((), references, findings)


def _pods(value: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The pods or VMs that an object is or makes: itself, and its template."""
    yield path, dict(value)
    spec = _mapping(value.get("spec"))
    for key in ("template", "jobTemplate", "virtualMachineTemplate"):
        inner = spec.get(key)
        if isinstance(inner, dict):
            yield from _pods(inner, (*path, "spec", key))


def _networks(document: Document, path: Path, stated: Any) -> Iterator[Finding | tuple[Locator, str]]:
    """The networks of a VM (KubeVirt)."""
    for number, network in enumerate(stated if isinstance(stated, list) else ()):
        if not isinstance(network, dict) or "multus" not in network:
            continue
        here = (*path, number, "multus")
        multus = network["multus"]
        name = multus.get("networkName") if isinstance(multus, dict) else None
        if isinstance(name, str) and name:
            yield Locator.of_scalar(document, (*here, "networkName"), name), name
            continue
        place = Locator.of_scalar(document, here, "")
        if "networkName" in network:
            yield place.finding(0, "multus has nothing below it: networkName stands beside it, indent that one more")
        else:
            yield place.finding(0, "multus: networkName is missing, that of a definition")


def _definition(document: Document, path: Path, value: dict[str, Any], name: str, namespace: str) -> Contents:
    findings: list[Finding] = []
    whole = Locator.of_scalar(document, path, "")
    if value.get("apiVersion") != API:
        findings.append(whole.finding(0, f"apiVersion {value.get('apiVersion')}: wanted {API}"))
    if not name:
        findings.append(whole.finding(0, "metadata.name is missing"))
    annotations = _mapping(_mapping(value.get("metadata")).get("annotations"))
    config = _mapping(value.get("spec")).get("config")
    here = (*path, "spec", "config")
    if not isinstance(config, str):
        place = Locator.of_scalar(document, here, "")
        if config is None:
            said = f"spec.config is missing: Multus looks for a file of the network {name} on the node then"
            findings.append(place.finding(0, said, is_warning=True))
            return Contents((), (), findings)
        said = "spec.config: wanted text with JSON in it: write config: |- and the JSON below it"
        findings.append(place.finding(0, said))
        return Contents((), (), findings)
    place = Locator.of_scalar(document, here, config)
    found = tolerant.read(config)
    resource = str(annotations.get(RESOURCE) or "")
    made = Definition(name, namespace, found.value, config, found, resource, place)
    return Contents([made], (), [*findings, *_mistakes(found, place)])


def _mistakes(found: tolerant.Read, place: Locator) -> list[Finding]:
    return [place.finding(each.offset, f"not JSON: {each.message}") for each in found.mistakes]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
