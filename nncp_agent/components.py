"""Parts of a policy that have nothing to do with each other, and what of a part the links there are allow. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from netkernel.ethtool import PEERS
from netkernel.host import Host
from nncp_agent.identity import Links, known_by
from nncp_agent.ip import expires
from nncp_agent.kinds import KINDS
from nncp_agent.kinds.base import Kind
from nncp_agent.model import Interface, NetworkState, RouteEntry, Routes, State


def components(wanted: NetworkState) -> tuple[NetworkState, ...]:
    """`wanted` in parts that share no port, base, controller or route, each in the order in which it was stated."""
    groups = _Groups()
    for interface in wanted.interfaces or ():
        groups.join((interface.name, interface.profile_name or interface.name, *related(interface)))
    routes = (wanted.routes.config if wanted.routes else None) or ()
    for destination in _by_destination(routes):
        groups.join([route.next_hop_interface or "" for route in destination])
    interfaces_of: defaultdict[str, list[Interface]] = defaultdict(list)
    routes_of: defaultdict[str, list[RouteEntry]] = defaultdict(list)
    for interface in wanted.interfaces or ():
        interfaces_of[groups.root(interface.name)].append(interface)
    for route in routes:
        routes_of[groups.root(route.next_hop_interface or "")].append(route)
    parts = [_state(interfaces_of[root], routes_of[root]) for root in dict.fromkeys((*interfaces_of, *routes_of))]
    alone = (  # they need no link
        NetworkState(route_rules=wanted.route_rules),
        NetworkState(hostname=wanted.hostname),
        NetworkState(dns_resolver=wanted.dns_resolver),
    )
    return (*parts, *(part for part in alone if part != NetworkState()))


def possible(part: NetworkState, host: Host) -> tuple[NetworkState, frozenset[str]]:
    """What of `part` can be made with the links of `host`, and the names of those it lacks.

    Controllers come up with the ports that exist; what sits on something missing, and routes through it, wait for it.
    """
    interfaces = part.interfaces or ()
    made = {name for interface in interfaces for name in makes(interface)}
    there = made | _names(host)
    links = Links(host)
    there |= {each.name for each in interfaces if known_by(each)[0] and links.candidates(each)}
    there |= {each.profile_name for each in interfaces if each.profile_name and each.name in there}
    missing = {each.name for each in interfaces if each.name not in there}
    missing |= {name for each in interfaces for name in related(each) if name not in there}
    missing -= {each.name for each in interfaces if each.state in (State.ABSENT, State.IGNORE)}
    nowhere = {each.name: where for each in interfaces if (where := _lacks_namespace(each, host))}
    lacking = frozenset({*missing, *(f"network namespace {where}" for where in nowhere.values())})
    missing |= nowhere.keys()
    while more := {each.name for each in interfaces if each.name not in missing and missing & {*_below(each)}}:
        missing |= more
    kept = [_unexpired(_without(each, missing), host) for each in interfaces if each.name not in missing]
    routes = [route for route in _config(part) if route.next_hop_interface not in missing]
    return replace(part, interfaces=tuple(kept), routes=Routes(config=tuple(routes)) if routes else None), lacking


def _unexpired(interface: Interface, host: Host) -> Interface:
    """Without the addresses whose lifetime has ended with the machine, or before: it began when they were asked for."""
    there = {each.ip for each in host.addresses.get(interface.name, ())}
    changes = {
        family: replace(stack, address=tuple(each for each in stack.address if each.ip in there or not expires(each)))
        for family in ("ipv4", "ipv6")
        if (stack := getattr(interface, family)) is not None and any(map(expires, stack.address or ()))
    }
    return replace(interface, **changes) if changes else interface


def needed(parts: Iterable[NetworkState]) -> frozenset[str]:
    """The parts of a host (`Host.also`) without which nobody can tell what is possible."""
    interfaces = (each for part in parts for each in part.interfaces or ())
    return frozenset({PEERS} if any(getattr(each.config, "peer_netns", None) for each in interfaces) else ())


def _lacks_namespace(interface: Interface, host: Host) -> str:
    """The network namespace that it is to be joined to and that is not there yet, or ""."""
    where = getattr(interface.config, "peer_netns", None)
    if not where or interface.name in host.links or interface.state not in (None, State.UP):
        return ""
    return "" if where in host.namespaces else str(where)


class _Groups:
    """Names that belong together (disjoint sets)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        while (parent := self._parent.setdefault(name, name)) != name:
            self._parent[name] = name = self._parent.setdefault(parent, parent)
        return name

    def join(self, names: Iterable[str]) -> None:
        first, *others = [self.root(name) for name in names]
        for other in others:
            self._parent[self.root(other)] = self.root(first)


def _by_destination(routes: Iterable[RouteEntry]) -> Iterator[list[RouteEntry]]:
    """Legs of one route belong together."""
    groups: defaultdict[object, list[RouteEntry]] = defaultdict(list)
    for route in routes:
        groups[route.destination, route.table_id, route.metric].append(route)
    yield from groups.values()


def _kind(interface: Interface) -> Kind | None:
    return KINDS.get(interface.type or "")


def _below(interface: Interface) -> tuple[str, ...]:
    """What must exist for it to exist."""
    kind = _kind(interface)
    return kind.below(interface) if kind and interface.state is not State.ABSENT else ()


def _ports(interface: Interface) -> tuple[str, ...]:
    kind = _kind(interface)
    return (kind.ports(interface) or ()) if kind and interface.state is not State.ABSENT else ()


def related(interface: Interface) -> tuple[str, ...]:
    """The links it speaks of: its base, ports, controller, and whose MAC it copies."""
    others = (*_below(interface), *_ports(interface), interface.controller, interface.copy_mac_from)
    return tuple(name for name in others if name)


def makes(interface: Interface) -> tuple[str, ...]:
    """The links that there are when it is."""
    kind = _kind(interface)
    if kind is None or not kind.is_virtual:
        return ()
    return (interface.name, *(partner.name for partner in kind.partners(interface)))


def _names(host: Host) -> set[str]:
    return {name for link in host.links.values() for name in (link.name, *link.altnames)}


def _without(interface: Interface, missing: set[str]) -> Interface:
    kind = _kind(interface)
    ports = _ports(interface)
    if kind and missing & {*ports}:
        kept = [port for port in ports if port not in missing]
        interface = replace(interface, config=kind.with_ports(interface.config, kept))
    if interface.controller in missing:
        interface = replace(interface, controller=None)
    return replace(interface, copy_mac_from=None) if interface.copy_mac_from in missing else interface


def _config(state: NetworkState) -> tuple[RouteEntry, ...]:
    return (state.routes.config if state.routes else None) or ()


def _state(interfaces: Iterable[Interface], routes: Iterable[RouteEntry]) -> NetworkState:
    config = tuple(routes)
    return NetworkState(interfaces=tuple(interfaces), routes=Routes(config=config) if config else None)
