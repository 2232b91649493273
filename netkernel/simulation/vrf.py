"""VRFs: a port that joins or leaves is taken down and up again, so that its routes change tables (drivers/net/vrf.c).

Addresses stay but for global IPv6 ones; static routes are lost both ways.
"""

from __future__ import annotations

from typing import Final

from netkernel.frozen import replace
from netkernel.records import Rule
from netkernel.simulation import device
from netkernel.simulation.world import World

_L3MDEV: Final = b"\x05\x00\x13\x00\x01\x00\x00\x00"
"""FRA_L3MDEV (linux/fib_rules.h): the table is that of the packet's VRF."""
RULES: Final = tuple(Rule(family, 1000, action=1, protocol=2, extra=_L3MDEV) for family in (6, 4))
"""What the kernel makes with the first VRF of a namespace and never again: they stay whatever becomes of VRFs, and
where somebody deleted them VRFs no longer work (vrf_newlink)."""


def begin(world: World) -> None:
    """A VRF has been made; whether it is the first one ever the rules tell."""
    if sum(link.kind == "vrf" for link in world.links.values()) == 1:
        world.rules += [rule for rule in RULES if rule not in world.rules]


def move(world: World, what: object, port: str, vrf: str) -> None:
    """Into `vrf`, or out of the one it is in for ""."""
    was_up = world.links[port].up
    if was_up:
        device.set_down(world, port)
    world.put(replace(world.change(port, {"master": vrf}), port={}))
    if was_up:
        device.set_up(world, what, port)
