"""Where in its files a policy says what: problems that are found after reading get their file and line here.

A problem knows the interface and the keys it is about; only here are those turned into a place, once for a report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.errors import Problem
from nncp_agent.kinds import KINDS
from nncp_agent.wire.report import Document, Path, dotted

Place = tuple[Document, Path]

_ENTRY: Final = re.compile(r"(routes|route-rules)\.config\[(\d+)\]")
_WORD: Final = re.compile(r"[^\s,;()'\"]+")


class Places(Frozen):
    """Each interface by name, and the entries of `routes.config` and `route-rules.config` in their order.

    `sections` are those that are said once.
    """

    interfaces: Mapping[str, Place]
    routes: Sequence[Place] = ()
    rules: Sequence[Place] = ()
    sections: Mapping[str, Place] = {}

    def located(self, problem: Problem) -> Problem:
        """`problem` with the place of what it speaks of; as it is where no document speaks of that."""
        if problem.source or problem.line is not None:
            return problem
        name, _, inner = problem.path.partition(": ")
        if name in self.interfaces:
            return _at(self.interfaces[name], problem, inner)
        if entry := _ENTRY.match(problem.path):
            places = self.routes if entry[1] == "routes" else self.rules
            if int(entry[2]) < len(places):
                return self._at_entry(places[int(entry[2])], problem, problem.path[entry.end() :])
        section, _, keys = problem.path.partition(".")
        if section in self.sections:
            return _at(self.sections[section], problem, keys)
        if name == "routes" and inner in self._destinations:
            return _at(self._destinations[inner], problem)
        return _at(self._mentions[name], problem) if name in self._mentions else problem

    def _at_entry(self, place: Place, problem: Problem, inner: str) -> Problem:
        """Entries are counted over all files; a user counts in one."""
        found = _at(place, problem, inner.removeprefix("."))
        return Problem(dotted(place[0].value, place[1]) + inner, found.message, found.source, found.line)

    @cached_property
    def _destinations(self) -> dict[str, Place]:
        entries = ((_item(place), place) for place in reversed(self.routes))
        return {str(entry.get("destination")): place for entry, place in entries if isinstance(entry, dict)}

    @cached_property
    def _mentions(self) -> dict[str, Place]:
        """Where an interface is first named that has no entry of its own: in a port list, as a base."""
        found: dict[str, Place] = {}
        for document, path in self.interfaces.values():
            for inner, word in _texts(_item((document, path))):
                found.setdefault(word, (document, (*path, *inner)))
        return found


def _at(place: Place, problem: Problem, inner: str = "") -> Problem:
    document, path = place
    line = document.line((*path, *_keys(inner, _item(place), problem.message)))
    return Problem(problem.path, problem.message, document.source, line)


def _item(place: Place) -> Any:
    tree: Any = place[0].value
    for key in place[1]:
        tree = tree[key]
    return tree


def _keys(inner: str, tree: Any, message: str) -> Iterator[str | int]:
    """The path into the document that `bridge.port[eth1].vlan` means; as far as it goes.

    Where it ends at a list, the last item that the message names: that one is too many, or unknown.
    """
    for part in inner.replace("[", ".[").split(".") if inner else ():
        key = _index(tree, part[1:-1]) if part.startswith("[") else _key(tree, part)
        if key is None:
            return
        tree = tree[key]
        yield key
    if isinstance(tree, list):
        words = {word.rstrip(".:") for word in _WORD.findall(message)}
        yield from [position for position, name in enumerate(_names(tree)) if name in words][-1:]


def _index(tree: Any, word: str) -> int | None:
    names = _names(tree) if isinstance(tree, list) else []
    position = names.index(word) if word in names else int(word) if word.isdigit() and len(word) < 9 else -1
    return position if 0 <= position < len(names) else None


def _names(items: list[Any]) -> list[object]:
    return [each.get("name") if isinstance(each, dict) else each for each in items]


def _key(tree: Any, word: str) -> str | None:
    """`word`, or what the author wrote for it."""
    if not isinstance(tree, dict):
        return None
    return next((key for key in (word, *_aliases().get(word, ())) if key in tree), None)


@cache
def _aliases() -> Mapping[str, Sequence[str]]:
    """Other words for keys of the kinds' sections; asked only when something is wrong."""
    found: dict[str, list[str]] = {}
    for kind in KINDS.values():
        for alias, meant in getattr(kind.Config, "aliases", {}).items():
            found.setdefault(meant, []).append(alias)
    return found


def _texts(tree: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every value that is text, with the path to it."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict | list):
        for key, inner in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _texts(inner, (*path, key))
