"""The state that takes another one back: applied after it, the host is as it was, as far as a state can say so.

Pure, on plain dicts in nmstate form (nmstate.md 5.7). `nncp rollback` does better, because it remembers kernel records;
this is for who wants the way back in a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nncp_agent.diff import QUERY_ONLY
from nncp_agent.other_names import PORT_LISTS, by_kernel_name

State = Mapping[str, Any]

ABSENT: Final = "absent"
WHOLE: Final = frozenset({"ipv4", "ipv6"})
"""Sections that go back as a whole: half of one says something else."""


def revert(desired: State, current: State) -> dict[str, Any]:
    """What makes a host that was `current` so again after `desired`."""
    before = {each["name"]: each for each in current.get("interfaces") or ()}
    desired = by_kernel_name(desired, before)
    interfaces = {each["name"]: _interface(each, before) for each in desired.get("interfaces") or ()}
    for name in _pulled_in(desired, before):
        own = interfaces.get(name)
        if own is None or own["state"] != ABSENT:
            interfaces[name] = {**_as_it_is(before[name]), **(own or {})}
    for name in _lost(desired, before):
        interfaces[name] = interfaces.get(name) or _asked_for(before[name])
    result: dict[str, Any] = {}
    still = {each["name"] for each in desired.get("interfaces") or () if each.get("state") in (ABSENT, "down")}
    if found := [_that_stays(each, still) for each in interfaces.values() if each is not None]:
        result["interfaces"] = found
    for section in ("routes", "route-rules"):
        touched = {each["name"] for each in found} if section == "routes" else set()
        if entries := list(_entries(_config(desired, section), _config(current, section), touched)):
            result[section] = {"config": entries}
    if desired.get("dns-resolver") is not None:
        result["dns-resolver"] = {"config": (current.get("dns-resolver") or {}).get("config") or {}}
    if isinstance(desired.get("hostname"), Mapping):
        old = current.get("hostname") or {}
        if hostname := {key: old.get(key, "") for key in desired["hostname"] if old.get(key) or key == "config"}:
            result["hostname"] = hostname
    return result


def _that_stays(interface: dict[str, Any], still: set[str]) -> dict[str, Any]:
    """Down would delete what is virtual and came up: nmstate has no word for a link that is there and down.

    `still` are those that are down anyway.
    """
    is_virtual = interface.get("type") not in ("ethernet", "veth", "loopback", "infiniband", None)
    is_lost = is_virtual and interface.get("state") == "down" and interface["name"] not in still
    return {**interface, "state": "up"} if is_lost else interface


def _interface(wanted: State, before: Mapping[str, State]) -> dict[str, Any] | None:
    """One interface, back; None where nothing has to be done."""
    known = before.get(wanted["name"])
    if wanted.get("state") == "ignore" or (known is not None and known.get("state") == "ignore"):
        return None
    head = {key: wanted[key] for key in ("name", "type") if key in wanted}
    if known is None:
        return None if wanted.get("state") in (ABSENT, "down") else {**head, "state": ABSENT}
    if wanted.get("state") in (ABSENT, "down"):
        return _asked_for(known)
    changes = dict(_changes(wanted, known))
    state = known.get("state", "up")
    if not changes and wanted.get("state", "up") == state:
        return None
    if "controller" not in changes and known.get("controller"):
        changes["controller"] = known["controller"]
    return {**head, "type": known.get("type", wanted.get("type")), "state": state, **changes}


def _changes(wanted: State, known: State) -> Iterator[tuple[str, Any]]:
    """What `wanted` states otherwise than it is, as it is."""
    for key, value in wanted.items():
        if key in ("name", "type", "state", "identifier", "profile-name") or key in QUERY_ONLY:
            continue
        old = known.get(key)
        if old == value or (key == "advertise" and old is None):  # it goes with auto-negotiation
            continue
        if key == "alt-names":
            yield from _alt_names(value, old or ())
        elif key in WHOLE:
            yield key, old or {"enabled": False}
        elif key == "options" and isinstance(old, Mapping):
            yield key, dict(old)  # one of them may have changed another
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            is_other = "mode" in value and value["mode"] != old.get("mode")  # its options are others, too
            inner = dict(old) if is_other else dict(_changes(value, old))
            if inner:
                yield key, inner
        elif old is not None:
            yield key, old
        elif isinstance(value, str):
            yield key, ""  # nmstate's word for none: a description, a controller
        elif isinstance(value, list):
            yield key, []


def _alt_names(wanted: Sequence[State], before: Sequence[State]) -> Iterator[tuple[str, Any]]:
    """A list that is added to: what came goes, and what went comes."""
    there, goes = {each["name"] for each in before}, [each for each in wanted if each.get("state") == ABSENT]
    back = [{"name": each["name"], "state": ABSENT} for each in wanted if each not in goes]
    back = [each for each in back if each["name"] not in there]
    back += [{"name": each["name"]} for each in goes if each["name"] in there]
    if back:
        yield "alt-names", back


def _pulled_in(desired: State, before: Mapping[str, State]) -> list[str]:
    """Interfaces that a policy changes without an entry of their own: ports lose their addresses, bases come up."""
    found: dict[str, None] = {}
    asked = desired.get("interfaces") or ()
    for wanted in (*asked, *(before[each["name"]] for each in asked if each["name"] in before)):
        sections = [each for each in wanted.values() if isinstance(each, Mapping)]
        ports = [section.get(key) for section in sections for key in PORT_LISTS]  # a number is of macsec
        for port in [each for several in ports if isinstance(several, list | tuple) for each in several]:
            found[port.get("name", "") if isinstance(port, Mapping) else port] = None
        bases = [str(section["base-iface"]) for section in sections if section.get("base-iface")]
        found |= dict.fromkeys(base for base in bases if before.get(base, {}).get("state") == "down")
    return [name for name in found if name in before and before[name].get("state") != "ignore"]


def _lost(desired: State, before: Mapping[str, State]) -> list[str]:
    """Interfaces that go with what they sit on, or lose addresses with it."""
    down = {each["name"] for each in desired.get("interfaces") or () if each.get("state") in (ABSENT, "down")}
    found: dict[str, None] = {}
    while True:
        above = [
            name
            for name, each in before.items()
            if name not in found and name not in down and not (down | found.keys()).isdisjoint(_bases(each))
        ]
        if not above:
            return list(found)
        found |= dict.fromkeys(above)


def _bases(interface: State) -> list[str]:
    return [
        str(each["base-iface"]) for each in interface.values() if isinstance(each, Mapping) and each.get("base-iface")
    ]


def _asked_for(known: State) -> dict[str, Any]:
    return {key: value for key, value in known.items() if key not in QUERY_ONLY}


def _as_it_is(known: State) -> dict[str, Any]:
    keys = ("name", "type", "state", "mtu", "mac-address", "controller", "ipv4", "ipv6")
    return {key: known[key] for key in keys if key in known}


def _config(state: State, section: str) -> Sequence[State]:
    return (state.get(section) or {}).get("config") or ()


def _entries(wanted: Sequence[State], before: Sequence[State], touched: set[str]) -> Iterator[dict[str, Any]]:
    """Entries that were added, absent; those that were taken away, and routes of what is made again, as they were."""
    patterns = [each for each in wanted if each.get("state") == ABSENT]
    for entry in wanted:
        if entry.get("state") != ABSENT and not any(
            _matches(entry, each) and _metric(entry) == _metric(each) for each in before
        ):
            yield {**entry, "state": ABSENT}
            patterns.append(entry)  # it takes those with another metric along
    for entry in before:
        if entry.get("next-hop-interface") in touched or any(_matches(each, entry) for each in patterns):
            yield dict(entry)


def _metric(entry: State) -> int:
    """nmstate says -1 for a metric that is left to the kernel, and so does who says none."""
    return int(entry.get("metric") or 0) if entry.get("metric") != -1 else 0


def _matches(pattern: State, entry: State) -> bool:
    """Whether everything that the pattern states is so; a metric is never looked at, and empty text fits all."""
    stated = {key: value for key, value in pattern.items() if value not in ("", None, False)}
    return all(key in ("state", "metric") or entry.get(key) == value for key, value in stated.items())
