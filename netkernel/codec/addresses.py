"""IP addresses: RTM_NEWADDR and RTM_DELADDR (linux/if_addr.h)."""

from __future__ import annotations

from collections.abc import Mapping
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from struct import Struct
from typing import Final

from netkernel import tlv
from netkernel.codec.forms import IndexOf, Names
from netkernel.errors import MalformedMessage
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import FOREVER, Address

NEW: Final = 20
DELETE: Final = 21
GET: Final = 22

ASKED: Final = 0x02 | 0x10 | 0x100 | 0x200 | 0x400
"""IFA_F_NODAD, _HOMEADDRESS, _MANAGETEMPADDR, _NOPREFIXROUTE, _MCAUTOJOIN: the bits the kernel takes from a user."""
STATE: Final = 0x01 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80 | 0x800
"""_SECONDARY (_TEMPORARY), _OPTIMISTIC, _DADFAILED, _DEPRECATED, _TENTATIVE, _PERMANENT, _STABLE_PRIVACY."""

_HEADER: Final = Struct("=BBBBI")
_ADDRESS, _LOCAL, _LABEL, _BROADCAST, _CACHE, _FLAGS, _METRIC, _PROTOCOL = 1, 2, 3, 4, 6, 8, 9, 11
_LIFETIMES: Final = Struct("=II")
_FAMILIES: Final[Mapping[int, int]] = {AF_INET: 4, AF_INET6: 16}


def dump_request(family: int = 0) -> bytes:
    return _HEADER.pack(family, 0, 0, 0, 0)


def index(data: bytes, start: int) -> int:
    """The index of the link whose address the message at `start` is about; 0 when the message is too short."""
    if len(data) - start < _HEADER.size:
        return 0
    return int(_HEADER.unpack_from(data, start)[4])


def read(data: bytes, start: int, end: int, names: Names) -> Address | None:
    """The address in a message; None for other families and for a link that `names` does not know.

    Raises MalformedMessage.
    """
    if end - start < _HEADER.size:
        raise MalformedMessage(f"an address message of {end - start} bytes")
    family, prefix, flags, scope, index = _HEADER.unpack_from(data, start)
    size = _FAMILIES.get(family)
    link = names.get(index)
    if size is None or link is None:
        return None
    address = local = broadcast = label = ""
    metric = protocol = 0
    valid = preferred = FOREVER
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _ADDRESS:
            address = ip(family, data[first:last])
        elif number == _LOCAL:
            local = ip(family, data[first:last])
        elif number == _FLAGS:
            flags = tlv.read_u32(data, first, last)
        elif number == _CACHE and last - first >= _LIFETIMES.size:
            preferred, valid = _LIFETIMES.unpack_from(data, first)
        elif number == _LABEL:
            label = tlv.read_text(data, first, last)
        elif number == _BROADCAST:
            broadcast = ip(family, data[first:last])
        elif number == _METRIC:
            metric = tlv.read_u32(data, first, last)
        elif number == _PROTOCOL:
            protocol = tlv.read_u8(data, first, last)
    own = local or address
    if not own:
        raise MalformedMessage("an address message without an address")
    return Address(
        link,
        own,
        prefix,
        address if address != own else "",
        broadcast,
        label if label != link else "",
        scope,
        flags & ASKED,
        metric,
        protocol,
        valid,
        preferred,
        flags & STATE,
    )


def add(address: Address, index_of: IndexOf) -> Message:
    """Raises KernelRefused from `index_of`, ValueError for text that is no address."""
    parts = _identity(address)
    family = AF_INET if address.family == 4 else AF_INET6
    if address.broadcast:
        parts.append(tlv.attribute(_BROADCAST, inet_pton(family, address.broadcast)))
    if address.label:
        parts.append(tlv.text(_LABEL, address.label))
    if address.flags:
        parts.append(tlv.u32(_FLAGS, address.flags & ASKED))
    if address.metric:
        parts.append(tlv.u32(_METRIC, address.metric))
    if address.protocol:
        parts.append(tlv.u8(_PROTOCOL, address.protocol))
    if address.valid_s != FOREVER or address.preferred_s != FOREVER:
        lifetimes = _LIFETIMES.pack(min(address.preferred_s, address.valid_s), address.valid_s)
        parts.append(tlv.attribute(_CACHE, lifetimes + bytes(8)))
    return Message(NEW, CREATE | EXCLUSIVE, _header(address, index_of) + b"".join(parts))


def delete(address: Address, index_of: IndexOf) -> Message:
    """Names the address by itself, its prefix and its peer, which is what the kernel holds at most once."""
    return Message(DELETE, 0, _header(address, index_of) + b"".join(_identity(address)))


def _header(address: Address, index_of: IndexOf) -> bytes:
    family = AF_INET if address.family == 4 else AF_INET6
    return _HEADER.pack(family, address.prefix, 0, address.scope, index_of(address.link))


def _identity(address: Address) -> list[bytes]:
    family = AF_INET if address.family == 4 else AF_INET6
    own = inet_pton(family, address.ip)
    return [tlv.attribute(_LOCAL, own), tlv.attribute(_ADDRESS, inet_pton(family, address.peer or address.ip))]


def ip(family: int, raw: bytes) -> str:
    """Raises MalformedMessage when the bytes are not one address of that family."""
    if len(raw) != _FAMILIES.get(family):
        raise MalformedMessage(f"an address of {len(raw)} bytes in family {family}")
    return inet_ntop(family, raw)
