"""Addresses, routes, neighbours and nexthop objects: net/ipv4/devinet.c, fib_*.c, net/ipv6/addrconf.c, route.c."""

from __future__ import annotations

import errno
import ipaddress
from functools import lru_cache
from typing import Final

from netkernel import devconf
from netkernel.frozen import replace
from netkernel.link_local import (
    HOST_SCOPE,
    KERNEL_LINK_LOCAL,
    LINK_SCOPE,
    compatible,
    is_kernel_made,
    is_link_local,
    made,
)
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    DeleteAddress,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    SetAddress,
    is_set_in_place,
)
from netkernel.records import FOREVER, Address, Link, Nexthop, Route
from netkernel.simulation.world import SMALLEST_IPV6_MTU, World, refuse

SECONDARY: Final = 0x01
_LOOPBACK: Final = 772  # ARPHRD_LOOPBACK
"""IFA_F_SECONDARY for IPv4; the same bit is IFA_F_TEMPORARY for IPv6 (linux/if_addr.h)."""
ROUTER_MADE: Final = 2
"""IFAPROT_KERNEL_RA (linux/if_addr.h): autoconfigured from a router advertisement."""


def is_dynamic(address: Address) -> bool:
    """Whether only the kernel can bring it back: a temporary address or one a router's advertisement made."""
    if address.family == 4:
        return False
    return bool(address.state & SECONDARY) or (address.protocol == ROUTER_MADE and address.valid_s != FOREVER)


def has_inet6(link: Link) -> bool:
    """Whether the link has IPv6 at all (disabled or not)."""
    return link.mtu >= SMALLEST_IPV6_MTU or "mtu" not in link.attrs


def speaks_ipv6(link: Link) -> bool:
    """Whether IPv6 addresses can be added to it."""
    return has_inet6(link) and not devconf.get(link.conf6, "disable_ipv6")


def listens_to_routers(link: Link) -> bool:
    """Whether it takes router advertisements (ipv6_accept_ra), without which it has no token either."""
    accept = devconf.get(link.conf6, "accept_ra") or 0
    forwards = bool(devconf.get(link.conf6, "forwarding"))
    is_deaf = link.type == _LOOPBACK or devconf.get(link.conf6, "router_solicitations") == 0
    return has_inet6(link) and not is_deaf and (accept == 2 if forwards else accept > 0)


def add_address(world: World, op: AddAddress) -> None:
    """Raises KernelRefused: ENODEV, EEXIST, EACCES (IPv6 is off), EINVAL (no IPv6 below 1280)."""
    address = op.address
    link = world.links.get(address.link) or refuse(op, errno.ENODEV)
    present = world.addresses.get(address.link, ())
    if address.family == 6:
        if not has_inet6(link):
            refuse(op, errno.EINVAL)
        if devconf.get(link.conf6, "disable_ipv6"):
            refuse(op, errno.EACCES, "IPv6 is disabled on this device")
        if is_link_local(address):
            present = tuple(each for each in present if each.ip != address.ip)
        elif any(each.ip == address.ip for each in present):
            refuse(op, errno.EEXIST, "address already assigned")
    elif any(_same_place(each, address) and each.ip == address.ip for each in present):
        refuse(op, errno.EEXIST, "Address already assigned")
    world.addresses[address.link] = _with(present, address)
    world.foretold.discard((address.link, address.ip))
    world.touched.add(address.link)


def set_address(world: World, op: SetAddress) -> None:
    """Raises KernelRefused: ENODEV, ENOENT."""
    if op.new.link not in world.links:
        refuse(op, errno.ENODEV)
    present = world.addresses.get(op.new.link, ())
    held = next((each for each in present if each.key == op.new.key and each.peer == op.new.peer), None)
    if held is None:
        refuse(op, errno.ENOENT)
    if is_set_in_place(held, op.new):
        new = replace(op.new, state=held.state)
        world.addresses[op.new.link] = tuple(new if each is held else each for each in present)
    world.touched.add(op.new.link)


