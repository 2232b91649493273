"""Addresses, routes, neighbours and nexthop objects."""

from __future__ import annotations

from netkernel import settings
from netkernel.files import manager_of
from netkernel.link_local import is_kernel_made, is_link_local, made
from netkernel.ops import (
    AddAddress,
    AddClient,
    AddEndpoint,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    DeleteAddress,
    DeleteClient,
    DeleteEndpoint,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    SetAddress,
    SetLinkDns,
    WriteFile,
    WriteSysctl,
    is_set_in_place,
)
from netkernel.reconcile import order, rules
from netkernel.reconcile.world import Planning
from netkernel.records import (
    FOREVER,
    Address,
    File,
    Link,
    LinkDns,
    Nexthop,
    Route,
)
from netkernel.simulation.ip import depth, has_inet6, is_dynamic, speaks_ipv6


def remove(planning: Planning) -> None:
    """What is not wanted goes first: routes before the addresses they need."""
    world, target = planning.world, planning.target
    for client in list(world.clients.values()):
        if client not in target.clients:
            planning.do(DeleteClient(client))  # first of all, so that it puts nothing back
    for endpoint in list(world.endpoints.values()):
        if endpoint not in target.endpoints:
            planning.do(DeleteEndpoint(endpoint))
    if target.routes is not planning.before.routes:
        wanted_routes = set(target.routes)
        for route in sorted((each for each in world.routes if each not in wanted_routes), key=depth, reverse=True):
            if route in world.routes:
                planning.do(DeleteRoute(route))
    rules.remove(planning)
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
    wanted = {(each.key, each.peer): each for each in _wanted(planning, name)}
    for address in planning.world.addresses.get(name, ()):
        want = wanted.get((address.key, address.peer))
        if want is not None and address == want and _ends_otherwise(address, want, planning.exact):
            planning.do(SetAddress(want, address))
        if is_link_local(address) or address == want or address not in planning.world.addresses.get(name, ()):
            continue
        in_place = want is not None and not is_dynamic(address) and is_set_in_place(address, want)
        planning.do(SetAddress(want, address) if want is not None and in_place else DeleteAddress(address))


def _ends_otherwise(have: Address, want: Address, exact: bool) -> bool:
    """Whether its lifetimes have to be said anew. An undo does so for what would last longer than was left of it."""
    return any(
        (left_s == FOREVER) != (asked_s == FOREVER) or left_s > asked_s or (left_s < asked_s and not exact)
        for left_s, asked_s in ((have.valid_s, want.valid_s), (have.preferred_s, want.preferred_s))
    )


def _wanted(planning: Planning, name: str) -> tuple[Address, ...]:
    """The target's addresses of a link but for the link-local ones."""
    return tuple(each for each in planning.target.addresses.get(name, ()) if not is_link_local(each))


def add(planning: Planning) -> None:
    """What is missing, addresses first: gateways are reached through them."""
    world, target = planning.world, planning.target
    for name in planning.names():
        if name in world.links and name in target.links:
            _remove_addresses(planning, name)
            if planning.exact:
                order.make_room(planning, name)
            link_local(planning, name)
            _add_addresses(planning, name)
    for neighbour in target.neighbours:
        if neighbour.link in world.links and neighbour not in world.neighbours.get(neighbour.link, ()):
            planning.do(AddNeighbour(neighbour))
    for nexthop in sorted(target.nexthops, key=_is_group):
        base = world.links.get(nexthop.link)
        if nexthop.id not in world.nexthops and (not nexthop.link or (base is not None and base.up)):
            planning.do(AddNexthop(nexthop))
    if planning.exact and target.routes is not planning.before.routes:
        order.make_room_for_routes(planning)
    missing = [route for route in target.routes if route not in world.routes and not route.dynamic]
    for route in sorted(missing, key=depth):
        if all(link in world.links and world.links[link].up for link in route.links):
            planning.do(AddRoute(route, beside=_stood_beside_others(planning, route)))
    rules.add(planning)
    for client in target.clients:
        if world.clients.get(client.key) != client:
            planning.do(AddClient(client))
    for endpoint in target.endpoints:
        if endpoint.key not in world.endpoints and (not endpoint.link or endpoint.link in world.links):
            planning.do(AddEndpoint(endpoint))
    for path, value in target.sysctls.items():
        if world.sysctls.get(path) != value and _can_be_written(planning, path):
            planning.do(WriteSysctl(path, value, world.sysctls.get(path, "")))
    for path, file in target.files.items():
        if (had := world.files.get(path, File())) != file and not manager_of(path):
            planning.do(WriteFile(path, file, had))
    for name, wanted in target.resolver.items():
        if name in world.links and (had_dns := world.resolver.get(name, LinkDns())) != wanted:
            planning.do(SetLinkDns(name, wanted, had_dns))


