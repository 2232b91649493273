"""Routes a policy states: well formed, and leaving by an interface that will be there, up and with that family."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.kinds import KINDS
from nncp_agent.model import Interface, RouteEntry, State
from nncp_agent.resolve import Resolved, kind_of
from nncp_agent.resolve.names import unknown
from nncp_agent.sections import routes
from nncp_agent.shown.routes import TYPES

THIS_NETWORK: Final = ipaddress.ip_network("0.0.0.0/8")


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Everything wrong with the policy's routes."""
    for index, entry in enumerate(resolved.routes):
        path = f"routes.config[{index}]"
        malformed = [*_malformed(entry, path)] if entry.state is not State.IGNORE else []
        yield from malformed
        if not malformed and routes.is_wanted(entry):
            yield from _way_out(entry, f"{path}.next-hop-interface", resolved, before)


def _malformed(entry: RouteEntry, path: str) -> Iterator[Problem]:
    family = _family(entry.destination)
    if entry.destination and family is None:
        yield Problem(f"{path}.destination", f"wanted a network such as 198.51.100.0/24, found {entry.destination!r}")
    for key, value in (("next-hop-address", entry.next_hop_address), ("source", entry.source)):
        own = _address_family(value)
        if value and own is None:
            yield Problem(f"{path}.{key}", f"wanted an IP address, found {value!r}")
        elif own is not None and family is not None and own != family:
            yield Problem(f"{path}.{key}", f"wanted an IPv{family} address like the destination, found {value}")
    if entry.route_type is not None and entry.route_type not in TYPES:
        yield Problem(f"{path}.route-type", f"wanted one of {', '.join(TYPES)}, found {entry.route_type!r}")
    if entry.state is State.ABSENT:
        return
    if entry.state not in (None, State.UP):
        yield Problem(f"{path}.state", f"wanted absent, ignore or nothing, found {entry.state}")
    if not entry.destination:
        yield Problem(f"{path}.destination", "wanted: where does the route lead to?")
    yield from _impossible(entry, path, family)


def _impossible(entry: RouteEntry, path: str, family: int | None) -> Iterator[Problem]:
    if entry.route_type is not None:
        if entry.next_hop_interface not in (None, "", "lo"):
            yield Problem(f"{path}.next-hop-interface", f"a {entry.route_type} route leaves by no interface")
        if entry.next_hop_address:
            yield Problem(f"{path}.next-hop-address", f"a {entry.route_type} route has no next hop")
    elif not entry.next_hop_interface:
        yield Problem(f"{path}.next-hop-interface", "wanted: which interface does the route leave by?")
    if entry.weight is not None and family == 6:
        yield Problem(f"{path}.weight", "IPv6 routes take no weight; equal-cost ones need none")
    if entry.cwnd == 0:
        yield Problem(f"{path}.cwnd", "wanted 1 or more, found 0")
    if entry.metric is not None and not -1 <= entry.metric < 2**32:
        yield Problem(f"{path}.metric", f"wanted 0 to {2**32 - 1}, or -1 for the default, found {entry.metric}")
    if family == 4 and entry.route_type is None:
        network = ipaddress.IPv4Network(entry.destination or "0.0.0.0/0", strict=False)
        if network.prefixlen and network.subnet_of(THIS_NETWORK):  # type: ignore[arg-type]  # both are IPv4
            yield Problem(f"{path}.destination", "0.0.0.0/8 is no destination (RFC 1122 section 3.2.1.3)")


def _way_out(entry: RouteEntry, path: str, resolved: Resolved, before: Host) -> Iterator[Problem]:
    name, family = entry.next_hop_interface or "", _family(entry.destination)
    if entry.route_type is not None:
        return
    wanted = resolved.wanted.get(name) or resolved.asked.get(name)
    if name in resolved.gone or (wanted is not None and wanted.state is State.ABSENT):
        yield Problem(path, f"{name} is absent by the same policy")
    elif name not in resolved.merged:
        yield Problem(path, unknown(name, resolved.merged))
    elif not _is_there_unchanged(entry, wanted, before):
        merged = resolved.merged[name]
        stack = merged.ipv6 if family == 6 else merged.ipv4
        if _is_ignored(name, resolved):
            yield Problem(path, f"{name} is ignored: a route over it cannot be asked for")
        elif merged.state is State.DOWN:
            yield Problem(path, f"{name} is down")
        elif merged.controller and _is_bare(merged.controller, resolved, before):
            yield Problem(path, f"{name} is a port of {merged.controller}: the route leaves by {merged.controller}")
        elif stack is None or stack.enabled is not True:
            yield Problem(path, f"IPv{family} is disabled on {name}")


def _is_ignored(name: str, resolved: Resolved) -> bool:
    """By this policy, or by an earlier one while this one is silent. Links of kinds nobody manages are not meant."""
    if name in resolved.asked:
        return resolved.asked[name].state is State.IGNORE
    seen = resolved.present.get(name)
    return seen is not None and seen.state is State.IGNORE and seen.type in KINDS


def _is_bare(controller: str, resolved: Resolved, before: Host) -> bool:
    if controller not in resolved.merged:
        return False
    return not kind_of(resolved.merged[controller], before.links.get(controller)).ports_hold_ip


def _is_there_unchanged(entry: RouteEntry, wanted: Interface | None, before: Host) -> bool:
    """A route the host has already, on a link to whose addresses the policy does nothing."""
    leg = routes.leg(entry)
    link = before.links.get(leg.link)
    if link is None:
        return False
    if wanted is not None and (
        link.up != (wanted.state in (None, State.UP)) or wanted.controller not in (None, link.master)
    ):
        return False
    stack = None if wanted is None else wanted.ipv6 if leg.family == 6 else wanted.ipv4
    had = any(each.family == leg.family for each in before.addresses.get(leg.link, ()))
    if stack is not None and had and (stack.enabled is False or stack.address == ()):
        return False
    there = before.routes_to(leg.destination)
    return any(leg.is_like(each) for route in there if leg.link in route.links for each in routes.legs(route))


def _family(destination: str | None) -> int | None:
    try:
        return ipaddress.ip_network(destination or "", strict=False).version
    except ValueError:
        return None


def _address_family(text: str | None) -> int | None:
    try:
        return ipaddress.ip_address(text or "").version
    except ValueError:
        return None
