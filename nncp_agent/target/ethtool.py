"""What settings of ethtool(8) a policy wants: those that differ from what is so are written, the others left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netkernel.ethtool import ACTIVE
from netkernel.host import Host
from netkernel.records import Attrs, Ethtool
from nncp_agent.model import Interface
from nncp_agent.sections.ethtool import stated


def settings(wanted: Iterable[Interface], before: Host) -> Mapping[str, Ethtool]:
    """By link; the same object as in `before` where nothing is to change."""
    changed = {}
    for iface in wanted:
        said = stated(iface)
        have = before.ethtool.get(iface.name, Ethtool())
        if news := {section: _news(section, values, have) for section, values in said.items()}:
            merged = {section: {**have.settings.get(section, {}), **new} for section, new in news.items() if new}
            if merged:
                changed[iface.name] = Ethtool({**have.settings, **merged}, have.facts)
    return {**before.ethtool, **changed} if changed else before.ethtool


def _news(section: str, said: Attrs, have: Ethtool) -> Attrs:
    """A feature that is as asked stays wanted as it was: the kernel may see to it whatever is wanted."""
    if section not in have.settings:
        return said  # of a link that is not there yet
    known = have.settings[section]
    now = have.facts[ACTIVE] if section == "feature" else known
    return {key: value for key, value in said.items() if key in known and now.get(key) != value}
