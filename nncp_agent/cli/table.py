"""Columns of text in groups. A cell may have several lines; a column in which nobody has anything is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from nncp_agent.cli.terminal import Style, harmless, width

Cell = str | Sequence[str]
Row = Sequence[Cell]
Paint = Callable[[str], str]


def render(
    headers: Sequence[str],
    groups: Mapping[str, Sequence[Row]],
    style: Style | None = None,
    paint: Callable[[str, str], str] = lambda header, text: text,
    expendable: Sequence[str] = (),
) -> str:
    """The table; a group named "" has no heading. `paint(header, text)` colours a cell after it was measured.

    Where a terminal is too narrow, columns of `expendable` are left out one by one until the rest fits.
    """
    style = style or Style()
    rows = [row for group in groups.values() for row in group]
    if not rows:
        return ""
    indent = "  " if any(groups) else ""
    wide = {
        at: max(width(line) for line in [headers[at], *(x for row in rows for x in _lines(row[at]))])
        for at in range(len(headers))
        if at == 0 or any(_lines(row[at]) for row in rows)
    }
    for header in expendable:
        if style.columns and len(indent) + sum(wide.values()) + 2 * (len(wide) - 1) > style.columns:
            wide.pop(headers.index(header), None)
    kept = list(wide)

    def line(cells: Sequence[str], first: str, painted: bool) -> str:
        texts = [
            (paint(headers[at], cell) if painted else cell) + " " * (wide[at] - width(cell))
            for at, cell in zip(kept, cells, strict=True)
        ]
        return (first + "  ".join(texts)).rstrip() + "\n"

    out = [style.bold(line([headers[at] for at in kept], indent, painted=False).rstrip("\n")) + "\n"]
    for name, group in groups.items():
        out += [style.bold(harmless(name)) + "\n"] if name else []
        for row in group:
            for cells in zip_longest(*(_lines(row[at]) or [""] for at in kept), fillvalue=""):
                out.append(line(cells, indent, painted=True))
    return "".join(out)


def _lines(cell: Cell) -> list[str]:
    return [harmless(line) for line in ([cell] if isinstance(cell, str) else cell) if line]


def packed(words: Sequence[str], wide: int) -> list[str]:
    """`words` with commas between them, on as few lines of about `wide` columns as they need."""
    lines: list[str] = []
    for position, word in enumerate(words):
        piece = word + ("," if position < len(words) - 1 else "")
        if lines and width(lines[-1]) + 1 + width(piece) <= wide:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines
