"""Makes a state fit to be published: as large as an API server stores at most, and text all through.

What is worth least is left out first, and told. Links are called by bytes; those that are no UTF-8 are written \\xff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

LARGEST: Final = 1_000_000
"""Bytes of the state as JSON. Beside it the object has its metadata and managed fields, and all of it must stay below
1 MiB: etcd takes 1.5 MiB in one request."""
_KEPT: Final = ("bond", "linux-bridge", "vlan", "ethernet", "vrf", "vxlan")
"""Types of interfaces that are left out last, in this order."""

Tree = dict[str, Any]


def fitted(state: Tree, most: int = LARGEST) -> tuple[Tree, list[str]]:
    """The state, or as much of it as fits into so many bytes; what was left out, in words."""
    cut: list[str] = []
    text = json.dumps(state)
    if "\\udc" in text:
        state = _spelt(state)
        text = json.dumps(state)
    size = len(text)
    for step in _steps():
        if size <= most:
            break
        state, words = step(state, size - most)
        if words:
            cut.append(words)
            size = size_of(state)
    return state, cut


def size_of(value: Any) -> int:
    """Bytes as JSON."""
    return len(json.dumps(value))


def _spelt(value: Any) -> Any:
    """Without the surrogates that stand for such bytes (PEP 383)."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if isinstance(value, dict):
        return {_spelt(key): _spelt(each) for key, each in value.items()}
    return [_spelt(each) for each in value] if isinstance(value, list | tuple) else value


def _steps() -> Iterator[Callable[[Tree, int], tuple[Tree, str]]]:
    yield lambda state, _: _without(state, "ethtool")
    yield lambda state, _: _without(state, "lldp")
    yield lambda state, over: _fewer_routes(state, "running", over)
    yield lambda state, over: _fewer_routes(state, "config", over)
    yield _fewer_interfaces
    yield lambda state, _: ({"interfaces": []}, "all the rest")


def _without(state: Tree, section: str) -> tuple[Tree, str]:
    found = state.get("interfaces") or []
    count = sum(section in each for each in found)
    if not count:
        return state, ""
    kept = [{key: each for key, each in interface.items() if key != section} for interface in found]
    return {**state, "interfaces": kept}, f"{section} of {count} interfaces"


def _fewer_routes(state: Tree, part: str, over: int) -> tuple[Tree, str]:
    routes = (state.get("routes") or {}).get(part) or []
    kept = _fewer(routes, over)
    if len(kept) == len(routes):
        return state, ""
    words = f"{len(routes) - len(kept)} of {len(routes)} {part} routes"
    return {**state, "routes": {**state["routes"], part: kept}}, words


def _fewer_interfaces(state: Tree, over: int) -> tuple[Tree, str]:
    found = state.get("interfaces") or []
    ranked = sorted(found, key=_rank)
    names = {each["name"] for each in _fewer(ranked, over)}
    if len(names) == len(found):
        return state, ""
    kept = [each for each in found if each["name"] in names]
    return {**state, "interfaces": kept}, f"{len(found) - len(names)} of {len(found)} interfaces"


def _rank(interface: Tree) -> int:
    """Those with addresses stay before all others."""
    if any((interface.get(family) or {}).get("address") for family in ("ipv4", "ipv6")):
        return -1
    type_ = interface.get("type")
    return _KEPT.index(type_) if type_ in _KEPT else len(_KEPT)


def _fewer(items: list[Any], over: int) -> list[Any]:
    """Without as many of the last as make up so many bytes."""
    count = len(items)
    while over > 0 and count:
        count -= 1
        over -= size_of(items[count]) + 2  # ", "
    return items[:count]