def _with(present: tuple[Address, ...], new: Address) -> tuple[Address, ...]:
    """In the kernel's order: IPv4 primaries before secondaries, IPv6 by scope with the newest first."""
    if new.family == 4:
        primaries = [each for each in present if each.family == 4 and not each.state & SECONDARY]
        if any(_same_place(each, new) for each in primaries):
            new = replace(new, state=new.state | SECONDARY)
            return (*_family(present, 4), new, *_family(present, 6))
        new = replace(new, state=new.state & ~SECONDARY)
        at = max((place + 1 for place, each in enumerate(present) if each in primaries), default=0)
        return (*present[:at], new, *present[at:])
    wider = [each for each in _family(present, 6) if is_link_local(new) and not is_link_local(each)]
    narrower = [each for each in _family(present, 6) if each not in wider]
    return (*_family(present, 4), *wider, new, *narrower)


def _family(addresses: tuple[Address, ...], family: int) -> tuple[Address, ...]:
    return tuple(each for each in addresses if each.family == family)


def _same_place(one: Address, other: Address) -> bool:
    """IPv4: the same subnet (of the peer, where there is one) with the same prefix length."""
    return one.family == 4 == other.family and one.prefix == other.prefix and _subnet(one) == _subnet(other)


def _subnet(address: Address) -> int:
    return _network(address.peer or address.ip, address.prefix)


@lru_cache(maxsize=16384)
def _network(ip: str, prefix: int) -> int:
    return int(ipaddress.IPv4Address(ip)) >> (32 - prefix) if prefix else 0


def delete_address(world: World, op: DeleteAddress) -> None:
    """Takes secondaries and routes with it. Raises KernelRefused: ENODEV, EADDRNOTAVAIL."""
    address = op.address
    if address.link not in world.links:
        refuse(op, errno.ENODEV)
    present = world.addresses.get(address.link, ())
    held = next((each for each in present if each.key == address.key and each.peer == address.peer), None)
    if held is None:
        refuse(op, errno.EADDRNOTAVAIL, "Address not found" if address.family == 4 else "address not found")
    world.touched.add(address.link)
    if held.family == 6:
        world.addresses[address.link] = tuple(each for each in present if each is not held)
        _routes_lose_source(world, held.ip)
        return
    gone = [held]
    if not held.state & SECONDARY:
        gone += [each for each in present if each.state & SECONDARY and _same_place(each, held)]
        world.lost += [DeleteAddress(each) for each in reversed(gone[1:])]
    left = tuple(each for each in present if each not in gone)
    world.addresses[address.link] = left
    routes = [
        route
        for each in gone
        if (theirs := world.routes.with_source(each.ip)) and not _is_held(world, each.ip)
        for route in theirs
    ]
    if not _family(left, 4):
        routes += _over(world, address.link, 4, whole=True)
        lose_neighbours(world, address.link, 4)
    _lose_routes(world, routes)


def _is_held(world: World, ip: str) -> bool:
    return any(each.ip == ip for addresses in world.addresses.values() for each in addresses)


def _routes_lose_source(world: World, ip: str) -> None:
    """IPv6 routes stay but forget their source; named as lost, they are put back with it."""
    if not (routes := world.routes.with_source(ip)) or _is_held(world, ip):
        return
    _lose_routes(world, routes)


def give_link_local(world: World, name: str) -> None:
    """What the kernel does when IPv6 begins on an up link: one address by EUI-64, if that is the mode; ::1 on lo."""
    link = world.links[name]
    present = world.addresses.get(name, ())
    if link.type == _LOOPBACK and link.up and has_inet6(link) and not devconf.get(link.conf6, "disable_ipv6"):
        if not any(each.ip == "::1" for each in present):
            world.addresses[name] = _with(present, Address(name, "::1", 128, scope=254, protocol=1))
        return
    if not link.up or not has_inet6(link) or devconf.get(link.conf6, "disable_ipv6"):
        return
    if world.kind_of(link.master) == "bond" or any(is_kernel_made(each, link) for each in present):
        return
    if link.kind == "sit" and not link.attrs.get("remote"):
        _give_compatible(world, link)
    elif (address := made(link, KERNEL_LINK_LOCAL)) is not None:
        world.addresses[name] = _with(present, address)
        world.foretold.add((name, address.ip))


