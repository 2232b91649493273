"""What a later policy takes from an earlier one without saying so: what is remembered must be able to come back.

A NIC that becomes a bridge's port loses its addresses and routes; whoever put both policies into one would leave them
out. Remembered, they would be refused at boot, and with them everything they are connected to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from nncp_agent.kinds import KINDS
from nncp_agent.kinds.base import Kind
from nncp_agent.model import Interface, RouteEntry, State


def possible(interfaces: Iterable[Interface], stated: Mapping[str, Interface]) -> list[Interface]:
    """`interfaces`, of which the last policy said those in `stated`, less what that policy made impossible."""
    interfaces = list(interfaces)
    ports = _bare_ports(interfaces)
    down = _down(interfaces, stated)
    return [_possible(iface, ports, down) for iface in interfaces]


def routes(entries: Iterable[RouteEntry], interfaces: Iterable[Interface]) -> Iterator[RouteEntry]:
    """The routes that can be, with these interfaces."""
    interfaces = list(interfaces)
    ports = _bare_ports(interfaces)
    closed = {(name, family) for iface in interfaces for family in (4, 6) if _is_closed(iface, family, ports)
              for name in (iface.name, iface.profile_name)}  # fmt: skip
    for entry in entries:
        if entry.route_type or (entry.next_hop_interface, 6 if ":" in (entry.destination or "") else 4) not in closed:
            yield entry


def _possible(iface: Interface, ports: set[str], down: set[str]) -> Interface:
    kind = _kind(iface)
    if iface.name in down:
        iface = replace(iface, state=State.DOWN)
    if iface.name in ports or iface.profile_name in ports:
        iface = replace(iface, ipv4=None, ipv6=None)
    if kind is not None and (listed := kind.ports(iface)) is not None:
        iface = replace(iface, config=kind.with_ports(iface.config, listed))
    return iface


def _bare_ports(interfaces: list[Interface]) -> set[str]:
    """Everything that is a port of what takes its ports' addresses away, by the names that policies use."""
    controllers = {iface.name: kind for iface in interfaces if (kind := _kind(iface)) is not None and kind.takes_ports}
    listed = {
        port
        for iface in interfaces
        if (kind := controllers.get(iface.name)) and not kind.ports_hold_ip and iface.state is not State.DOWN
        for port in kind.ports(iface) or ()
    }
    said = {
        iface.name
        for iface in interfaces
        if iface.controller and ((kind := controllers.get(iface.controller)) is None or not kind.ports_hold_ip)
    }
    return listed | said


def _down(interfaces: list[Interface], stated: Mapping[str, Interface]) -> set[str]:
    """What went down with what it sits on, and what is down already."""
    down = {iface.name for iface in interfaces if iface.state is State.DOWN}
    above: dict[str, list[str]] = {}
    for iface in interfaces:
        kind = _kind(iface)
        for below in kind.below(iface) if kind is not None and iface.name not in stated else ():
            above.setdefault(below, []).append(iface.name)
    queue = [*down]
    while queue:
        for name in above.get(queue.pop(), ()):
            if name not in down:
                down.add(name)
                queue.append(name)
    return down


def _is_closed(iface: Interface, family: int, ports: set[str]) -> bool:
    stack = iface.ipv4 if family == 4 else iface.ipv6
    return (
        iface.state in (State.DOWN, State.IGNORE)
        or not ports.isdisjoint({iface.name, iface.profile_name})
        or (stack is not None and stack.enabled is False)
    )


def _kind(iface: Interface) -> Kind | None:
    return KINDS.get(iface.type or "")
