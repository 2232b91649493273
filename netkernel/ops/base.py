"""Words of a plan that several ops use."""

from __future__ import annotations

from netkernel.records import Attrs, Value


def word(value: Value | None) -> str:
    """A value as a line of a plan says it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def changes(new: Attrs, old: Attrs) -> str:
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return ", ".join(f"{key} {word(old.get(key))} -> {word(value)}" for key, value in changed.items())
