"""A value against the shape a plugin reads it with: unknown and misspelt keys, wrong types, values out of range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cni.schema import OPEN
from cni.types.go_json import Anything, Boolean, Integer, Mapped, Several, Shape, Structure, Text
from nncp_agent.definitions.findings import Path, Said, did_you_mean, listed

_KINDS: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def check(value: Any, shape: Shape, path: Path) -> Iterator[Said]:
    """All that is wrong with a value that is there; null is as good as absent."""
    if value is None or isinstance(shape, Anything):
        return
    match shape, value:
        case (Structure(), dict()):
            yield from structure(value, shape, path)
        case (Mapped(), dict()):
            for key, each in value.items():
                yield from check(each, shape.of, (*path, key))
        case (Several(), list()):
            for number, each in enumerate(value):
                yield from check(each, shape.of, (*path, number))
        case (Boolean(), bool()):
            pass
        case (Integer(), int()) if not isinstance(value, bool):
            yield from _range(value, shape, path)
        case (Text(), str()):
            yield from _text(value, shape, path)
        case _:
            yield Said(path, f"{_name(path)}: {_shown(value)} is {_KINDS[type(value)]}, wanted {_wanted(shape, value)}")


def structure(value: dict[str, Any], shape: Structure, path: Path) -> Iterator[Said]:
    """The keys of an object, and what they hold."""
    is_open = any(key in OPEN for key in path)
    folded = {key.lower(): key for key in shape.fields}
    for key, each in value.items():
        known = key if key in shape.fields else folded.get(key.lower())
        here = (*path, key)
        if known is None:
            if not is_open:
                yield Said(here, f"unknown key {key}{_meant(key, shape)}", is_key=True)
            continue
        if known != key:
            said = f"{key}: written {known}; plugins in Go take it all the same, others may not"
            yield Said(here, said, is_warning=True, is_key=True)
        yield from check(each, shape.fields[known], here)
    missing = [key for key in shape.together if value.get(key) is None]
    if missing and len(missing) < len(shape.together):
        yield Said(path, f"{_name(path)}: {' and '.join(shape.together)} stand together, {missing[0]} is missing")


def _meant(key: str, shape: Structure) -> str:
    return did_you_mean(key, shape.fields) or f"; known are {listed(sorted(shape.fields), 40)}"


def _name(path: Path) -> str:
    """The last key, with the number of an item behind it."""
    last = max((at for at, each in enumerate(path) if isinstance(each, str)), default=0)
    return "".join(f"[{each}]" if isinstance(each, int) else str(each) for each in path[last:])


def _shown(value: Any) -> str:
    text = {True: "true", False: "false"}.get(value, repr(value)) if isinstance(value, bool) else repr(value)
    return f'"{value}"' if isinstance(value, str) else text if len(text) < 40 else f"{text[:37]}..."


def _wanted(shape: Shape, value: Any) -> str:
    match shape:
        case Integer() if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return f"{value} without quotes"
        case Boolean() if isinstance(value, str) and value.lower() in ("true", "false"):
            return f"{value.lower()} without quotes"
        case Integer():
            return "a whole number"
        case Boolean():
            return "true or false"
        case Text():
            return "text"
        case Several():
            return "a list"
    return "an object"


def _range(value: int, shape: Integer, path: Path) -> Iterator[Said]:
    low, high = shape.least, shape.most
    if (low is not None and value < low) or (high is not None and value > high):
        yield Said(path, f"{_name(path)}: {value} is out of range, wanted {low} to {high}")


def _text(value: str, shape: Text, path: Path) -> Iterator[Said]:
    if shape.words and value not in shape.words:
        wanted = listed([word or '""' for word in shape.words], 10)
        meant = did_you_mean(value, filter(None, shape.words))
        yield Said(path, f'{_name(path)}: "{value}" is none of {wanted}{meant}')
    elif shape.pattern and not re.search(shape.pattern, value):
        yield Said(path, f'{_name(path)}: "{value}" {_FORMS.get(str(path[-1]), "has the wrong form")}')


_FORMS: Final = {
    "mac": "is no MAC address, wanted six bytes as 02:00:00:00:00:01",
    "bridge": "is no name of an interface: 1 to 15 characters without / : and blanks",
    "name": "is no name of a network: letters and digits, and between them _ . -",
}
