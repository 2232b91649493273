"""What is wrong, or odd, with a definition or a reference: where, and in which words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from netkernel.frozen import Frozen

Path = tuple[str | int, ...]


class Finding(Frozen):
    """`line` and `column` count from 1; 0 where nobody knows. `is_warning` when pods would get along with it.

    `excerpt` is the line, with a caret under the place.
    """

    source: str
    line: int
    column: int
    message: str
    is_warning: bool = False
    excerpt: str = ""

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        where = f"{self.source}:{self.line}{column}" if self.line else self.source
        return f"{where}: {'warning' if self.is_warning else 'error'}: {self.message}"


class Said(Frozen):
    """The same, within a configuration: `path` leads to a value, or with `is_key` to a key."""

    path: Path
    message: str
    is_warning: bool = False
    is_key: bool = False


def spelled(path: Path) -> str:
    """As people write it: plugins[0].vlanTrunk[1].id."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest, as the end of a sentence; nothing where none is near."""
    words = list(known)
    folded = {each.lower(): each for each in words}
    close = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f": did you mean {folded[close[0]]}?" if close else ""


def listed(words: Iterable[str], most: int = 6) -> str:
    """Some of them, with commas."""
    known = list(words)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
