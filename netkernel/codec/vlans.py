"""VLANs of bridge ports, always as ranges: RTM_NEWVLAN, RTM_DELVLAN, RTM_GETVLAN (linux/if_bridge.h, Linux 5.6)."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from netkernel import tlv
from netkernel.codec.forms import IndexOf
from netkernel.errors import MalformedMessage
from netkernel.frozen import replace
from netkernel.netlink import Message
from netkernel.records import VlanRange
from netkernel.typed import Final

NEW: Final = 112
DELETE: Final = 113
GET: Final = 114

AF_BRIDGE: Final = 7
_HEADER: Final = Struct("=BxxxI")
_INFO: Final = Struct("=HH")
_ENTRY, _ENTRY_INFO, _ENTRY_RANGE = 1, 1, 2
_PVID, _UNTAGGED = 0x2, 0x4


def dump_request(link: int = 0) -> bytes:
    """Of all ports, or of one by its ifindex."""
    return _HEADER.pack(AF_BRIDGE, link)


def read(data: bytes, start: int, end: int) -> tuple[int, tuple[VlanRange, ...]]:
    """The ifindex of a port (or bridge) and its VLANs. Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a VLAN message of {end - start} bytes")
    _, index = _HEADER.unpack_from(data, start)
    found = []
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _ENTRY:
            found.append(_entry(data, first, last))
    return index, joined(found)


def _entry(data: bytes, start: int, end: int) -> VlanRange:
    flags = first_id = last_id = 0
    for number, first, last in tlv.walk(data, start, end):
        if number == _ENTRY_INFO:
            if last - first < _INFO.size:
                raise MalformedMessage(f"a VLAN entry of {last - first} bytes")
            flags, first_id = _INFO.unpack_from(data, first)
        elif number == _ENTRY_RANGE:
            last_id = tlv.read_u16(data, first, last)
    return VlanRange(first_id, max(first_id, last_id), bool(flags & _PVID), bool(flags & _UNTAGGED))


def joined(ranges: Iterable[VlanRange]) -> tuple[VlanRange, ...]:
    """In order, with neighbours of the same flags made one: the kernel splits where counters or options differ."""
    found: list[VlanRange] = []
    for vlans in sorted(ranges):
        before = found[-1] if found else None
        if before and before.last + 1 == vlans.first and (before.pvid, before.untagged) == (vlans.pvid, vlans.untagged):
            found[-1] = replace(before, last=vlans.last)
        else:
            found.append(vlans)
    return tuple(found)


def add(link: str, vlans: VlanRange, index_of: IndexOf) -> Message:
    """The same message serves ports and the bridge itself; a range may not hold a PVID."""
    flags = _PVID * vlans.pvid | _UNTAGGED * vlans.untagged
    return Message(NEW, 0, _payload(link, vlans, flags, index_of))


def delete(link: str, vlans: VlanRange, index_of: IndexOf) -> Message:
    return Message(DELETE, 0, _payload(link, vlans, 0, index_of))


def _payload(link: str, vlans: VlanRange, flags: int, index_of: IndexOf) -> bytes:
    parts = [tlv.attribute(_ENTRY_INFO, _INFO.pack(flags, vlans.first))]
    if vlans.last != vlans.first:
        parts.append(tlv.u16(_ENTRY_RANGE, vlans.last))
    return _HEADER.pack(AF_BRIDGE, index_of(link)) + tlv.nest(_ENTRY, *parts)
