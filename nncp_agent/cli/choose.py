"""Part of a state: some interfaces, the routes that leave by them, and the rules of those routes' tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nncp_agent.shown.base import Tree


def only(state: Tree, wanted: Callable[[Tree], bool]) -> Tree:
    """The interfaces that are wanted, their routes, and the rules that lead to these."""
    interfaces = [each for each in state["interfaces"] if wanted(each)]
    names = {each["name"] for each in interfaces}
    routes = {
        key: [each for each in entries if each.get("next-hop-interface") in names]
        for key, entries in state["routes"].items()
    }
    tables = {each["table-id"] for entries in routes.values() for each in entries}
    rules = [each for each in state["route-rules"]["config"] if each.get("route-table") in tables]
    return {"interfaces": interfaces, "routes": routes, "route-rules": {"config": rules}}


def matches(interface: Tree, text: str) -> bool:
    """Whether `text` is part of its name, one of its addresses or a MAC; case does not matter, nor `-` for `:`."""
    text = text.lower()
    macs = (interface.get("mac-address"), interface.get("permanent-mac-address"))
    return (
        text in interface["name"].lower()
        or any(text in address for address in _addresses(interface))
        or any(text.replace("-", ":") in mac.lower() for mac in macs if mac)
    )


def _addresses(interface: Tree) -> Iterator[str]:
    for family in ("ipv4", "ipv6"):
        for address in interface[family].get("address", ()):
            yield f"{address['ip']}/{address['prefix-length']}"
