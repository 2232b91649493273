"""What an expression finds in a state. Nothing is changed in place: what stays as it is is the same object."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from nncp_agent.policy.lexer import Faulty
from nncp_agent.policy.parser import LISTS, Expression, Path, Text

Tree = Mapping[str, Any]
Lookup = Callable[[Path], Any]
"""The value at a path. Raises Faulty."""

MOST_VALUES: Final = 1_000_000
"""Values that one replacement may make, counting what stands in it more than once."""


def captured(expression: Expression, state: Tree, lookup: Lookup) -> Tree:
    """What the expression keeps of `state`, or makes of it. Raises Faulty, also where nothing is found."""
    source = expression.source
    if source is None:
        return state
    if not source.keys:
        return state
    if expression.operator == "":
        return _kept(state, source)
    value = lookup(expression.value) if isinstance(expression.value, Path) else expression.value
    wanted = value.value if isinstance(value, Text) else value
    head = 1 + bool(LISTS[source.keys[0]])
    items = _list(state, source.keys[:head])
    if expression.operator == "==":
        found = [item for item in items if _is(item, source.keys[head:], _text(wanted))]
        if not found:
            name = source.keys[0].removesuffix("s")
            raise Faulty(f"no {name} here has {'.'.join(source.keys[head:])} '{_text(wanted)}'", source.places[head])
    else:
        if (size(wanted) + len(source.keys)) * len(items) > MOST_VALUES:
            raise Faulty(f"this makes more than {MOST_VALUES} values", source.places[head])
        found = [_with(item, source, head, wanted) for item in items]
    return _around(source.keys[:head], found)


def at(tree: Any, path: Path, start: int = 0) -> Any:
    """The value that `path` leads to in a tree, lists by position. Raises Faulty naming the key that is not there."""
    for key, place in zip(path.keys[start:], path.places[start:], strict=True):
        if isinstance(tree, Mapping):
            if key not in tree:
                words = ", ".join(map(str, list(tree)[:12]))
                raise Faulty(f"nothing here is called '{key}'; there is {words or 'nothing at all'}", place)
            tree = tree[key]
        elif isinstance(tree, list | tuple):
            if not key.isdecimal():
                raise Faulty(f"found '{key}', wanted which of {len(tree)} in the list: a number from 0", place)
            if len(key) > 9 or int(key) >= len(tree):
                raise Faulty(f"no item {key}: the list has {len(tree)}", place)
            tree = tree[int(key)]
        else:
            raise Faulty(f"nothing is below '{_text(tree)[:40]}'", place)
    return tree


def size(value: Any, most: int = MOST_VALUES) -> int:
    """How many values it is made of, counting until there are more than `most`."""
    number, waiting = 0, [value]
    while waiting and number <= most:
        each = waiting.pop()
        number += 1
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
    return number


def _kept(state: Tree, path: Path) -> Tree:
    """Only what the path leads to, with the keys around it."""
    return _around(path.keys, at(state, path))


def _around(keys: tuple[str, ...], value: Any) -> Tree:
    for key in reversed(keys):
        value = {key: value}
    return value  # type: ignore[no-any-return]  # there is at least one key around it


def _list(state: Tree, keys: tuple[str, ...]) -> list[Any]:
    """The items of a section; one that is not there has none."""
    found: Any = state
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return list(found) if isinstance(found, list | tuple) else []


def _is(tree: Any, keys: tuple[str, ...], wanted: str) -> bool:
    """Whether the value at `keys` is `wanted`; of a list without a position any item may be it."""
    for position, key in enumerate(keys):
        if isinstance(tree, Mapping):
            if key not in tree:
                return False
            tree = tree[key]
        elif isinstance(tree, list | tuple):
            if not key.isdecimal():
                return any(_is(item, keys[position:], wanted) for item in tree)
            if len(key) > 9 or int(key) >= len(tree):
                return False
            tree = tree[int(key)]
        else:
            return False
    found = _text(tree)
    return found == wanted or (found.count(":") == 5 and len(found) == 17 and found.lower() == wanted.lower())


def _with(item: Any, source: Path, start: int, value: Any) -> Any:
    """The item with another value at the path; None takes it away. Raises Faulty where the path leads nowhere."""
    key, place = source.keys[start], source.places[start]
    is_last = start + 1 == len(source.keys)
    if isinstance(item, list | tuple):
        if not key.isdecimal() or len(key) > 9 or int(key) >= len(item):
            raise Faulty(f"found '{key}', wanted one of the {len(item)} in the list: a number from 0", place)
        inner = value if is_last else _with(item[int(key)], source, start + 1, value)
        gone = is_last and value is None
        return [*item[: int(key)], *([] if gone else [inner]), *item[int(key) + 1 :]]
    if not isinstance(item, Mapping):
        raise Faulty(f"'{source.keys[start - 1]}' is no mapping, so nothing in it is called '{key}'", place)
    if is_last and value is None:
        return {each: inner for each, inner in item.items() if each != key}
    if value is None and key not in item:
        return item
    inner = value if is_last else _with(item.get(key, {}), source, start + 1, value)
    return {**item, key: inner}


def _text(value: Any) -> str:
    """A value as it is compared: on both sides as JSON would write it, text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
