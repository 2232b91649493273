"""Bold, dim and red, where they are seen and wanted; names from the kernel made harmless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from netkernel.frozen import Frozen


class Style(Frozen):
    """How to print. `unicode` allows box-drawing characters; `columns` is how wide, 0 as wide as it gets."""

    color: bool = False
    unicode: bool = True
    columns: int = 0

    def bold(self, text: str) -> str:
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        return self._paint("2", text)

    def alarming(self, text: str) -> str:
        return self._paint("31", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def style(stream: TextIO, environ: Mapping[str, str], columns: int = 0) -> Style:
    """What `stream` can show and its user wants (no-color.org)."""
    color = stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
    return Style(color=color, unicode=encoding == "utf8", columns=columns if stream.isatty() else 0)


def harmless(text: str) -> str:
    """The kernel takes escape sequences as names; a terminal must not obey them."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def width(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # late: names are nearly always ASCII

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
