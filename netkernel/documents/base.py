"""What the readers of YAML and JSON share: the limits, the error, and the steps of a walk through a text."""

from __future__ import annotations

from netkernel.errors import Unreadable
from netkernel.typed import Final

__all__ = ["DEEPEST", "LARGEST", "MOST_NODES", "TOO_DEEP", "Event", "Repeated", "Unreadable"]

LARGEST: Final = 8 * 2**20
"""Bytes of one text. 1000 interfaces are a quarter of a megabyte."""
DEEPEST: Final = 64
"""Levels of mappings and lists; no network state has more than ten."""
MOST_NODES: Final = 1_000_000
"""Values of one text with its aliases written out; more is a bomb of aliases."""

TOO_DEEP: Final = f"nested deeper than {DEEPEST} levels"


class Repeated(Exception):
    """Some mapping says a key twice; whoever needs the lines walks the text again."""


Event = tuple[str, str, int]
"""One step through a text: `{`, `}`, `[`, `]` or `.` for a scalar, the scalar's text, the line where it stands."""
