"""Whether the drivers have what a policy sets with `ethtool`: sections, settings, largest values, features."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.ethtool import ACTIVE, FIXED, SECTIONS
from netkernel.host import Host
from netkernel.records import Attrs, Ethtool, Value
from nncp_agent.errors import Problem
from nncp_agent.model import Interface
from nncp_agent.resolve import Resolved
from nncp_agent.sections.ethtool import stated


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """What would be refused. A link that is not there yet, or a part that was not looked at, nobody can tell about."""
    for name, iface in resolved.wanted.items():
        if name in before.links:
            yield from _of_link(iface, before)


def _of_link(iface: Interface, before: Host) -> Iterator[Problem]:
    said = stated(iface)
    have = before.ethtool.get(iface.name, Ethtool())
    for section, values in said.items():
        path = f"{iface.name}: ethtool.{section}"
        if section not in before.also:
            continue
        if section not in have.settings:
            yield Problem(path, f"the driver of {iface.name} has no such settings{_instead(have)}")
        elif section == "feature":
            yield from _features(path, values, have)
        else:
            yield from _values(path, section, values, have)


def _instead(have: Ethtool) -> str:
    there = [section for section in SECTIONS if section in have.settings]
    return f", wanted {' or '.join(there)}" if there else ""


def _values(path: str, section: str, values: Attrs, have: Ethtool) -> Iterator[Problem]:
    known, largest = have.settings[section], have.facts.get(section, {})
    for key, value in values.items():
        most = largest.get(key)
        if key not in known:
            if value:  # nothing of what is not there is what a driver has
                yield Problem(f"{path}.{key}", f"found {_word(value)}, which the driver does not have: {_list(known)}")
        elif isinstance(most, int) and isinstance(value, int) and value > most:
            yield Problem(f"{path}.{key}", f"found {value}, wanted at most {most}")


def _features(path: str, values: Attrs, have: Ethtool) -> Iterator[Problem]:
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
    return str(value).lower() if isinstance(value, bool) else str(value)
