"""Netlink attributes: type-length-value, padded to four bytes (linux/netlink.h struct nlattr). Host byte order."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from netkernel.errors import MalformedMessage
from netkernel.typed import Final

HEADER: Final = Struct("=HH")
NESTED: Final = 0x8000
"""NLA_F_NESTED; the kernel wants it on what it parses strictly, and takes it everywhere else."""
NUMBER: Final = 0x3FFF
"""NLA_TYPE_MASK: what is left of a type without its two flag bits."""

_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
_U8: Final = Struct("=HHBxxx")
_U16: Final = Struct("=HHHxx")
_U32: Final = Struct("=HHI")
_S32: Final = Struct("=HHi")
_U64: Final = Struct("=HHQ")
_HALF: Final = Struct("=H")
_WORD: Final = Struct("=I")
_SIGNED: Final = Struct("=i")
_LONG: Final = Struct("=Q")


def attribute(number: int, payload: bytes) -> bytes:
    """One attribute, padded. Raises ValueError when the payload is longer than a length field can say."""
    if len(payload) > 0xFFFF - 4:
        raise ValueError(f"attribute {number}: {len(payload)} bytes do not fit in one attribute")
    return HEADER.pack(len(payload) + 4, number) + payload + _PADDING[len(payload) & 3]


def nest(number: int, *attributes: bytes) -> bytes:
    """An attribute made of attributes."""
    return attribute(number | NESTED, b"".join(attributes))


def u8(number: int, value: int) -> bytes:
    return _U8.pack(5, number, value)


def u16(number: int, value: int) -> bytes:
    return _U16.pack(6, number, value)


def u32(number: int, value: int) -> bytes:
    return _U32.pack(8, number, value)


def s32(number: int, value: int) -> bytes:
    return _S32.pack(8, number, value)


def u64(number: int, value: int) -> bytes:
    return _U64.pack(12, number, value)


def text(number: int, value: str) -> bytes:
    """A string with its NUL. Link names may hold any bytes, which `surrogateescape` carries through."""
    return attribute(number, value.encode("utf-8", "surrogateescape") + b"\0")


def walk(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The attributes between two offsets, as (number, start of payload, end of payload).

    Raises MalformedMessage when a length points outside or is shorter than its own header.
    """
    unpack = HEADER.unpack_from
    while end - start >= 4:
        length, number = unpack(data, start)
        stop = start + length
        if length < 4 or stop > end:
            raise MalformedMessage(f"attribute {number & NUMBER} at byte {start} says {length} of {end - start} bytes")
        yield number & NUMBER, start + 4, stop
        start += (length + 3) & ~3
    if start < end:
        raise MalformedMessage(f"{end - start} stray bytes after the last attribute")


def read_text(data: bytes, start: int, end: int) -> str:
    """A string, up to its NUL if there is one."""
    return text_of(data[start:end])


def text_of(raw: bytes) -> str:
    """As `read_text`, of the payload itself."""
    zero = raw.find(b"\0")
    return (raw if zero < 0 else raw[:zero]).decode("utf-8", "surrogateescape")


def read_u8(data: bytes, start: int, end: int) -> int:
    if end - start < 1:
        raise MalformedMessage("an attribute of one byte is empty")
    return data[start]


def read_u16(data: bytes, start: int, end: int) -> int:
    return int(_HALF.unpack_from(data, start)[0]) if end - start >= 2 else _short(2, end - start)


def read_u32(data: bytes, start: int, end: int) -> int:
    return int(_WORD.unpack_from(data, start)[0]) if end - start >= 4 else _short(4, end - start)


def read_s32(data: bytes, start: int, end: int) -> int:
    return int(_SIGNED.unpack_from(data, start)[0]) if end - start >= 4 else _short(4, end - start)


def read_u64(data: bytes, start: int, end: int) -> int:
    return int(_LONG.unpack_from(data, start)[0]) if end - start >= 8 else _short(8, end - start)


def _short(wanted: int, found: int) -> int:
    raise MalformedMessage(f"an attribute of {wanted} bytes has {found}")
