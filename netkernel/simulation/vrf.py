"""VRFs: a port that joins or leaves is taken down and up again, so that its routes change tables (drivers/net/vrf.c).

Addresses stay but for global IPv6 ones; static routes are lost both ways.
"""

from __future__ import annotations

from netkernel.frozen import replace
from netkernel.records import VRF_RULES
from netkernel.simulation import device
from netkernel.simulation.world import World


def begin(world: World) -> None:
    """A VRF has been made; whether it is the first one ever nobody knows, so plans say the rules before."""
    if sum(link.kind == "vrf" for link in world.links.values()) == 1:
        world.rules += [rule for rule in VRF_RULES if rule not in world.rules]


def move(world: World, what: object, port: str, vrf: str) -> None:
    """Into `vrf`, or out of the one it is in for ""."""
    was_up = world.links[port].up
    if was_up:
        device.set_down(world, port)
    world.put(replace(world.change(port, {"master": vrf}), port={}))
    if was_up:
        device.set_up(world, what, port)
