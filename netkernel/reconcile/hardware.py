"""What drivers are set to, when links are up: many a driver takes it only then."""

from __future__ import annotations

from typing import Final

from netkernel.ethtool import function_of, in_order
from netkernel.link_kinds import KINDS
from netkernel.ops import SetHardware
from netkernel.reconcile.world import Planning
from netkernel.records import Attrs, Hardware

TOGETHER: Final = (("vlan-id", "qos", "vlan-proto"), ("min-tx-rate", "max-tx-rate"))
"""Settings of a virtual function of which none can be said without the others."""


def change(planning: Planning) -> None:
    """One op for each section that has something to change."""
    for have, _ in planning.pairs():
        want = planning.target.hardware.get(have.name)
        if want is None or want is planning.world.hardware.get(have.name):
            continue
        for section in in_order(want.settings):
            if section == "link" and have.kind in KINDS and not KINDS[have.kind].has_device:
                continue  # what a link shows of the one below it, or has by itself, is nothing that anybody sets
            old = planning.world.hardware.get(have.name, Hardware()).settings.get(section, {})
            if new := _news(section, want.settings[section], old):
                known = {key: old[key] for key in new if key in old}
                planning.do(SetHardware(have.name, section, new, known))


def _news(section: str, want: Attrs, old: Attrs) -> Attrs:
    new = {key: value for key, value in want.items() if old.get(key) != value}
    if section == "channels" and not any(want.values()):
        return {}  # what has none lets nobody say so when it is made again (a tap)
    for group in TOGETHER if function_of(section) is not None else ():
        if not new.keys().isdisjoint(group):
            new |= {key: want[key] for key in group if key in want}
    return new
