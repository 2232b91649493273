"""Nexthop objects: RTM_NEWNEXTHOP and RTM_DELNEXTHOP (linux/nexthop.h)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from struct import Struct

from netkernel import tlv
from netkernel.codec.addresses import ip
from netkernel.codec.forms import IndexOf, Names
from netkernel.errors import MalformedMessage
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import Nexthop
from netkernel.typed import Final

NEW: Final = 104
DELETE: Final = 105
GET: Final = 106

_HEADER: Final = Struct("=BBBxI")
_ID, _GROUP, _GROUP_TYPE, _BLACKHOLE, _OIF, _GATEWAY = 1, 2, 3, 4, 5, 6
_MEMBER: Final = Struct("=IBBH")  # id, weight - 1, its high byte on new kernels, reserved
_FAMILIES: Final = {AF_INET: 4, AF_INET6: 6}
_ONLINK: Final = 0x4
_FACTS: Final = frozenset({14, 15, 16})  # NHA_OP_FLAGS, NHA_GROUP_STATS, NHA_HW_STATS_ENABLE


def dump_request() -> bytes:
    return _HEADER.pack(0, 0, 0, 0)


def read(data: bytes, start: int, end: int, names: Names) -> Nexthop:
    """Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a nexthop message of {end - start} bytes")
    family, scope, protocol, flags = _HEADER.unpack_from(data, start)
    id = 0
    link = gateway = ""
    group: tuple[tuple[int, int], ...] = ()
    blackhole = False
    extra = b""
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _ID:
            id = tlv.read_u32(data, first, last)
        elif number == _OIF:
            link = names.get(tlv.read_u32(data, first, last), "")
        elif number == _GATEWAY:
            gateway = ip(family, data[first:last])
        elif number == _GROUP:
            group = _members(data[first:last])
        elif number == _BLACKHOLE:
            blackhole = True
        elif number not in _FACTS and not (number == _GROUP_TYPE and tlv.read_u16(data, first, last) == 0):
            extra += tlv.attribute(number, data[first:last])
    kind = _FAMILIES.get(family, 0)
    return Nexthop(id, kind, link, gateway, group, blackhole, protocol, scope, flags & _ONLINK, extra)


def add(nexthop: Nexthop, index_of: IndexOf) -> Message:
    family = 0 if nexthop.group else {4: AF_INET, 6: AF_INET6}.get(nexthop.family, 0)
    # the kernel works the scope out by itself and refuses a stated one
    parts = [_HEADER.pack(family, 0, nexthop.protocol, nexthop.flags), tlv.u32(_ID, nexthop.id)]
    if nexthop.group:
        members = (_MEMBER.pack(id, (w - 1) & 0xFF, (w - 1) >> 8, 0) for id, w in nexthop.group)
        parts.append(tlv.attribute(_GROUP, b"".join(members)))
    elif nexthop.blackhole:
        parts.append(tlv.attribute(_BLACKHOLE, b""))
    else:
        parts.append(tlv.u32(_OIF, index_of(nexthop.link)))
    if nexthop.gateway:
        parts.append(tlv.attribute(_GATEWAY, inet_pton(family, nexthop.gateway)))
    return Message(NEW, CREATE | EXCLUSIVE, b"".join(parts) + nexthop.extra)


def delete(nexthop: Nexthop) -> Message:
    return Message(DELETE, 0, _HEADER.pack(0, 0, 0, 0) + tlv.u32(_ID, nexthop.id))


def _members(raw: bytes) -> tuple[tuple[int, int], ...]:
    if len(raw) % _MEMBER.size:
        raise MalformedMessage(f"a nexthop group of {len(raw)} bytes")
    return tuple((id, (low | high << 8) + 1) for id, low, high, _ in _MEMBER.iter_unpack(raw))
