"""IP addresses: RTM_NEWADDR and RTM_DELADDR (linux/if_addr.h)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from collections.abc import Callable, Mapping
from operator import itemgetter
from struct import Struct
from time import monotonic

from netkernel import tlv
from netkernel.codec.forms import IndexOf, Names
from netkernel.errors import MalformedMessage
from netkernel.frozen import make
from netkernel.netlink import CREATE, EXCLUSIVE, REPLACE, Message
from netkernel.records import FOREVER, Address
from netkernel.typed import Any, Final

NEW: Final = 20
DELETE: Final = 21
GET: Final = 22

ASKED: Final = 0x02 | 0x10 | 0x100 | 0x200 | 0x400
"""IFA_F_NODAD, _HOMEADDRESS, _MANAGETEMPADDR, _NOPREFIXROUTE, _MCAUTOJOIN: the bits the kernel takes from a user."""
STATE: Final = 0x01 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80 | 0x800
"""_SECONDARY (_TEMPORARY), _OPTIMISTIC, _DADFAILED, _DEPRECATED, _TENTATIVE, _PERMANENT, _STABLE_PRIVACY."""

_HEADER: Final = Struct("=BBBBI")
_ADDRESS, _LOCAL, _LABEL, _BROADCAST, _CACHE, _FLAGS, _METRIC, _PROTOCOL = 1, 2, 3, 4, 6, 8, 9, 11
_LINK_LOCAL: Final = ("fe8", "fe9", "fea", "feb")  # as `link_local`, which would load more than `show` needs
_LIFETIMES: Final = Struct("=II")
_FAMILIES: Final[Mapping[int, int]] = {AF_INET: 4, AF_INET6: 16}


def dump_request(family: int = 0, link: int = 0) -> bytes:
    """Of one link by its ifindex, or of all: Linux 4.20 and newer filter for a socket that asks strictly."""
    return _HEADER.pack(family, 0, 0, 0, link)


def index(data: bytes, start: int) -> int:
    """The index of the link whose address the message at `start` is about; 0 when the message is too short."""
    if len(data) - start < _HEADER.size:
        return 0
    return int(_HEADER.unpack_from(data, start)[4])


class Addresses:
    """A reader of address messages; it gets faster with each layout it has seen."""

    def __init__(self) -> None:
        self._layouts: dict[int, list[_Layout]] = {}  # by the size of the message
        self._known = 0

    def read(self, data: bytes, start: int, end: int, names: Names) -> Address | None:
        """The address in a message; None for other families and for a link that `names` does not know.

        Raises MalformedMessage.
        """
        if end - start < _HEADER.size:
            raise MalformedMessage(f"an address message of {end - start} bytes")
        family, prefix, flags, scope, index = _HEADER.unpack_from(data, start)
        width, size = _FAMILIES.get(family), end - start
        link = names.get(index)
        if width is None or link is None:
            return None
        message = int.from_bytes(data[start:end], "little")
        for layout in self._layouts.get(size, ()):
            if message & layout[0] == layout[1]:
                break
        else:
            layout = self._learn(data, start, end, width)
        _, _, unpack, pick = layout
        address, local, label, broadcast, preferred, valid, stamp, wide_flags, metric, protocol = pick(
            unpack(data, start) + _UNSAID
        )
        own = local or address
        if not own:
            raise MalformedMessage("an address message without an address")
        if wide_flags is not None:
            flags = wide_flags
        text = tlv.text_of(label) if label else ""
        fields = (
            link,
            inet_ntop(family, own),
            prefix,
            inet_ntop(family, address) if address and address != own else "",
            inet_ntop(family, broadcast) if broadcast else "",
            text if text != link else "",
            scope,
            flags & ASKED,
            metric,
            protocol,
            valid,
            preferred,
            flags & STATE,
            0 if preferred == FOREVER else _age_s(stamp),
        )
        return make(Address, fields)

    def _learn(self, data: bytes, start: int, end: int, width: int) -> _Layout:
        layout = _layout(data, start, end, width)
        if self._known >= _MOST_LAYOUTS:
            self._layouts.clear()
            self._known = 0
        self._layouts.setdefault(end - start, []).append(layout)
        self._known += 1
        return layout


_Layout = tuple[int, int, Callable[[bytes, int], tuple[Any, ...]], Callable[[tuple[Any, ...]], tuple[Any, ...]]]
"""Where everything stands in one kind of message: a mask, what all that are laid out alike have under it, what unpacks
them, and what then brings their values into the order of _UNSAID."""
_MOST_LAYOUTS: Final = 256
_UNSAID: Final = (b"", b"", b"", b"", FOREVER, FOREVER, 0, None, 0, 0)
"""What stands for each of _PLACES in a message without it."""
_PLACES: Final = {_ADDRESS: 0, _LOCAL: 1, _LABEL: 2, _BROADCAST: 3, _CACHE: 4, _FLAGS: 7, _METRIC: 8, _PROTOCOL: 9}
_FIXED: Final = {_CACHE: ("II4xI", 16), _FLAGS: ("I", 4), _METRIC: ("I", 4), _PROTOCOL: ("B", 1)}


def _layout(data: bytes, start: int, end: int, width: int) -> _Layout:
    """The layout of this message, whose addresses have `width` bytes. Raises MalformedMessage."""
    mask = bytearray(end - start)
    mask[0] = 0xFF  # the family
    code, at, count = "=", 0, 0
    found: dict[int, int] = {}
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        mask[first - start - 4 : first - start] = b"\xff" * 4
        place, size = _PLACES.get(number), last - first
        part, least = _FIXED.get(number, (f"{size}s", size if number == _LABEL else width))
        if place is None or (number == _CACHE and size < least):
            continue
        if size < least or (size > least and number not in _FIXED):
            raise MalformedMessage(f"attribute {number} of an address has {size} bytes, wanted {least}")
        code += f"{first - start - at}x{part}"
        at = first - start + least
        for _ in range(3 if number == _CACHE else 1):
            found[place] = count
            place, count = place + 1, count + 1
    pick = itemgetter(*(found.get(place, count + place) for place in range(len(_UNSAID))))
    whole = int.from_bytes(mask, "little")
    return whole, int.from_bytes(data[start:end], "little") & whole, Struct(code).unpack_from, pick


def _age_s(stamp: int) -> int:
    """Since a time in hundredths of a second after the start of the machine (cstamp_delta of net/ipv6/addrconf.c)."""
    passed = (int(monotonic() * 100) - stamp) & 0xFFFFFFFF
    return passed // 100 if passed < 1 << 31 else 0  # a container may have a clock of its own


def add(address: Address, index_of: IndexOf) -> Message:
    """A link-local one may be the kernel's already. Raises KernelRefused from `index_of`, ValueError for text that is
    no address."""
    is_kernels_business = address.ip.startswith(_LINK_LOCAL)
    return Message(NEW, CREATE | (REPLACE if is_kernels_business else EXCLUSIVE), _whole(address, index_of))


def change(address: Address, index_of: IndexOf) -> Message:
    """Writes over the address of the same key and peer what the kernel lets change. Raises as `add`."""
    return Message(NEW, REPLACE, _whole(address, index_of))


def _whole(address: Address, index_of: IndexOf) -> bytes:
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
    return _header(address, index_of) + b"".join(parts)


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
