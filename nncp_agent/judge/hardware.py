"""Whether the drivers have what a policy sets with `ethtool`: sections, settings, largest values, features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from netkernel.ethtool import ACTIVE, FIXED, SECTIONS, SUPPORTED, VIRTUAL_FUNCTIONS, function_of, part
from netkernel.host import Host
from netkernel.records import Attrs, Hardware, Link, Value
from nncp_agent.errors import Problem
from nncp_agent.model import Interface
from nncp_agent.resolve import Resolved
from nncp_agent.sections.hardware import is_as_asked, modes, place, stated


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """What would be refused. A link that is not there yet, or a part that was not looked at, nobody can tell about."""
    for name, iface in resolved.wanted.items():
        if name in before.links:
            yield from _of_link(iface, before)
        yield from _twice(iface)


def _twice(iface: Interface) -> Iterator[Problem]:
    if iface.ethernet is None or iface.ethernet.sr_iov is None:
        return
    vfs = iface.ethernet.sr_iov.vfs or ()
    for id, times in Counter(each.id for each in vfs).items():
        if times > 1:
            path = f"{iface.name}: {place(VIRTUAL_FUNCTIONS)}.vfs"
            yield Problem(path, f"found id {id} twice, wanted each virtual function once")


def warnings(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """What whoever uses a virtual function will notice."""
    for name, iface in resolved.wanted.items():
        total = stated(iface).get(VIRTUAL_FUNCTIONS, {}).get("total-vfs")
        if total is None or name not in before.hardware:
            continue
        have = before.hardware[name].settings.get(VIRTUAL_FUNCTIONS, {}).get("total-vfs")
        if have and total != have:
            path = f"{name}: {place(VIRTUAL_FUNCTIONS, 'total-vfs')}"
            yield Problem(path, f"the {have} virtual functions there are go before there are {total}")


def _of_link(iface: Interface, before: Host) -> Iterator[Problem]:
    if not (said := stated(iface)):
        return
    have = before.hardware.get(iface.name, Hardware())
    for section, values in said.items():
        path = f"{iface.name}: {place(section)}"
        if part(section) not in before.also:
            continue
        if section == "link":
            yield from _link(iface.name, values, have, before.links[iface.name])
        elif part(section) == VIRTUAL_FUNCTIONS:
            yield from _virtual_functions(path, section, said, have)
        elif section not in have.settings:
            yield Problem(path, f"the driver of {iface.name} has no such settings{_instead(have)}")
        elif section == "feature":
            yield from _features(path, values, have)
        else:
            yield from _values(path, section, values, have)
            if section == "channels":
                yield from _no_channels(path, values, have.settings[section])


def _no_channels(path: str, values: Attrs, now: Attrs) -> Iterator[Problem]:
    """Nobody is without a queue in either direction (ethnl_set_channels)."""
    if all(now.get(key) == value for key, value in values.items()):
        return
    counts = {**now, **values}
    for way in ("rx", "tx"):
        told = [counts[key] for key in ("combined", way) if key in counts]
        if told and not any(told):
            yield Problem(path, f"leaves no {way} channel: wanted one at least, or a combined one")


def _virtual_functions(path: str, section: str, said: Mapping[str, Attrs], have: Hardware) -> Iterator[Problem]:
    """What new ones take nobody can tell."""
    if VIRTUAL_FUNCTIONS not in have.settings:
        if any(said[section].values()):
            yield Problem(path, "there can be no virtual functions of this interface, wanted total-vfs: 0")
        return
    id, now = function_of(section), have.settings[VIRTUAL_FUNCTIONS]["total-vfs"]
    total = said.get(VIRTUAL_FUNCTIONS, {}).get("total-vfs", now)
    if id is None:
        yield from _values(path, section, said[section], have)
    elif isinstance(total, int) and id >= total:
        yield Problem(path, f"found id {id}, and there are {total}: wanted less, or more total-vfs")
    elif total == now:
        yield from _values(path, section, said[section], have)


def _link(name: str, values: Attrs, have: Hardware, link: Link) -> Iterator[Problem]:
    """Which speeds and modes a driver takes only the driver knows; a link that is no device takes none."""
    now = {**have.settings.get("link", {}), **have.facts.get("link", {})}
    for key, value in values.items():
        path = f"{name}: {place('link', key)}"
        if now.get(key) == value or (key == "autoneg" and value is False and key not in now):
            continue
        if key == "advertise" and is_as_asked(key, value, now.get(key)):
            continue
        if "link" not in have.settings or link.kind:
            found = f", found {_word(now[key])}" if key in now else ""
            yield Problem(path, f"wanted {_word(value)}{found}, and the driver of {name} lets nobody change it")
        elif key == "autoneg" and value is True and now.get("can autoneg") is False:
            yield Problem(path, f"the driver of {name} cannot negotiate, wanted false")
        elif key == "advertise" and values.get("autoneg", now.get("autoneg")) is not True:
            yield Problem(path, "nothing is advertised without auto-negotiation: true")
        else:
            yield from _modes(path, value, have.facts.get("link", {}), now.get(key))
    if values.get("autoneg") is False and now.get("autoneg") is True:
        for key in ("speed", "duplex"):
            if key not in values and key not in now:
                yield Problem(f"{name}: {place('link', key)}", "missing; wanted it, because nothing is negotiated")


def _modes(path: str, asked: Value, facts: Attrs, now: Value | None) -> Iterator[Problem]:
    """Of a list of modes those that the driver could not."""
    supported = facts.get(SUPPORTED)
    if not isinstance(asked, tuple) or not isinstance(supported, tuple):
        return
    could = modes(supported)
    for each in asked:
        if each not in could:
            there = f"some of {', '.join(could)}" if could else "none, because the driver has none"
            yield Problem(path, f"found {each}, wanted {there}")


def _instead(have: Hardware) -> str:
    there = [section for section in SECTIONS if section in have.settings and section != "link"]
    return f", wanted {' or '.join(there)}" if there else ""


def _values(path: str, section: str, values: Attrs, have: Hardware) -> Iterator[Problem]:
    known, largest = have.settings[section], have.facts.get(section, {})
    for key, value in values.items():
        most = largest.get(key)
        yield from _modes(f"{path}.{key}", value, largest, known.get(key))
        if key not in known:
            if value:  # nothing of what is not there is what a driver has
                yield Problem(f"{path}.{key}", f"found {_word(value)}, which the driver does not have: {_list(known)}")
        elif isinstance(most, int) and isinstance(value, int) and value > most:
            yield Problem(f"{path}.{key}", f"found {value}, wanted at most {most}")


def _features(path: str, values: Attrs, have: Hardware) -> Iterator[Problem]:
    active, fixed, wanted = have.facts.get(ACTIVE, {}), have.facts.get(FIXED, {}), have.settings["feature"]
    others_change = any(wanted.get(key) != value for key, value in values.items() if key in wanted)
    for key, value in values.items():
        if key in fixed:
            if fixed[key] != value:
                yield Problem(f"{path}.{key}", f"found {_word(value)}, but it is fixed at {_word(fixed[key])}")
        elif key not in wanted:
            yield Problem(f"{path}.{key}", f"no feature of this kernel{_guess(key, [*wanted, *fixed])}")
        elif wanted[key] == value != active.get(key, value) and not others_change:
            message = f"found {_word(value)}, which is asked of the driver already: another feature or link prevents it"
            yield Problem(f"{path}.{key}", message)


def _guess(key: str, names: list[str]) -> str:
    from difflib import get_close_matches  # late: most policies spell well

    close = get_close_matches(key, names, n=1)
    return f": did you mean '{close[0]}'?" if close else ", wanted a name that `ethtool -k` prints"


def _list(known: Attrs) -> str:
    return f"wanted one of {', '.join(sorted(known))}" if known else "it has none"


def _word(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
