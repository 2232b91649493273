"""Where in a file a character of a text within it stands."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.documents import Document
from netkernel.documents.places import Path, Places, lines
from nncp_agent.definitions.findings import Finding


class Locator:
    """Knows for each offset in a text, its end included, the offset in the file."""

    def __init__(self, source: str, whole: str, offsets: Sequence[int]) -> None:
        self.source = source
        self._whole = whole
        self._offsets = offsets

    @classmethod
    def of_text(cls, source: str, text: str) -> Locator:
        """A file that is the text."""
        return cls(source, text, range(len(text) + 1))

    @classmethod
    def of_scalar(cls, document: Document, path: Path, text: str) -> Locator:
        """A text that stands at a path of a document; with "" the beginning of whatever stands there."""
        places = _places(document)
        offsets = places.inside(path, text) if text else [places.of(path)]
        return cls(document.source, document.text, offsets)

    def finding(self, offset: int, message: str, *, is_warning: bool = False) -> Finding:
        at = self._offsets[min(offset, len(self._offsets) - 1)]
        before = self._whole[:at]
        line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        return Finding(self.source, line, column, message, is_warning, "\n".join(lines(self._whole, at)))


_KNOWN: dict[int, tuple[Document, Places]] = {}


def _places(document: Document) -> Places:
    """Found once for each document: a file may hold a hundred definitions."""
    known = _KNOWN.get(id(document))
    if known is None or known[0] is not document:
        known = _KNOWN[id(document)] = (document, Places(document))
    return known[1]
