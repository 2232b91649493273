"""Settings of ethtool(8), when links are up: many a driver takes them only then."""

from __future__ import annotations

from netkernel.ethtool import SECTIONS
from netkernel.ops import SetEthtool
from netkernel.reconcile.world import Planning
from netkernel.records import Ethtool


def change(planning: Planning) -> None:
    """One op for each section that has something to change."""
    for have, _ in planning.pairs():
        want = planning.target.ethtool.get(have.name)
        now = planning.world.ethtool.get(have.name, Ethtool())
        if want is None or want is now:
            continue
        for section in SECTIONS:
            old = now.settings.get(section, {})
            new = {key: value for key, value in want.settings.get(section, {}).items() if old.get(key) != value}
            if new:
                known = {key: old[key] for key in new if key in old}
                planning.do(SetEthtool(have.name, section, new, known))