def _give_compatible(world: World, link: Link) -> None:
    """A sit tunnel to everybody has its local end's IPv4 address in ::/96, or those of all links that are up."""
    if local := str(link.attrs.get("local") or ""):
        found = [compatible(link, local, is_host=False)]
    else:
        ups = (each for name, these in world.addresses.items() if world.links[name].up for each in these)
        kept = (each for each in ups if each.family == 4 and each.scope != LINK_SCOPE)
        found = [compatible(link, each.ip, is_host=each.scope == HOST_SCOPE) for each in kept]
    for address in found:
        world.addresses[link.name] = _with(world.addresses.get(link.name, ()), address)


def lose_on_down(world: World, name: str) -> None:
    """A link that goes down: all its routes but the local ones, its IPv6 addresses, neighbours, nexthop objects."""
    _lose_routes(world, _over(world, name, 4) + _over(world, name, 6))
    lose_nexthops(world, name)
    lose_neighbours(world, name, 4)
    lose_inet6(world, name, keep=bool((devconf.get(world.links[name].conf6, "keep_addr_on_down") or 0) > 0))


def lose_on_delete(world: World, name: str) -> None:
    """A link that goes away (and is down already, as the kernel does it)."""
    _lose_routes(world, _over(world, name, 4, whole=True) + _over(world, name, 6, whole=True))
    _lose_addresses(world, name, world.addresses.get(name, ()))


def lose_inet6(world: World, name: str, keep: bool = False) -> None:
    """IPv6 ends on a link; `keep` spares the addresses without lifetime (net.ipv6.conf.LINK.keep_addr_on_down)."""
    _lose_routes(world, _over(world, name, 6))
    lose_neighbours(world, name, 6)
    gone = [
        each
        for each in world.addresses.get(name, ())
        if each.family == 6 and not (keep and each.valid_s == FOREVER and not is_link_local(each))
    ]
    _lose_addresses(world, name, gone)
    for each in gone:
        _routes_lose_source(world, each.ip)


def _lose_addresses(world: World, name: str, gone: list[Address] | tuple[Address, ...]) -> None:
    if not gone:
        return
    link = world.links[name]
    for each in reversed(gone):
        if is_dynamic(each):
            world.faded.append(each)
        elif not is_kernel_made(each, link) and (name, each.ip) not in world.foretold:
            world.lost.append(DeleteAddress(each))
    world.addresses[name] = tuple(each for each in world.addresses[name] if each not in gone)
    world.touched.add(name)


def _over(world: World, name: str, family: int, whole: bool = False) -> list[Route]:
    """Routes that end with the link: all their legs are down now, or (`whole`) any leg over it ends them."""

    def is_down(link: str) -> bool:
        return link == name or not (link in world.links and world.links[link].up)

    return [
        route
        for route in world.routes.on(name)
        if route.family == family and (whole or all(is_down(hop.link) for hop in route.hops))
    ]


def _lose_routes(world: World, routes: list[Route] | tuple[Route, ...]) -> None:
    for route in sorted(dict.fromkeys(routes), key=depth, reverse=True):
        if route not in world.routes:
            continue
        world.routes.remove(route)
        if route.dynamic:
            world.faded.append(route)
        else:
            world.lost.append(DeleteRoute(route))


def depth(route: Route) -> int:
    """Routes over a gateway need the one to the gateway: 0 comes first when adding, last when deleting."""
    return sum(bool(hop.gateway) for hop in route.hops[:1]) + bool(route.nexthop)


def lose_neighbours(world: World, name: str, family: int = 0) -> None:
    """All of a link, permanent ones too: so the kernel answers a change of its MAC (neigh_changeaddr)."""
    present = world.neighbours.get(name, {})
    for each in [each for each in present if family in (0, 6 if ":" in each.ip else 4)]:
        del present[each]
        world.lost.append(DeleteNeighbour(each))


