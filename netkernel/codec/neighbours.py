"""Neighbours somebody configured, and proxies: RTM_NEWNEIGH and RTM_DELNEIGH (linux/neighbour.h)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from struct import Struct

from netkernel import tlv
from netkernel.codec.addresses import ip
from netkernel.codec.forms import IndexOf, Names, mac
from netkernel.errors import MalformedMessage
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import Neighbour
from netkernel.typed import Final

NEW: Final = 28
DELETE: Final = 29
GET: Final = 30

PERMANENT: Final = 0x80  # NUD_PERMANENT
PROXY: Final = 0x08  # NTF_PROXY
_KEPT: Final = PROXY | 0x80 | 0x10  # and NTF_ROUTER, NTF_EXT_LEARNED

_HEADER: Final = Struct("=BxxxiHBB")
_DST, _LLADDR = 1, 2


def dump_request(*, proxies: bool = False) -> bytes:
    return _HEADER.pack(0, 0, 0, PROXY if proxies else 0, 0)


def read(data: bytes, start: int, end: int, names: Names) -> Neighbour | None:
    """The entry in a message; None for one that was learned, and for families without IP. Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a neighbour message of {end - start} bytes")
    family, index, state, flags, _ = _HEADER.unpack_from(data, start)
    if not (state & PERMANENT or flags & PROXY) or family not in (AF_INET, AF_INET6):
        return None
    link = names.get(index, "")
    found = address = ""
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _DST:
            found = ip(family, data[first:last])
        elif number == _LLADDR:
            address = mac(data[first:last])
    if not found or (index and not link):
        return None
    return Neighbour(link, found, address, state, flags & _KEPT)


def add(neighbour: Neighbour, index_of: IndexOf) -> Message:
    parts = [tlv.attribute(_DST, _raw(neighbour.ip))]
    if neighbour.address:
        parts.append(tlv.attribute(_LLADDR, bytes.fromhex(neighbour.address.replace(":", ""))))
    return Message(NEW, CREATE | EXCLUSIVE, _header(neighbour, index_of) + b"".join(parts))


def delete(neighbour: Neighbour, index_of: IndexOf) -> Message:
    return Message(DELETE, 0, _header(neighbour, index_of) + tlv.attribute(_DST, _raw(neighbour.ip)))


def _header(neighbour: Neighbour, index_of: IndexOf) -> bytes:
    family = AF_INET6 if ":" in neighbour.ip else AF_INET
    index = index_of(neighbour.link) if neighbour.link else 0
    return _HEADER.pack(family, index, neighbour.state, neighbour.flags, 0)


def _raw(text: str) -> bytes:
    return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
