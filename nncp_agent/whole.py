"""All problems in one report: those of the words, and those that what was understood has on this host.

What was not understood must not be complained about twice. So a complaint of the second sort is left out when it may
come from the first: when in doubt it waits for the next report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from netkernel.host import Host
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.judge import Refusals
from nncp_agent.model import NetworkState
from nncp_agent.plan import nothing_refused, problems
from nncp_agent.shown.identifiers import OTHERS
from nncp_agent.wire import Decoded

_ROUTES: Final = re.compile(r"(^|\.)routes\.config\[")
_RULES: Final = re.compile(r"(^|\.)route-rules\.config\[")
_HEAD: Final = re.compile(r"^(items\[[^.]*\]\.)?(apiVersion|metadata\.name)$")
"""With them go the places outside interfaces whose loss leaves the interfaces as they were asked for."""
_ENTRIES: Final = (_ROUTES, _RULES, _HEAD)
_ALONE: Final = ("hostname", "dns-resolver")
"""Sections that say nothing about any other."""
_IDENTITY: Final = frozenset({"", "name", "type", "state", "identifier", "profile-name", *OTHERS})
"""Keys without which nobody knows what the rest is about."""
_GUESS: Final = re.compile(r"did you mean '([^']+)'")
_NAME: Final = re.compile(r"[^\s,;:()'\"]+")


def refuse(
    decoded: Decoded, before: Host, committed: NetworkState | None = None, refusals: Refusals = nothing_refused
) -> None:
    """Raises InvalidPolicy if reading found any problem, with what is wrong on `before` with all that was read well."""
    if not decoded.problems:
        return
    further: Sequence[Problem] = ()
    outside = [problem.path for problem in decoded.problems if not _is_about_an_interface(problem, decoded)]
    if all(path.partition(".")[0] in _ALONE or any(each.search(path) for each in _ENTRIES) for path in outside):
        lost = _lost(decoded)
        desired = replace(
            decoded.desired,
            interfaces=tuple(each for each in decoded.desired.interfaces or () if each.name not in lost),
            routes=None if any(map(_ROUTES.search, outside)) else decoded.desired.routes,
            hostname=None if _speaks_of("hostname", outside) else decoded.desired.hostname,
            dns_resolver=None if _speaks_of("dns-resolver", outside) else decoded.desired.dns_resolver,
            route_rules=None if any(map(_RULES.search, outside)) else decoded.desired.route_rules,
        )
        found = problems(desired, before, committed or NetworkState(), refusals)
        doubts = _Doubts(decoded.problems, lost)
        further = decoded.located([problem for problem in found if not doubts.cover(problem)])
    raise InvalidPolicy((*decoded.problems, *further))


def _speaks_of(section: str, paths: Sequence[str]) -> bool:
    return any(path.partition(".")[0] == section for path in paths)


def _is_about_an_interface(problem: Problem, decoded: Decoded) -> bool:
    return problem.path.partition(": ")[0] in decoded.places.interfaces


def _lost(decoded: Decoded) -> frozenset[str]:
    """Interfaces that were not read, or in doubt which they are or what shall become of them."""
    by_mac = {each.name for each in decoded.desired.interfaces or () if each.identifier is not None}
    lost = decoded.places.interfaces.keys() - {each.name for each in decoded.desired.interfaces or ()}
    for problem in decoded.problems:
        name, _, inner = problem.path.partition(": ")
        if name in by_mac or any(keys == () or keys[0] in _IDENTITY for keys in _meant(inner, problem.message)):
            lost.add(name)
    return frozenset(lost)


class _Doubts:
    """What the problems of reading make doubtful."""

    def __init__(self, problems: Sequence[Problem], lost: frozenset[str]) -> None:
        self._lost = lost
        self._keys: dict[str, list[tuple[str, ...]]] = {}
        for problem in problems:
            name, _, inner = problem.path.partition(": ")
            self._keys.setdefault(name, []).extend(_meant(inner, problem.message))

    def cover(self, problem: Problem) -> bool:
        """Whether the complaint may come from something that was not understood."""
        name, _, inner = problem.path.partition(": ")
        words = {word.rstrip(".") for word in _NAME.findall(f"{inner} {problem.message}")}
        if name in self._lost or not words.isdisjoint({*self._keys, *self._lost} - {name}):
            return True
        words |= {word.removesuffix("s") for word in words}  # "one of its ports" speaks of the key `port`
        keys, at = self._keys.get(name, []), _keys(inner)
        if any(not words.isdisjoint(key[-1:]) or all(a == b for a, b in zip(key, at, strict=False)) for key in keys):
            return True
        return problem.message.startswith("missing") and _is_like(
            at[-1], [key[-1] for key in keys if key[:-1] == at[:-1]]
        )


def _is_like(key: str, others: Sequence[str]) -> bool:
    """Whether it may be what one of them was to be, though another is nearer (`portq`: `port1`, or `port2`)."""
    from difflib import get_close_matches  # late: only for what is misspelt

    return bool(get_close_matches(key, others, 1))


def _meant(inner: str, message: str) -> Iterator[tuple[str, ...]]:
    """The key in question and, if nobody knows it, the one that was probably meant, else all beside it."""
    keys = _keys(inner)
    yield keys
    guesses = _GUESS.findall(message)
    for guess in guesses:
        yield (*keys[:-1], guess)
    if message.startswith("unknown key") and not guesses:
        yield keys[:-1]


def _keys(inner: str) -> tuple[str, ...]:
    return tuple(inner.replace("[", ".[").split("."))