def lose_nexthops(world: World, name: str) -> None:
    """Nexthop objects over the link, and the groups that had them; all their routes are named."""
    for nexthop in [each for each in world.nexthops.values() if each.link == name]:
        remove_nexthop(world, nexthop)
        world.lost.append(DeleteNexthop(nexthop))


def remove_nexthop(world: World, nexthop: Nexthop) -> None:
    """With its routes and the groups it was in, which are named: a group made again is like a group that shrank."""
    for group in [each for each in world.nexthops.values() if any(id == nexthop.id for id, _ in each.group)]:
        remove_nexthop(world, group)
        world.lost.append(DeleteNexthop(group))
    _lose_routes(world, world.routes.through(nexthop.id))
    del world.nexthops[nexthop.id]


def add_route(world: World, op: AddRoute) -> None:
    """Raises KernelRefused: ENODEV, EACCES, ENETDOWN, EINVAL, EEXIST.

    Whether a gateway can be reached is not asked: a route may outlive the address that reached its gateway, and where
    a policy is wrong the kernel's own words (ENETUNREACH) are the answer.
    """
    route = op.route
    links = [world.links.get(name) or refuse(op, errno.ENODEV) for name in route.links]
    if route.family == 6 and len(route.hops) > 1 and not all(hop.gateway for hop in route.hops):
        refuse(op, errno.EINVAL, "Device only routes can not be added for IPv6 using the multipath API.")
    for link in links:
        if route.family == 6 and not has_inet6(link):
            refuse(op, errno.ENODEV)
        if route.family == 6 and devconf.get(link.conf6, "disable_ipv6"):
            refuse(op, errno.EACCES, "IPv6 is disabled on nexthop device")
        if not link.up:
            refuse(op, errno.ENETDOWN, "Device for nexthop is not up")
    if route.source and not _has_source(world, route):
        refuse(op, errno.EINVAL, "Invalid source address" if route.family == 6 else "Invalid prefsrc address")
    if route.nexthop and route.nexthop not in world.nexthops:
        refuse(op, errno.EINVAL, "Nexthop id does not exist")
    if route in world.routes or (not op.beside and world.routes.same_slot(route)):
        refuse(op, errno.EEXIST)
    world.routes.add(route)


def _has_source(world: World, route: Route) -> bool:
    on_legs = (each for name in route.links for each in world.addresses.get(name, ()))
    return any(each.ip == route.source for each in on_legs) or _is_held(world, route.source)


def delete_route(world: World, op: DeleteRoute) -> None:
    """Raises KernelRefused: ENODEV, ESRCH."""
    if any(name not in world.links for name in op.route.links):
        refuse(op, errno.ENODEV)
    if op.route not in world.routes:
        refuse(op, errno.ESRCH)
    world.routes.remove(op.route)


def add_neighbour(world: World, op: AddNeighbour) -> None:
    """Raises KernelRefused: ENODEV, EEXIST."""
    neighbour = op.neighbour
    link = world.links.get(neighbour.link) or refuse(op, errno.ENODEV)
    if ":" in neighbour.ip and (not has_inet6(link) or devconf.get(link.conf6, "disable_ipv6")):
        refuse(op, errno.EINVAL, "IPv6 is disabled on this device")
    present = world.neighbours.setdefault(neighbour.link, {})
    if any(each.ip == neighbour.ip and each.flags == neighbour.flags for each in present):
        refuse(op, errno.EEXIST)
    present[neighbour] = None


def add_nexthop(world: World, op: AddNexthop) -> None:
    """Raises KernelRefused: EEXIST, ENODEV, ENETDOWN, EINVAL (a group of what is not there)."""
    nexthop = op.nexthop
    if nexthop.id in world.nexthops:
        refuse(op, errno.EEXIST)
    if nexthop.link:
        link = world.links.get(nexthop.link) or refuse(op, errno.ENODEV)
        if not link.up:
            refuse(op, errno.ENETDOWN, "Nexthop device is not up")
    if any(id not in world.nexthops for id, _ in nexthop.group):
        refuse(op, errno.EINVAL, "Invalid nexthop id")
    world.nexthops[nexthop.id] = nexthop
