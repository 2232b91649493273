"""Addresses, routes, rules, neighbours and nexthop objects."""

from __future__ import annotations

from netkernel import devconf
from netkernel.link_local import is_kernel_made, is_link_local, made
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    DeleteAddress,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    WriteSysctl,
)
from netkernel.reconcile_world import Planning
from netkernel.records import Address, Link, Nexthop
from netkernel.simulation.ip import depth, has_inet6, is_dynamic


def remove(planning: Planning) -> None:
    """What is not wanted goes first: routes before the addresses they need."""
    world, target = planning.world, planning.target
    if target.routes is not planning.before.routes:
        wanted_routes = set(target.routes)
        for route in sorted((each for each in world.routes if each not in wanted_routes), key=depth, reverse=True):
            if route in world.routes:
                planning.do(DeleteRoute(route))
    for rule in [each for each in world.rules if each not in target.rules]:
        planning.do(DeleteRule(rule))
    nexthops = set(target.nexthops)
    for nexthop in sorted(world.nexthops.values(), key=_is_group, reverse=True):
        if nexthop not in nexthops and nexthop.id in world.nexthops:
            planning.do(DeleteNexthop(nexthop))
    neighbours = set(target.neighbours)
    for neighbour in [each for these in list(world.neighbours.values()) for each in these if each not in neighbours]:
        planning.do(DeleteNeighbour(neighbour))
    for name in planning.names():
        if name in world.links and name in target.links:
            _remove_addresses(planning, name)


def _is_group(nexthop: Nexthop) -> bool:
    return bool(nexthop.group)


def _remove_addresses(planning: Planning, name: str) -> None:
    wanted = _wanted(planning, name)
    link = planning.world.links[name]
    for address in planning.world.addresses.get(name, ()):
        if address in wanted or is_kernel_made(address, link) or address not in planning.world.addresses.get(name, ()):
            continue
        planning.do(DeleteAddress(address))


def _wanted(planning: Planning, name: str) -> tuple[Address, ...]:
    """The target's addresses of a link, without link-local ones that its new MAC or mode has overtaken."""
    want, seen = planning.target.links[name], planning.before.links.get(name)
    return tuple(
        address
        for address in planning.target.addresses.get(name, ())
        if not (is_link_local(address) and seen is not None and _is_overtaken(address, seen, want))
    )


def _is_overtaken(address: Address, seen: Link, want: Link) -> bool:
    return is_kernel_made(address, seen) and not is_kernel_made(address, want)


def add(planning: Planning) -> None:
    """What is missing, addresses first: gateways are reached through them."""
    world, target = planning.world, planning.target
    for name in planning.names():
        if name in world.links and name in target.links:
            _remove_addresses(planning, name)
            _add_addresses(planning, name)
    for neighbour in target.neighbours:
        if neighbour not in world.neighbours.get(neighbour.link, ()):
            planning.do(AddNeighbour(neighbour))
    for nexthop in sorted(target.nexthops, key=_is_group):
        if nexthop.id not in world.nexthops and (not nexthop.link or world.links[nexthop.link].up):
            planning.do(AddNexthop(nexthop))
    missing = [route for route in target.routes if route not in world.routes and not route.dynamic]
    for route in sorted(missing, key=depth):
        if all(link in world.links and world.links[link].up for link in route.links):
            planning.do(AddRoute(route))
    for rule in target.rules:
        if rule not in world.rules:
            planning.do(AddRule(rule))
    for path, value in target.sysctls.items():
        if world.sysctls.get(path) != value:
            planning.do(WriteSysctl(path, value, world.sysctls.get(path, "")))


def _add_addresses(planning: Planning, name: str) -> None:
    """IPv4 in the target's order; IPv6 last to first, because the kernel shows the newest first."""
    link = planning.world.links[name]
    has6 = has_inet6(link) and not devconf.get(link.conf6, "disable_ipv6")
    wanted = [each for each in _wanted(planning, name) if not is_dynamic(each)]
    four = [each for each in wanted if each.family == 4]
    six = [each for each in reversed(wanted) if each.family == 6 and has6]
    for address in (*four, *six):
        present = planning.world.addresses.get(name, ())
        if address in present or (is_kernel_made(address, link) and any(address.ip == each.ip for each in present)):
            continue  # before Linux 5.18 the kernel's own have no IFA_PROTO
        if is_kernel_made(address, link) and not (link.up and _was_ready(planning, name)):
            continue  # the kernel makes it when the link comes up and has carrier
        planning.do(AddAddress(address))
    _renew_link_local(planning, name, has6)


def _was_ready(planning: Planning, name: str) -> bool:
    """Whether IPv6 has begun on the link, so that the kernel makes no more addresses there while it is up."""
    seen = planning.before.links.get(name)
    return seen is not None and (seen.carrier or _had_link_local(planning, seen))


def _had_link_local(planning: Planning, seen: Link) -> bool:
    return any(is_kernel_made(each, seen) for each in planning.before.addresses.get(seen.name, ()))


def _renew_link_local(planning: Planning, name: str, has6: bool) -> None:
    """After a change of MAC or mode the kernel leaves the old link-local address, and makes no new one while up."""
    link, seen = planning.world.links[name], planning.before.links.get(name)
    had = seen is not None and _had_link_local(planning, seen)
    present = planning.world.addresses.get(name, ())
    if not had or not has6 or not link.up or any(is_kernel_made(each, link) for each in present):
        return
    protocol = next((each.protocol for each in planning.before.addresses[name] if is_link_local(each)), 0)
    fresh = made(link, protocol)
    if fresh is not None and planning.world.kind_of(link.master) != "bond":
        planning.do(AddAddress(fresh))
