"""All that can be said of definitions and of those who refer to them, before a pod ever meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from cni.bridge.config import DEFAULT_BRIDGE
from netkernel.frozen import Frozen
from nncp_agent.definitions import config, manifests
from nncp_agent.definitions.findings import Finding, Said, did_you_mean, listed
from nncp_agent.definitions.manifests import DEFAULT, Contents, Definition, Reference

OnNode = Callable[[Any], Iterable[Said]]
"""What a node has to say of a configuration."""
_BRIDGES: Final = "bridge.network.kubevirt.io/"
"""The resources by which the CNI's marker tells the scheduler on which nodes a bridge is."""


class Report(Frozen):
    """Findings file by file from top to bottom, and what was looked at."""

    findings: Sequence[Finding]
    definitions: int
    references: int

    @property
    def errors(self) -> int:
        return sum(not each.is_warning for each in self.findings)


def lint(files: Sequence[tuple[str, bytes]], on_node: OnNode = lambda config: ()) -> Report:
    """`files` are names with what is in them."""
    found = [manifests.read(text, source) for source, text in files]
    definitions = [each for contents in found for each in contents.definitions]
    references = [each for contents in found for each in contents.references]
    findings = [each for contents in found for each in contents.findings]
    findings += [each for source, contents in zip(files, found, strict=True) for each in _nothing(source[0], contents)]
    for definition in definitions:
        findings += _of(definition, on_node)
    findings += _names(definitions)
    if definitions:
        findings += [each for reference in references for each in _reference(reference, definitions)]
    order = {source: number for number, (source, _) in enumerate(files)}
    unique = dict.fromkeys(sorted(findings, key=lambda each: (order.get(each.source, 0), each.line, each.column)))
    return Report(tuple(unique), len(definitions), len(references))


def _nothing(source: str, contents: Contents) -> Iterator[Finding]:
    if not (contents.definitions or contents.references or contents.findings):
        said = "neither a definition nor anything that refers to one"
        yield Finding(source, 0, 0, said, is_warning=True)


def _of(definition: Definition, on_node: OnNode) -> Iterator[Finding]:
    found = definition.read
    if found.value is None:
        return
    said = list(config.check(found.value, has_name=bool(definition.name)))
    said += [*_resource(definition), *on_node(found.value)]
    for each in said:
        yield definition.place.finding(_offset(definition, each), each.message, is_warning=each.is_warning)


def _offset(definition: Definition, said: Said) -> int:
    places = definition.read.keys if said.is_key else definition.read.places
    path = said.path
    while path and path not in places:
        path, places = path[:-1], definition.read.places
    return places.get(path, 0)


def _resource(definition: Definition) -> Iterator[Said]:
    if not definition.resource.startswith(_BRIDGES):
        return
    wanted = definition.resource.removeprefix(_BRIDGES)
    for plugin in config.plugins(definition.config):
        bridge = plugin.values.get("bridge", DEFAULT_BRIDGE)
        if plugin.kind == "cnv-bridge" and isinstance(bridge, str) and bridge != wanted:
            lead = f"{manifests.RESOURCE} says {definition.resource}: it leads pods to nodes that have {wanted}"
            said = f"bridge {bridge}: {lead}"
            yield Said((*plugin.path, "bridge"), said)


def _names(definitions: Sequence[Definition]) -> Iterator[Finding]:
    """No two definitions are one, and none have one network name."""
    seen: dict[str, Definition] = {}
    for definition in definitions:
        if not definition.network:
            continue
        first = seen.setdefault(definition.network, definition)
        if first is definition:
            continue
        where = definition.read.places.get(("name",), 0)
        both = str(first) if str(first) != str(definition) else first.place.source
        if definition.name and str(first) == str(definition):
            said = f"definition {definition} stands twice, first in {both}"
            yield definition.place.finding(where, said)
        else:
            said = (
                f"network {definition.network} is also that of {both}: they share leases, and GC of one may take both"
            )
            yield definition.place.finding(where, said)


def _reference(reference: Reference, definitions: Sequence[Definition]) -> Iterator[Finding]:
    wanted = reference.wanted
    namespaces = [each.namespace for each in definitions if each.name == wanted.name]
    said = ""
    if wanted.namespace not in namespaces:
        if namespaces:
            other = namespaces[0]
            hint = f"write {other}/{wanted.name}" if other == DEFAULT else "a pod may refer to its own and to default"
            said = f"no definition {wanted.name} in namespace {wanted.namespace}; there is one in {other}: {hint}"
        else:
            there = sorted({each.name for each in definitions if each.name})
            near = did_you_mean(wanted.name, there) or f"; there are {listed(there)}"
            said = f"no definition {wanted.name} in namespace {wanted.namespace}{near}"
    elif wanted.namespace not in (reference.pods, DEFAULT):
        isolated = "where namespaces are isolated, only default is open to all"
        said = f"definition {wanted} is in another namespace than the pod, which is in {reference.pods}: {isolated}"
    if said:
        yield reference.place.finding(reference.offset, f"{reference.whose}: {said}")
