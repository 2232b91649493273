"""What the process that serves was asked and what it lent, tap by tap: a small file that others read."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping

from netkernel.frozen import Frozen
from netkernel.typed import Any, Final

REMEMBERED: Final = 64
"""Lines of each tap: a guest that talks without end hides nobody else's."""


LOCK: Final = ".lock"
"""The suffix of the file that a process has locked (flock(2)) as long as it serves."""


class Line(Frozen):
    """`at` is in seconds since 1970, as all times here."""

    at: float
    said: str


class Lease(Frozen):
    """An address that a guest was told is its own, from when until when."""

    ip: str
    since: float
    until: float


class OfTap(Frozen):
    """Of one tap; at most one lease of each family."""

    lines: tuple[Line, ...] = ()
    leases: tuple[Lease, ...] = ()


class Transcript:
    """That of a process: it goes on where the one before it ended."""

    def __init__(self, taps: Iterable[str], before: str = "") -> None:
        """`before` is what is in the file; what makes no sense is as if it was not there."""
        known = read(before)
        self._lines = {tap: deque(known.get(tap, OfTap()).lines, REMEMBERED) for tap in taps}
        self._leases = {tap: {_family(each.ip): each for each in known.get(tap, OfTap()).leases} for tap in self._lines}

    def note(self, at: float, tap: str, said: str, ip: str = "", lasts_s: int = 0) -> None:
        """A line; with an `ip` that is lent for so long, or given back when that is no time."""
        self._lines[tap].append(Line(at, said))
        if ip and lasts_s:
            self._leases[tap][_family(ip)] = Lease(ip, at, at + lasts_s)
        elif ip:
            self._leases[tap].pop(_family(ip), None)

    def text(self) -> str:
        """What goes into the file."""
        return json.dumps(
            {
                tap: {
                    "lines": [[each.at, each.said] for each in lines],
                    "leases": [[each.ip, each.since, each.until] for each in self._leases[tap].values()],
                }
                for tap, lines in self._lines.items()
            }
        )


def read(text: str) -> Mapping[str, OfTap]:
    """By tap. A file that is cut off or somebody else's says nothing."""
    try:
        return {tap: _of_tap(each) for tap, each in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, KeyError):
        return {}


def _of_tap(value: Mapping[str, Any]) -> OfTap:
    lines = tuple(Line(float(at), str(said)) for at, said in value["lines"])
    return OfTap(lines, tuple(Lease(str(ip), float(since), float(until)) for ip, since, until in value["leases"]))


def _family(ip: str) -> int:
    return 6 if ":" in ip else 4
