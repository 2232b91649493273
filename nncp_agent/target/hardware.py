"""What a policy wants drivers to be set to: settings that differ from what is so are written, the others left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from netkernel.ethtool import ACTIVE, SUPPORTED, VIRTUAL_FUNCTIONS, function_of, part
from netkernel.host import Host
from netkernel.records import Attrs, Hardware, Value
from nncp_agent.model import Interface, State
from nncp_agent.sections.hardware import is_as_asked, modes, stated

BORN: Final[Attrs] = {
    "mac-address": "00:00:00:00:00:00", "trust": False, "min-tx-rate": 0, "max-tx-rate": 0,
    "vlan-id": 0, "qos": 0, "vlan-proto": "802.1q",
}  # fmt: skip
"""What a virtual function has that nobody has set. Whether it is checked for spoofing is its driver's choice."""


def settings(wanted: Iterable[Interface], before: Host) -> Mapping[str, Hardware]:
    """By link; the same object as in `before` where nothing is to change."""
    changed = {}
    for iface in wanted:
        have = before.hardware.get(iface.name, Hardware())
        said = stated(iface)
        total = said.get(VIRTUAL_FUNCTIONS, {}).get("total-vfs")
        if total is not None and total != have.settings.get(VIRTUAL_FUNCTIONS, {}).get("total-vfs"):
            kept = {name: each for name, each in have.settings.items() if function_of(name) is None}
            have = Hardware(kept, have.facts)  # all of them will be new
        said = {**_unlisted(iface, have), **said}
        is_new = iface.name not in before.links
        news = {section: _news(section, values, have, is_new or part(section) not in before.also)
                for section, values in said.items()}  # fmt: skip
        if merged := {name: {**have.settings.get(name, {}), **new} for name, new in news.items() if new}:
            changed[iface.name] = Hardware({**have.settings, **merged}, have.facts)
    return {**before.hardware, **changed} if changed else before.hardware


def _unlisted(iface: Interface, have: Hardware) -> dict[str, Attrs]:
    """Virtual functions that a list leaves out are as they were born (nmstate.md 3.3)."""
    sr_iov = iface.ethernet.sr_iov if iface.ethernet is not None else None
    if sr_iov is None or sr_iov.vfs is None or iface.state in (State.DOWN, State.ABSENT):
        return {}
    return {section: BORN for section in have.settings if function_of(section) is not None}


def _news(section: str, said: Attrs, have: Hardware, is_unknown: bool) -> Attrs:
    """A feature that is as asked stays wanted as it was: the kernel may see to it whatever is wanted."""
    if section not in have.settings:
        return said if is_unknown or function_of(section) is not None else {}
    known = now = have.settings[section]
    if section == "feature":
        now = have.facts[ACTIVE]
    elif section == "link":
        known = now = {"speed": 0, "duplex": "", **known, **have.facts.get("link", {})}
    news = {key: value for key, value in said.items() if key in known and not is_as_asked(key, value, now.get(key))}
    return {key: _whole(key, value, known[key], have.facts.get(section, {})) for key, value in news.items()}


def _whole(key: str, asked: Value, now: Value, facts: Attrs) -> Value:
    """What is advertised beside link modes stays; in the kernel's order, as it is read again."""
    if key not in ("advertise", "modes") or not isinstance(asked, tuple) or not isinstance(now, tuple):
        return asked
    wanted = {*asked, *(set(now) - set(modes(now)))}
    supported = facts.get(SUPPORTED)
    return tuple([each for each in supported if each in wanted]) if isinstance(supported, tuple) else asked
