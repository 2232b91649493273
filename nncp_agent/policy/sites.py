"""Where in its file an expression stands, down to the column, and how it looks with a caret under what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from netkernel.documents import Document
from nncp_agent.errors import Problem
from nncp_agent.policy.lexer import Faulty

_AHEAD: Final = 20_000
"""Characters after the line of its key in which an expression is looked for."""
_BEFORE: Final = 60
_AFTER: Final = 60


class Site(NamedTuple):
    """A line and a column, both counted from 1; None for what is not known."""

    line: int | None
    column: int | None


def problem(document: Document, place: Sequence[str | int], words: str, text: str, error: Faulty) -> Problem:
    """`error`, which an expression `text` at `place` has, with its file, line, column and a caret."""
    site = found(document, place, text, error.at)
    excerpt = caret(text, error.at) if text else ""
    return Problem(words, error.message, document.source, site.line, column=site.column, excerpt=excerpt)


def found(document: Document, place: Sequence[str | int], text: str, at: int) -> Site:
    """Where character `at` of a scalar that reads `text` stands: it may be folded over lines, and indented."""
    line = document.line(place)
    if line is None:
        return Site(None, None)
    words = text.split()
    begin = _start_of(document.text, line)
    if not words or len(text) > _AHEAD:
        return Site(line, None)
    match = re.compile(r"\s+".join(map(re.escape, words))).search(document.text, begin, begin + _AHEAD)
    if match is None:  # quoted with escapes: the line of its key is near enough
        return Site(line, None)
    position = _nth_visible(match[0], len("".join(text[:at].split())))
    before = document.text[begin : match.start() + position]
    return Site(line + before.count("\n"), len(before) - (before.rfind("\n") + 1) + 1)


def caret(text: str, at: int) -> str:
    """The expression on a line of its own, and a `^` under character `at` of it."""
    flat = "".join(" " if char.isspace() else char if char.isprintable() else "?" for char in text)
    at = min(at, len(flat))
    begin, end = max(at - _BEFORE, 0), at + _AFTER
    head, tail = ("…" if begin else ""), ("…" if end < len(flat) else "")
    return f"    {head}{flat[begin:end]}{tail}\n    {' ' * (at - begin + len(head))}^"


def _start_of(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at


def _nth_visible(text: str, number: int) -> int:
    """Position of the character before which there are `number` that are not blank."""
    seen = 0
    for position, char in enumerate(text):
        if not char.isspace():
            if seen == number:
                return position
            seen += 1
    return len(text)
