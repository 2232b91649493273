"""Settings of ethtool(8): written as they are said; a feature is taken to become what is wanted of it."""

from __future__ import annotations

import errno

from netkernel.ethtool import ACTIVE, VIRTUAL_FUNCTIONS, function, function_of
from netkernel.ops import SetHardware
from netkernel.records import Hardware
from netkernel.simulation.world import World, refuse


def change(world: World, op: SetHardware) -> None:
    """Raises KernelRefused: ENODEV. What a driver takes only the driver knows."""
    if op.name not in world.links:
        refuse(op, errno.ENODEV)
    have = world.hardware.get(op.name, Hardware())
    facts = have.facts
    if op.section == "feature":
        facts = {**facts, ACTIVE: {**facts.get(ACTIVE, {}), **op.new}}
    elif op.section == "link":
        come_true = {key: op.new[key] for key in ("speed", "duplex") if key in op.new}
        facts = {**facts, "link": {**facts.get("link", {}), **come_true}}
    old = have.settings
    if op.section == VIRTUAL_FUNCTIONS and "total-vfs" in op.new:  # those there were are gone, and new ones are bare
        old = {name: each for name, each in old.items() if function_of(name) is None}
        old |= {function(id): {} for id in range(int(op.new["total-vfs"]))}  # type: ignore[arg-type]  # a number
    settings = {**old, op.section: {**have.settings.get(op.section, {}), **op.new}}
    world.hardware[op.name] = Hardware(settings, facts)
    world.touched.add(op.name)
