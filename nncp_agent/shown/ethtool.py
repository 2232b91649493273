"""Settings of ethtool(8), as nmstate shows them and with what it leaves out (nmstate.md 4.5)."""

from __future__ import annotations

from netkernel.ethtool import ACTIVE, SECTIONS
from netkernel.records import Ethtool, Value
from netkernel.typed import Final
from nncp_agent.shown.base import Tree

_read: Final[dict[int, tuple[Ethtool, Tree]]] = {}
_MOST: Final = 256


def read(ethtool: Ethtool) -> Tree:
    """Section by section; features that nobody can change are left out, as in nmstate.

    Links with the same settings share the record, and what is made of it here.
    """
    known = _read.get(id(ethtool))
    if known is None:
        if len(_read) >= _MOST:
            _read.clear()
        known = _read[id(ethtool)] = ethtool, _sections(ethtool)  # the record is kept, and with it its id
    return known[1]


def _sections(ethtool: Ethtool) -> Tree:
    tree: Tree = {}
    for section in SECTIONS:
        settings = ethtool.settings.get(section)
        if section == "feature":
            settings = ethtool.facts.get(ACTIVE)
        if settings:
            largest = ethtool.facts.get(section, {})
            shown: dict[str, Value] = {}
            for key in sorted(settings):
                shown[key] = settings[key]
                if key in largest:
                    shown[f"{key}-max"] = largest[key]
            tree[section] = shown
    return tree
