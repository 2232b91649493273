"""A link gets another name: net/core/dev.c, dev_change_name. All that refers to it by its index follows."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Final

from netkernel import settings
from netkernel.frozen import replace
from netkernel.link_kinds import COMMON, KINDS
from netkernel.link_kinds.base import Form
from netkernel.ops import RenameLink
from netkernel.records import Address, Link
from netkernel.simulation.world import World, refuse

LONGEST_NAME: Final = 15
"""IFNAMSIZ - 1 (linux/if.h)."""


def rename(world: World, op: RenameLink) -> None:
    """Raises KernelRefused: ENODEV, EEXIST, EBUSY for a link that is up."""
    old, new = op.name, op.new
    link = world.links.get(old) or refuse(op, errno.ENODEV)
    if new in world.links:
        refuse(op, errno.EEXIST)
    if link.up:
        refuse(op, errno.EBUSY)
    moved = replace(link, name=new)
    addresses = tuple(_relabelled(world.addresses.get(old, ()), new))
    neighbours = {replace(each, link=new): None for each in world.neighbours.get(old, {})}
    vlans, hardware, dns = world.vlans.get(old), world.hardware.get(old), world.resolver.get(old)
    own = {path: value for path, value in world.sysctls.items() if settings.link_of(path) == old}
    routes = world.routes.on(old)
    for route in routes:
        world.routes.remove(route)
    world.remove(old)
    world.put(moved)
    if addresses:
        world.addresses[new] = addresses
    if neighbours:
        world.neighbours[new] = neighbours
    if vlans is not None:
        world.vlans[new] = vlans
    if hardware is not None:
        world.hardware[new] = hardware
    if dns is not None:
        world.resolver[new] = dns
    for path, value in own.items():
        world.write_sysctl(path.replace(f"/{old}/", f"/{new}/", 1), value)
    for route in routes:
        hops = tuple(replace(hop, link=new) if hop.link == old else hop for hop in route.hops)
        world.routes.add(replace(route, hops=hops))
    for other in list(world.links.values()):
        if referring := {key: new for key in _names(other) if other.attrs.get(key) == old}:
            world.change(other.name, referring)
    for id, nexthop in list(world.nexthops.items()):
        if nexthop.link == old:
            world.nexthops[id] = replace(nexthop, link=new)


def _names(link: Link) -> Iterator[str]:
    """The attributes of a link that name another one."""
    tables = (COMMON, KINDS[link.kind].attrs if link.kind in KINDS else {})
    yield from (key for table in tables for key, attr in table.items() if attr.form is Form.LINK)
    if link.peer:
        yield "peer"


def _relabelled(addresses: Iterable[Address], new: str) -> Iterator[Address]:
    """The first label becomes the name; of the others what stands behind a colon stays, or a number is put there
    (net/ipv4/devinet.c, inetdev_changename).
    """
    number = 0
    for address in addresses:
        label = ""
        if address.family == 4:
            number += 1
            if number > 1:
                tail = address.label.partition(":")[2] or str(number)
                label = f"{new[: LONGEST_NAME - len(tail) - 1]}:{tail}"
        yield replace(address, link=new, label=label)
