"""Where every key and item of a text stands, for error messages."""

from __future__ import annotations

from collections.abc import Iterable

from netkernel.documents.base import Event, Unreadable

Path = tuple[str | int, ...]


class _Open:
    """A mapping or list the walk is in. `due` is the key whose value comes next, or the number of the next item."""

    def __init__(self, path: Path, due: str | int | None) -> None:
        self.path = path
        self.due = due


def walk(events: Iterable[Event], source: str) -> list[dict[Path, int]]:
    """The lines of each document by path. Raises Unreadable for a key that stands twice in one mapping."""
    documents: list[dict[Path, int]] = []
    around: list[_Open] = []
    for mark, text, line in events:
        if mark in "}]":
            around.pop()
            continue
        if not around:
            documents.append({(): line})
        path = _path(around[-1], text, line, documents[-1], source) if around else ()
        if path is not None and mark in "{[":
            around.append(_Open(path, None if mark == "{" else 0))
    return documents


def _path(inner: _Open, text: str, line: int, lines: dict[Path, int], source: str) -> Path | None:
    """The path of the value that begins here; None when it is a key, whose value is due then."""
    if inner.due is None:
        key = (*inner.path, text)
        if key in lines:
            raise Unreadable(source, line, f"key '{text}' stands twice, first in line {lines[key]}")
        lines[key], inner.due = line, text
        return None
    path = (*inner.path, inner.due)
    lines.setdefault(path, line)
    inner.due = None if isinstance(inner.due, str) else inner.due + 1
    return path
