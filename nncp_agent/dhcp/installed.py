"""A lease on a host: which address and routes it makes, and the ops that put them there or take them off."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import AddAddress, AddRoute, DeleteAddress, DeleteRoute, Op, SetAddress
from netkernel.records import MAIN_TABLE, Address, Hop, Route
from nncp_agent.dhcp.lease import DEFAULT, Lease
from nncp_agent.dhcp.settings import OWN_METRIC, Settings

BY_DHCP: Final = 16
"""RTPROT_DHCP (linux/rtnetlink.h)."""
LONGEST_S: Final = 0xFFFFFFFE
"""A lifetime of 136 years: an address from DHCP has one, also when its lease is for ever, and so it can be told."""
_ON_LINK: Final = 253
"""RT_SCOPE_LINK."""
_NO_PREFIX_ROUTE: Final = 0x200
"""IFA_F_NOPREFIXROUTE (linux/if_addr.h)."""
_GATEWAY_IS_HERE: Final = 0x4
"""RTNH_F_ONLINK: the gateway is on the link, whatever the address's network says."""


def address(lease: Lease, link: str, settings: Settings, now_s: float) -> Address:
    """The lease's address, with what is left of its time."""
    left_s = LONGEST_S if lease.ends_s == math.inf else max(math.ceil(lease.ends_s - now_s), 1)
    own = IPv4Interface(f"{lease.ip}/{lease.prefix}")
    broadcast = lease.broadcast or (str(own.network.broadcast_address) if lease.prefix < 31 else "")
    return Address(
        link, lease.ip, lease.prefix, broadcast=broadcast, flags=_NO_PREFIX_ROUTE if settings.table else 0,
        metric=_metric(settings), valid_s=left_s, preferred_s=left_s,
    )  # fmt: skip


def routes(lease: Lease, link: str, settings: Settings, host: Host) -> tuple[Route, ...]:
    """The lease's routes as far as they are wanted, with a metric at which nobody else on the host has the same."""
    found: dict[tuple[str, str], Route] = {}
    network = IPv4Interface(f"{lease.ip}/{lease.prefix}").network
    if settings.table:
        found[str(network), ""] = _route(str(network), "", lease, link, settings)
    for destination, gateway in lease.routes if settings.routes else ():
        if (destination == DEFAULT and not settings.gateway) or not _is_possible(destination):
            continue
        via = "" if gateway in ("0.0.0.0", lease.ip) else gateway
        is_odd = bool(via) and IPv4Address(via) not in network
        found.setdefault((destination, via), _route(destination, via, lease, link, settings, is_odd))
    others = {_slot(each) for each in host.routes if not is_ours(each, link)}
    return tuple([_beside(each, others) for each in found.values()])


def put(lease: Lease, link: str, settings: Settings, host: Host, now_s: float) -> Iterator[Op]:
    """The ops that make the host hold the lease, whatever it held of it or of an earlier one."""
    wanted, present = address(lease, link, settings, now_s), host.addresses.get(link, ())
    same = next((each for each in present if each.key == wanted.key and each.peer == ""), None)
    kept = routes(lease, link, settings, host)
    yield from _removed(link, host, kept, keep=wanted.key)
    if same is None:
        yield AddAddress(wanted)
    elif same.flags != wanted.flags:
        yield DeleteAddress(same)
        yield AddAddress(wanted)
    else:
        yield SetAddress(wanted, same)
    missing = [each for each in kept if each not in host.routes or same is None or same.flags != wanted.flags]
    yield from (AddRoute(each) for each in sorted(missing, key=_depth))


def removed(link: str, host: Host) -> Iterator[Op]:
    """The ops that take everything of any lease off the link."""
    yield from _removed(link, host, (), keep=None)


def is_ours(route: Route, link: str) -> bool:
    """Whether DHCP put it over this link."""
    return route.protocol == BY_DHCP and route.family == 4 and link in route.links


def is_lent(each: Address) -> bool:
    """Whether it is an address from DHCP."""
    return each.family == 4 and each.valid_s <= LONGEST_S


def _removed(link: str, host: Host, kept: Collection[Route], keep: tuple[str, str, int] | None) -> Iterator[Op]:
    for route in sorted((each for each in host.routes if is_ours(each, link)), key=_depth, reverse=True):
        if route not in kept:
            yield DeleteRoute(route)
    for each in host.addresses.get(link, ()):
        if is_lent(each) and each.key != keep:
            yield DeleteAddress(each)


def _route(destination: str, via: str, lease: Lease, link: str, settings: Settings, is_odd: bool = False) -> Route:
    return Route(
        destination, (Hop(link, via, flags=_GATEWAY_IS_HERE if is_odd else 0),), settings.table or MAIN_TABLE,
        _metric(settings), protocol=BY_DHCP, scope=0 if via else _ON_LINK, source=lease.ip,
    )  # fmt: skip


def _metric(settings: Settings) -> int:
    return OWN_METRIC if settings.metric is None else settings.metric


def _beside(route: Route, others: Collection[tuple[int, str, int, int]]) -> Route:
    while _slot(route) in others:
        route = replace(route, metric=route.metric + 1)
    return route


def _slot(route: Route) -> tuple[int, str, int, int]:
    return route.table, route.destination, route.tos, route.metric


def _is_possible(destination: str) -> bool:
    network = IPv4Network(destination)
    is_this_network = network.network_address.packed[0] == 0 and network.prefixlen > 0
    return not (network.is_loopback or network.is_multicast or is_this_network)


def _depth(route: Route) -> int:
    """What is on the link comes before what is behind a gateway that it may lead to."""
    return sum(bool(hop.gateway) for hop in route.hops)
