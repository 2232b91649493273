"""Names on the wire (RFC 1035) and in text, as servers of addresses tell them: what is none counts as not said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_POINTER: Final = 0xC0
_LONGEST_NAME: Final = 253
_LABEL: Final = re.compile(rb"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def is_name(bare: bytes) -> bool:
    """Whether it is a host or domain name without the dot of the root."""
    return 0 < len(bare) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in bare.split(b"."))


def name(value: bytes | None) -> str:
    """A host or domain name as text; "" for what is none, for it goes into files and system calls."""
    bare = (value or b"").rstrip(b"\0").rstrip(b".")
    return bare.decode("ascii") if is_name(bare) else ""


def text(value: bytes | None) -> str:
    """What a server wants a person to read, made harmless."""
    words = (value or b"").decode("utf-8", "replace")
    return "".join(each for each in words if each.isprintable())


def domains(value: bytes | None) -> tuple[str, ...]:
    """A search list (RFC 3397): names of RFC 1035, compressed against the option itself."""
    data = value or b""
    found: list[str] = []
    position = 0
    while position < len(data):
        read = _name_at(data, position)
        if read is None:
            return ()
        labels, position = read
        if is_name(joined := b".".join(labels)):
            found.append(joined.decode("ascii"))
    return tuple(dict.fromkeys(found))


def pack_domains(names: Iterable[str]) -> bytes:
    """Without compression. Raises ValueError for what is no name."""
    return b"".join(pack_name(each) for each in names)


def pack_client_name(full_name: str) -> bytes:
    """As clients tell theirs: one without a domain is left open, for the server to complete it (RFC 4702 section 2.3.1,
    RFC 4704 section 4.2). Raises ValueError for what is no name."""
    wire = pack_name(full_name)
    return wire if "." in full_name.rstrip(".") else wire[:-1]


def pack_name(full_name: str) -> bytes:
    """Raises ValueError for what is no name."""
    bare = full_name.rstrip(".").encode("ascii", "replace")
    if not is_name(bare):
        raise ValueError(f"{full_name[:80]!r}: no domain name")
    return b"".join(bytes((len(label),)) + label for label in bare.split(b".")) + b"\0"


def _name_at(data: bytes, start: int) -> tuple[tuple[bytes, ...], int] | None:
    """The labels of the name there, and where the next name begins; None when it is malformed or never ends."""
    labels: list[bytes] = []
    after = 0
    for position in _label_starts(data, start):
        length = data[position]
        if length >= _POINTER:
            after = after or position + 2
        elif length == 0:
            return tuple(labels), after or position + 1
        else:
            labels.append(data[position + 1 : position + 1 + length])
    return None


def _label_starts(data: bytes, start: int) -> Iterator[int]:
    """Where labels, pointers and the end of the name at `start` stand. Pointers only lead back, so it ends."""
    position, limit, left = start, start, 256
    while position < len(data) and (left := left - 1):
        length = data[position]
        yield position
        if length == 0:
            return
        if length >= _POINTER:
            if position + 1 >= len(data):
                return
            target = (length & ~_POINTER) << 8 | data[position + 1]
            if target >= limit:
                return
            position = limit = target
        elif length < 64:
            position += 1 + length
        else:
            return
