"""The networks a pod asks for: its annotation `k8s.v1.cni.cncf.io/networks`, in the short form or in JSON.

Network Plumbing Working Group, "Kubernetes Network Custom Resource Definition De-facto Standard", 1.3, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cni.types.go_json import Anything, Integer, Misfit, Several, Structure, Text
from cni.types.results import cidr
from netkernel import macs
from netkernel.frozen import Frozen
from nncp_agent.definitions import keys, tolerant
from nncp_agent.definitions.findings import Path
from nncp_agent.definitions.tolerant import Mistake

NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LONGEST_INTERFACE: Final = 15
_TEXTS: Final = Several(Text(), "[]string")
_SHAPE: Final = Structure(
    "NetworkSelectionElement",
    {
        "name": Text(),
        "namespace": Text(),
        "ips": _TEXTS,
        "mac": Text(),
        "infiniband-guid": Text(),
        "interface": Text(),
        "interfaceRequest": Text(),
        "portMappings": Several(
            Structure("", {"hostPort": Integer(), "containerPort": Integer(), "protocol": Text(), "hostIP": Text()}), ""
        ),
        "bandwidth": Anything(),
        "deviceID": Text(),
        "cni-args": Anything(),
        "default-route": _TEXTS,
        "ipam-claim-reference": Text(),
    },
)

_OFFERED: Final = {
    "portMappings": "portMappings",
    "bandwidth": "bandwidth",
    "deviceID": "deviceID",
    "infiniband-guid": "infinibandGUID",
}
"""The key in the annotation, and the capability of CNI (its CONVENTIONS.md) that it is for."""


class Selection(Frozen):
    """One network. `interface` is empty where the next `net1`, `net2` … will do; `place` is its offset in the text.
    `offers` is what stands there for plugins with a capability for it, by the capability's name."""

    name: str
    namespace: str
    interface: str = ""
    mac: str = ""
    ips: Sequence[str] = ()
    cni_args: Mapping[str, Any] = {}
    default_route: Sequence[str] = ()
    offers: Mapping[str, Any] = {}
    is_elsewhere: bool = False
    place: int = 0

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def read(text: str, namespace: str) -> tuple[list[Selection], list[Mistake]]:
    """The networks, and what is wrong with the text. `namespace` is the pod's: theirs, where they state none."""
    if any(sign in text for sign in '[{"'):
        return _json(text, namespace)
    selections, mistakes, at = [], [], 0
    for part in text.split(","):
        word = part.strip()
        place = at + len(part) - len(part.lstrip())
        found, wrong = _short(word, namespace, place)
        selections += found
        mistakes += [Mistake(place, each) for each in wrong]
        at += len(part) + 1
    return selections, mistakes


def _short(word: str, namespace: str, place: int) -> tuple[list[Selection], list[str]]:
    named, separator, interface = word.partition("@")
    stated, slash, name = named.rpartition("/")
    if not word:
        return [], ["an empty name between commas"] if place else ["no name of a network"]
    wrong = [*_name(name), *(_name(stated) if slash else ()), *(_interface(interface) if separator else ())]
    if wrong:
        return [], [f"{word}: {each}; wanted [namespace/]name[@interface]" for each in wrong]
    return [Selection(name, stated or namespace, interface, is_elsewhere=bool(stated), place=place)], []


def _json(text: str, namespace: str) -> tuple[list[Selection], list[Mistake]]:
    found = tolerant.read(text)
    mistakes = list(found.mistakes)
    items = found.value if isinstance(found.value, list) else [found.value]
    if found.value is not None and not isinstance(found.value, list):
        mistakes.append(Mistake(0, "wanted a list of objects, [{...}]"))
    selections = []
    for number, item in enumerate(items if isinstance(found.value, list) else ()):
        path: Path = (number,)
        wrong = list(_of_item(item, path))
        mistakes += [Mistake(_offset(found, each_path), words) for each_path, words in wrong]
        if not wrong:
            selections.append(_selection(item, namespace, found.places.get(path, 0)))
    return selections, mistakes


def _offset(found: tolerant.Read, path: Path) -> int:
    while path and path not in found.places:
        path = path[:-1]
    return found.places.get(path, 0)


def _of_item(item: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(item, dict):
        yield path, "wanted an object with the name of a network"
        return
    for said in keys.structure(item, _SHAPE, path):
        yield said.path, said.message
    if not item.get("name"):
        yield path, "name is missing: that of a definition"
    for key in ("name", "namespace"):
        if isinstance(item.get(key), str) and item[key]:
            yield from (((*path, key), f"{key}: {each}") for each in _name(item[key]))
    for key in ("interface", "interfaceRequest"):
        if isinstance(item.get(key), str) and item[key]:
            yield from (((*path, key), f"{key}: {each}") for each in _interface(item[key]))
    if isinstance(item.get("mac"), str) and item["mac"] and not macs.spelled(item["mac"]):
        yield (*path, "mac"), f'mac: "{item["mac"]}" is no MAC address'
    for key in ("default-route", "ips"):
        for number, each in enumerate(item[key] if isinstance(item.get(key), list) else ()):
            if isinstance(each, str) and not (is_address(each) and (key == "ips" or "/" not in each)):
                yield (*path, key, number), f'{key}: "{each}" is no IP address'


def is_address(text: str) -> bool:
    """Whether it is an address, with a prefix or without."""
    try:
        cidr(text if "/" in text else f"{text}/{128 if ':' in text else 32}")
    except Misfit:
        return False
    return True


def _selection(item: Mapping[str, Any], namespace: str, place: int) -> Selection:
    given = item.get("cni-args")
    return Selection(
        item["name"],
        item.get("namespace") or namespace,
        item.get("interface") or item.get("interfaceRequest") or "",
        item.get("mac") or "",
        tuple(item.get("ips") or ()),
        given if isinstance(given, dict) else {},
        tuple(item.get("default-route") or ()),
        {capability: item[key] for key, capability in _OFFERED.items() if item.get(key)},
        is_elsewhere=bool(item.get("namespace")),
        place=place,
    )


def _name(name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f'"{name}" is no name: lower-case letters and digits, and between them - and .'


def _interface(name: str) -> Iterator[str]:
    if not name or len(name.encode()) > _LONGEST_INTERFACE or re.search(r"[\s/:]", name):
        yield f'"{name}" is no name of an interface: 1 to 15 characters without / : and blanks'
