"""Where the words of a document stand to the column, also inside a text that is folded, quoted or a block.

For readers of documents within documents: the JSON that stands as one text in a YAML manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netkernel.documents import Document
from netkernel.typed import Final

Path = tuple[str | int, ...]
Span = tuple[int, int]
Step = tuple[str, str, int, int]
"""As `base.Event`, with where it begins and ends in the whole text instead of the line."""
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Places:
    """The places of one document: `line_and_column` of any offset, `inside` of a text's characters."""

    def __init__(self, document: Document) -> None:
        from netkernel.documents import json_text, yaml_text  # late: only who complains needs them

        self._text = document.text
        steps: Iterable[Step] | None = None
        if document.text.lstrip()[:1] in ("{", "["):
            steps = json_text.steps(document.text)
        if steps is None:
            steps = yaml_text.steps(document.text, document.source)
        self._spans = _spans(steps)[document.number]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Both from 1."""
        before = self._text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def of(self, path: Sequence[str | int]) -> int:
        """Where the value at a path, or the nearest thing around it, begins."""
        wanted = tuple(path)
        while wanted and wanted not in self._spans:
            wanted = wanted[:-1]
        return self._spans.get(wanted, (0, 0))[0]

    def inside(self, path: Sequence[str | int], value: str) -> list[int]:
        """For each character of the text `value` that stands at `path`, and for its end, where in the document it is.

        A text has the characters of the document in their order, but for blanks and what quotes them.
        """
        first, last = self._spans[tuple(path)]
        raw = self._text
        if raw[first : first + 1] in ("|", ">"):
            first = raw.find("\n", first, last) + 1 or last
        escapes = raw[first : first + 1] == '"'
        found, at = [], first
        for character in value:
            if character.isspace():
                found.append(at)
                continue
            while at < last and not _begins(raw, at, character, escapes):
                at += 2 if escapes and raw[at] == "\\" else 1
            found.append(min(at, last))
            at += 2 if escapes and raw[at : at + 1] == "\\" else 1
        return [*found, min(at, last)]


def _begins(raw: str, at: int, character: str, escapes: bool) -> bool:
    if escapes and raw[at] == "\\":
        escaped = raw[at + 1 : at + 2]
        return _ESCAPED.get(escaped, escaped) == character
    return raw[at] == character


def _spans(steps: Iterable[Step]) -> list[dict[Path, Span]]:
    """The spans of all values of each document, by path."""
    documents: list[dict[Path, Span]] = []
    around: list[tuple[Path, list[str | int | None]]] = []
    for mark, text, start, end in steps:
        if mark in "}]":
            around.pop()
            continue
        if not around:
            documents.append({})
            path: Path = ()
        else:
            outer, due = around[-1]
            if due[0] is None:
                due[0] = text
                continue
            path = (*outer, due[0])
            due[0] = None if isinstance(due[0], str) else due[0] + 1
        documents[-1].setdefault(path, (start, end))
        if mark in "{[":
            around.append((path, [None if mark == "{" else 0]))
    return documents


def lines(text: str, offset: int) -> Iterator[str]:
    """The line of an offset, and one with a caret under the offset."""
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].partition("\n")[0].replace("\t", " ")
    yield line
    yield " " * (offset - start) + "^"