def _can_be_written(planning: Planning, path: str) -> bool:
    """Whether the link that has the setting is there, and with IPv6 where it is about that."""
    name = settings.link_of(path)
    link = planning.world.links.get(name)
    return not name or (link is not None and (has_inet6(link) or not path.startswith(settings.IPV6)))


def _stood_beside_others(planning: Planning, route: Route) -> bool:
    """Whether the kernel held routes of the same key, which somebody appended; nobody asks us to make such."""
    if not planning.world.routes.same_slot(route):
        return False
    return planning.exact or route in planning.before.routes_to(route.destination)


def _add_addresses(planning: Planning, name: str) -> None:
    """IPv4 in the target's order; IPv6 last to first, because the kernel shows the newest first."""
    link = planning.world.links[name]
    wanted = [each for each in _wanted(planning, name) if not is_dynamic(each)]
    four = [each for each in wanted if each.family == 4]
    six = [each for each in reversed(wanted) if each.family == 6 and speaks_ipv6(link)]
    for address in (*four, *six):
        if address not in planning.world.addresses.get(name, ()):
            planning.do(AddAddress(address))


def link_local(planning: Planning, name: str) -> None:
    """The kernel makes one when a link comes up; after a change of MAC or mode it leaves it as it is, and we do not."""
    link, before = planning.world.links[name], planning.before.addresses.get(name, ())
    if not speaks_ipv6(link):
        return
    wanted = _wanted_link_local(planning, link)
    for address in [each for each in planning.world.addresses.get(name, ()) if is_link_local(each)]:
        if (name, address.ip) in planning.world.foretold:
            continue  # it comes with the carrier: deleted before that, it would not be there
        stale = address in before and not is_kernel_made(address, link)
        if address.ip not in {each.ip for each in wanted} and (stale or (planning.exact and wanted)):
            planning.do(DeleteAddress(address))
    present = {each.ip for each in planning.world.addresses.get(name, ())}
    for address in reversed(wanted):
        kernels = is_kernel_made(address, link)
        if address.ip not in present and not (kernels and not (link.up and _was_ready(planning, name))):
            planning.do(AddAddress(address))


def _was_ready(planning: Planning, name: str) -> bool:
    """Whether IPv6 has begun on the link: then the kernel makes no more addresses while it is up.

    On a link that is up without carrier it makes the first when carrier comes, maybe before our own could be added.
    """
    seen = planning.before.links.get(name)
    if seen is None:
        return False
    if planning.exact and seen.up:
        return True  # it had one and has none any more; nobody minds if it is the kernel's already
    return seen.carrier or any(map(is_link_local, planning.before.addresses.get(name, ())))


def _wanted_link_local(planning: Planning, link: Link) -> list[Address]:
    """The target's, where the kernel's own are those of the MAC and mode that the link has come to."""
    seen, want = planning.before.links.get(link.name), planning.target.links[link.name]
    wanted: list[Address] = []
    for address in planning.target.addresses.get(link.name, ()):
        if not is_link_local(address):
            continue
        kernels = is_kernel_made(address, want) or (seen and not planning.exact and is_kernel_made(address, seen))
        if not kernels or is_kernel_made(address, link):
            wanted.append(address)
        elif planning.world.kind_of(link.master) != "bond" and (fresh := made(link, address.protocol)) is not None:
            wanted.append(fresh)
    return wanted
