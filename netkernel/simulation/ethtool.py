"""Settings of ethtool(8): written as they are said; a feature is taken to become what is wanted of it."""

from __future__ import annotations

import errno

from netkernel.ethtool import ACTIVE
from netkernel.ops import SetEthtool
from netkernel.records import Ethtool
from netkernel.simulation.world import World, refuse


def change(world: World, op: SetEthtool) -> None:
    """Raises KernelRefused: ENODEV. What a driver takes only the driver knows."""
    if op.name not in world.links:
        refuse(op, errno.ENODEV)
    have = world.ethtool.get(op.name, Ethtool())
    facts = have.facts
    if op.section == "feature":
        facts = {**facts, ACTIVE: {**facts.get(ACTIVE, {}), **op.new}}
    settings = {**have.settings, op.section: {**have.settings.get(op.section, {}), **op.new}}
    world.ethtool[op.name] = Ethtool(settings, facts)
    world.touched.add(op.name)
