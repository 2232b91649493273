"""What one state says that is not so in another (nmstate.md 5.7). Pure, on plain dicts in nmstate form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nncp_agent.shown.identifiers import OTHERS

State = Mapping[str, Any]

ALWAYS: Final = ("name", "type", "state")
"""What an interface with a difference is shown with, changed or not."""
LISTS: Final = ("routes", "route-rules")
"""Sections whose `config` is added to, entry by entry."""
QUERY_ONLY: Final = frozenset({"min-mtu", "max-mtu", "permanent-mac-address", "driver", "owner"})
"""What `show` prints and no policy can ask for."""
LIFETIMES: Final = ("valid-life-time", "preferred-life-time")


def differences(new: State, old: State) -> dict[str, Any]:
    """Only what `new` states otherwise than `old`: changed interfaces with their changed keys, new ones entire, routes
    and rules.

    What `new` does not mention is no difference: a policy keeps it. Nothing is shared with the arguments' containers.
    """
    result: dict[str, Any] = {}
    if interfaces := list(_interfaces(new.get("interfaces") or (), old.get("interfaces") or ())):
        result["interfaces"] = interfaces
    for section in LISTS:
        if entries := list(_entries(section, new, old)):
            result[section] = {"config": entries}
    for key in new:
        if key not in ("interfaces", "description", *LISTS):
            changed = _changed(new[key], old.get(key))
            if changed is not _SAME:
                result[key] = changed
    return result


class _Same:
    """Says "no difference", which None cannot: null is a value."""


_SAME: Final = _Same()


def _interfaces(new: Sequence[State], old: Sequence[State]) -> Iterator[dict[str, Any]]:
    before = {each["name"]: each for each in old}
    for interface in new:
        wanted = {key: value for key, value in interface.items() if key not in QUERY_ONLY}
        known = before.get(interface["name"])
        if known is None:
            if wanted.get("state") != "absent":
                yield wanted
            continue
        # a list that is added to
        if names := _names_that_change(wanted.pop("alt-names", None) or (), known.get("alt-names") or ()):
            wanted["alt-names"] = names
        changes = {key: change for key in wanted if (change := _changed(wanted[key], known.get(key))) is not _SAME}
        by = wanted.get("identifier")
        if changes and by in OTHERS and by in interface:
            changes.setdefault(by, interface[by])
            changes.setdefault("identifier", by)
        if changes:
            shown = {key: wanted.get(key, known.get(key)) for key in ALWAYS if key in wanted or key in known}
            yield {**shown, **changes}


def _names_that_change(new: Sequence[Any], old: Sequence[Any]) -> list[Any]:
    """Those to add; absent ones that are there."""
    there = {each["name"] for each in old}
    return [each for each in new if (each["name"] in there) == (each.get("state") == "absent")]


def _changed(new: Any, old: Any) -> Any:
    """What of `new` is not in `old`: mappings by key, anything else as a whole; _SAME for nothing."""
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        if new.get("enabled") is False and old.get("enabled") is not False:
            return {"enabled": False}  # the rest of a family that is off says nothing
        changes = {key: change for key in new if (change := _changed(new[key], old.get(key))) is not _SAME}
        return changes or _SAME
    return _SAME if _is_so(new, old) else new


def _is_so(new: Any, old: Any) -> bool:
    """Whether all that `new` says is in `old`. Order in lists says nothing, nor does the case of a MAC address."""
    match new, old:
        case Mapping(), Mapping():
            return all(_runs(key, value, old) or _is_so(value, old.get(key)) for key, value in new.items())
        case str(), str():
            return new == old or (len(new) == 17 and new.count(":") == 5 and new.lower() == old.lower())
        case (list() | tuple(), list() | tuple()):
            return len(new) == len(old) and _pair_up(new, old)
        case bool(), _:
            return new is old
        case _:
            return bool(new == old) and not isinstance(old, bool)


def _runs(key: str, new: Any, old: Mapping[str, Any]) -> bool:
    """Whether it is a lifetime of an address that expires sooner or later: what is left of it is no difference."""
    return key in LIFETIMES and all(str(each).endswith("sec") for each in (new, old.get(key)))


def _pair_up(new: Sequence[Any], old: Sequence[Any]) -> bool:
    """Whether each of `new` is so in another one of `old`; quick where both are in the same order."""
    left = list(old)
    for position, item in enumerate(new):
        at = next(
            (each for each in _nearest_first(position - (len(old) - len(left)), left) if _is_so(item, left[each])), None
        )
        if at is None:
            return False
        del left[at]
    return True


def _nearest_first(position: int, left: Sequence[Any]) -> Iterator[int]:
    if 0 <= position < len(left):
        yield position
    yield from (each for each in range(len(left)) if each != position)


def _entries(section: str, new: State, old: State) -> Iterator[dict[str, Any]]:
    """Entries to add; absent ones that match something. `running` is what a kernel shows and no policy asks for."""
    before = [dict(entry) for entry in (old.get(section) or {}).get("config") or ()]
    for entry in (new.get(section) or {}).get("config") or ():
        stated = {key: value for key, value in entry.items() if key != "state"}
        is_there = any(_is_so(stated, known) for known in before)
        if is_there == (entry.get("state") == "absent"):
            yield dict(entry)
