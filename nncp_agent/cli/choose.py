"""Part of a state: some interfaces and the routes that leave by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from nncp_agent.model import Interface, NetworkState, RouteEntry, Routes


def only(state: NetworkState, wanted: Callable[[Interface], bool]) -> NetworkState:
    """The interfaces that are wanted, and their routes."""
    interfaces = tuple(each for each in state.interfaces or () if wanted(each))
    names = {each.name for each in interfaces}

    def of_them(routes: tuple[RouteEntry, ...] | None) -> tuple[RouteEntry, ...]:
        return tuple(each for each in routes or () if each.next_hop_interface in names)

    routes = state.routes and Routes(running=of_them(state.routes.running), config=of_them(state.routes.config))
    return msgspec.structs.replace(state, interfaces=interfaces, routes=routes)


def matches(interface: Interface, text: str) -> bool:
    """Whether `text` is part of its name, one of its addresses or a MAC; case does not matter, nor `-` for `:`."""
    text = text.lower()
    macs = (interface.mac_address, interface.permanent_mac_address)
    return (
        text in interface.name.lower()
        or any(text in address for address in addresses(interface))
        or any(text.replace("-", ":") in mac.lower() for mac in macs if mac)
    )


def addresses(interface: Interface) -> Iterator[str]:
    """IP/PREFIX, IPv4 first."""
    for stack in (interface.ipv4, interface.ipv6):
        for address in (stack.address if stack else None) or ():
            yield f"{address.ip}/{address.prefix_length}"
