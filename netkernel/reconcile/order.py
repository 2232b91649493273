"""Order that means something to the kernel: which address of a link it speaks with, which of two equal routes it takes.

A policy's order alone is no difference. A host that has been before is to be as it was, and so is the order of what the
kernel only ever adds at one end: what should stand nearer to that end than something missing goes and comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from netkernel.link_local import is_link_local
from netkernel.ops import DeleteAddress, DeleteRoute
from netkernel.reconcile.world import Planning
from netkernel.records import Address, Route
from netkernel.simulation.ip import SECONDARY, is_dynamic, speaks_ipv6
from netkernel.simulation.route_table import slot

T = TypeVar("T", Address, Route)


def make_room(planning: Planning, name: str) -> None:
    """Take away the addresses of a link before which others are still to come."""
    link, present = planning.world.links[name], planning.world.addresses.get(name, ())
    kept: set[Address] = set()
    wanted = [each for each in planning.target.addresses.get(name, ()) if _is_ours(each)]
    if wanted == [each for each in present if _is_ours(each)]:
        return
    for place in dict.fromkeys(map(_place, wanted)):
        asked, there = (
            [each for each in these if _is_ours(each) and _place(each) == place] for these in (wanted, present)
        )
        kept.update(_kept(asked, there) if place[0] == 4 else _kept(asked[::-1], there[::-1]))
    for address in [each for each in wanted if each.family == 4 or speaks_ipv6(link)]:
        if address not in kept and address in planning.world.addresses.get(name, ()):
            planning.do(DeleteAddress(address))


def make_room_for_routes(planning: Planning) -> None:
    """The same for routes that stand beside each other (`ip route append`)."""
    beside: dict[object, list[Route]] = {}
    for route in planning.target.routes:
        beside.setdefault(slot(route), []).append(route)
    for wanted in beside.values():
        if len(wanted) > 1:
            present = planning.world.routes.same_slot(wanted[0])
            kept = _kept([each for each in wanted if not each.dynamic], present)
            for route in wanted:
                if route in planning.world.routes and route not in kept and not route.dynamic:
                    planning.do(DeleteRoute(route))


def _is_ours(address: Address) -> bool:
    """Whether we can add it; the kernel sees to its own."""
    return not is_dynamic(address) and not is_link_local(address)


def _place(address: Address) -> tuple[int, int, int]:
    """The kernel keeps addresses in order within each of these: IPv4 ones are added at the end, IPv6 ones in front."""
    if address.family == 4 and address.state & SECONDARY:
        return 4, SECONDARY, 0
    return address.family, 0, address.scope


def _kept(wanted: Iterable[T], present: Sequence[T]) -> set[T]:
    """The longest beginning of `wanted` that is there in this order: what is missing can be added after it."""
    places = {each: place for place, each in enumerate(present)}
    kept: set[T] = set()
    last = -1
    for each in wanted:
        if places.get(each, -1) <= last:
            break
        last = places[each]
        kept.add(each)
    return kept
