"""HSR and PRP: two ports that belong to a link from birth to death, and in PRP share a MAC (net/hsr/hsr_device.c)."""

from __future__ import annotations

import errno

from netkernel.frozen import replace
from netkernel.link_kinds import hsr
from netkernel.link_kinds.base import ETHERNET
from netkernel.records import Attrs, Link
from netkernel.simulation import device, stacked
from netkernel.simulation.world import SET_BY_USER, World, refuse


def check_birth(world: World, what: object, stated: Attrs) -> None:
    """Raises KernelRefused: EINVAL for what can be no port, or a PRP with a version; EBUSY for a port of another."""
    if stated.get("protocol") == "prp" and "version" in stated:
        refuse(what, errno.EINVAL, "Invalid version for protocol")
    ports = [world.links[str(stated[key])] for key in ("slave1", "slave2")]
    if ports[0] is ports[1]:
        refuse(what, errno.EINVAL, "Slave1 and Slave2 are same")
    for link in ports:
        other = world.kind_of(link.master) == "hsr"
        if link.type != ETHERNET or link.kind in hsr.KIND.not_with or other:
            refuse(what, errno.EINVAL)
        if link.master:
            refuse(what, errno.EBUSY)
        stacked.check_given(what, link)
        stacked.check_free(world, what, link.name)


def take_ports(world: World, link: Link) -> None:
    """It is its ports' controller from the start, and nobody can say otherwise."""
    for port in link.below:
        world.change(port, {"master": link.name})
    if stacked.is_lent_to_both(link):
        first, second = (world.links[str(link.attrs[key])] for key in ("slave1", "slave2"))
        world.came_with[second.name] = second.attrs.get("address"), None
        device.set_address(world, second.name, first.attrs.get("address"), SET_BY_USER)


def leave(world: World, port: str) -> None:
    """A port whose link goes; the second one of a PRP has the MAC that it came with again."""
    link = world.links[world.links[port].master]
    world.put(replace(world.change(port, {"master": ""}), port={}))
    if not stacked.is_lent_to_both(link) or port != link.attrs.get("slave2"):
        return
    address, _ = world.came_with.pop(port, (None, None))
    if address is None:
        world.change(port, {}, ["address"])
    else:
        device.set_address(world, port, address, SET_BY_USER)
