"""The door for YAML and JSON: text from users into plain values, or one readable sentence about what is wrong.

YAML 1.1 turned `on`, `010`, `1_000`, `11:22:33:44:55:06` and dates into something nobody wrote; here they stay text.
Typed are true, false, null, decimal and 0x integers, and floats with a dot. Keys are always text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from netkernel.documents.base import LARGEST, Repeated, Unreadable
from netkernel.frozen import Frozen, fact

__all__ = ["LARGEST", "Document", "Unreadable", "read"]


class Document(Frozen):
    """One document: plain dicts, lists, text, numbers, true, false and None, and where it came from."""

    value: object
    source: str = ""
    text: str = fact(default="")  # the whole text it was read from
    number: int = fact(default=0)  # which document of that text, counted from 0

    def line(self, path: Sequence[str | int]) -> int | None:
        """The line (from 1) of the key or item at `path`, or of the nearest thing around it; None without a text."""
        wanted = tuple(path)
        while wanted and wanted not in self._lines:
            wanted = wanted[:-1]
        return self._lines.get(wanted)

    @cached_property
    def _lines(self) -> Mapping[tuple[str | int, ...], int]:
        """Found by a second walk, because only a document with problems needs them."""
        return _lines_of(self.text, self.source)[self.number] if self.text else {}


def read(text: str | bytes, source: str = "") -> tuple[Document, ...]:
    """All documents of a text, without empty ones. JSON is tried first when it begins with a bracket.

    Raises Unreadable for whatever cannot be read; `source` is the name to blame, usually a file.
    """
    clean = _clean(text, source)
    try:
        values = None
        if _is_bracketed(clean):
            from netkernel.documents import json_text  # late: who reads the other, or nothing, saves its import

            values = json_text.values(clean, source)
        if values is None:
            from netkernel.documents import yaml_text  # late, as above

            values = yaml_text.values(clean, source)
    except Repeated:
        _lines_of(clean, source)
        raise
    numbered = enumerate(values)
    return tuple(Document(value, source, clean, number) for number, value in numbered if value is not None)


def _is_bracketed(text: str) -> bool:
    """Whether this may be JSON; YAML in flow style looks the same from here."""
    return text.lstrip()[:1] in ("{", "[")


def _clean(text: str | bytes, source: str) -> str:
    if len(text) > LARGEST:
        raise Unreadable(source, None, f"larger than {LARGEST // 2**20} MB: no network state is that large")
    clean = _decoded(text, source) if isinstance(text, bytes) else text
    if "\0" in clean:
        raise Unreadable(source, clean.count("\n", 0, clean.index("\0")) + 1, "a NUL byte: this is not a text file")
    try:
        clean.encode()
    except UnicodeEncodeError as error:
        raise Unreadable(source, clean.count("\n", 0, error.start) + 1, "half of a surrogate pair") from None
    # Web pages put U+00A0 where a blank was meant, and nmstate takes it for one.
    return clean.removeprefix("\ufeff").replace("\u00a0", " ")


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(source, line, f"not UTF-8 text (byte {data[error.start]:#04x})") from None


def _lines_of(text: str, source: str) -> list[dict[tuple[str | int, ...], int]]:
    """For each document where every key and item stands. Raises Unreadable for a key that stands twice."""
    from netkernel.documents import json_text, lines

    steps = json_text.events(text) if _is_bracketed(text) else None
    if steps is None:
        from netkernel.documents import yaml_text

        steps = yaml_text.events(text, source)
    return lines.walk(steps, source)
