"""Endpoints and limits of MPTCP's path manager in generic netlink (linux/mptcp_pm.h)."""

from __future__ import annotations

import _socket as socket  # as in netlink
from collections.abc import Mapping

from netkernel import tlv
from netkernel.netlink import Span
from netkernel.records import Endpoint
from netkernel.typed import Final

FAMILY: Final = "mptcp_pm"
ADD, DELETE, GET, GET_LIMITS = 1, 2, 3, 6
"""MPTCP_PM_CMD_."""
IMPLICIT: Final = 0x10
"""MPTCP_PM_ADDR_FLAG_IMPLICIT: the kernel has made it for a connection, and whoever configures it replaces it."""
_ENDPOINT: Final = 1
_ACCEPTED, _SUBFLOWS = 2, 3
_FAMILY, _ID, _ADDRESS4, _ADDRESS6, _PORT, _FLAGS, _LINK = range(1, 8)


def read(span: Span, names: Mapping[int, str]) -> Endpoint | None:
    """`names` are those of links by index; a link that is gone is none. None for what the kernel made by itself.

    Raises MalformedMessage.
    """
    data, start, end = span
    ip, link, id, port, flags = "", 0, 0, 0, 0
    for outer, at, stop in tlv.walk(data, start, end):
        for number, first, last in tlv.walk(data, at, stop) if outer == _ENDPOINT else ():
            if number == _ID:
                id = tlv.read_u8(data, first, last)
            elif number in (_ADDRESS4, _ADDRESS6):
                family = socket.AF_INET if number == _ADDRESS4 else socket.AF_INET6
                ip = socket.inet_ntop(family, data[first:last])
            elif number == _PORT:
                port = tlv.read_u16(data, first, last)
            elif number == _FLAGS:
                flags = tlv.read_u32(data, first, last)
            elif number == _LINK:
                link = tlv.read_s32(data, first, last)
    return Endpoint(ip, flags, names.get(link, ""), port, id) if ip and not flags & IMPLICIT else None


def read_limits(span: Span) -> Mapping[str, int]:
    """How many `subflows` a connection may have beside its first, how many addresses of its peer it takes up."""
    data, start, end = span
    words = {_ACCEPTED: "add-addr-accepted", _SUBFLOWS: "subflows"}
    found = ((words.get(number), first, last) for number, first, last in tlv.walk(data, start, end))
    return {word: tlv.read_u32(data, first, last) for word, first, last in found if word}


def add(endpoint: Endpoint, index: int) -> bytes:
    """With its id where it has one; else the kernel chooses. `index` is its link's, 0 for none."""
    is_six = ":" in endpoint.ip
    family = socket.AF_INET6 if is_six else socket.AF_INET
    return tlv.nest(
        _ENDPOINT,
        tlv.u16(_FAMILY, family),
        tlv.attribute(_ADDRESS6 if is_six else _ADDRESS4, socket.inet_pton(family, endpoint.ip)),
        *([tlv.u8(_ID, endpoint.id)] if endpoint.id else []),
        *([tlv.u16(_PORT, endpoint.port)] if endpoint.port else []),
        tlv.u32(_FLAGS, endpoint.flags),
        *([tlv.s32(_LINK, index)] if index else []),
    )


def delete(endpoint: Endpoint) -> bytes:
    """By its id, which the kernel has told."""
    is_six = ":" in endpoint.ip
    family = socket.AF_INET6 if is_six else socket.AF_INET
    address = tlv.attribute(_ADDRESS6 if is_six else _ADDRESS4, socket.inet_pton(family, endpoint.ip))
    return tlv.nest(_ENDPOINT, tlv.u16(_FAMILY, family), address, tlv.u8(_ID, endpoint.id))
