"""Routes: RTM_NEWROUTE and RTM_DELROUTE (linux/rtnetlink.h)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from struct import Struct

from netkernel import tlv
from netkernel.codec.addresses import ip
from netkernel.codec.forms import IndexOf, Names
from netkernel.errors import MalformedMessage
from netkernel.netlink import APPEND, CREATE, EXCLUSIVE, Message
from netkernel.records import Hop, Route
from netkernel.typed import Final

NEW: Final = 24
DELETE: Final = 25
GET: Final = 26

LOCAL_TABLE: Final = 255
UNICAST: Final = 1
BY_KERNEL: Final = 2  # RTPROT_KERNEL
BY_ADVERTISEMENT: Final = 9  # RTPROT_RA
KINDS: Final = (
    "unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw",
    "nat",
)  # fmt: skip
"""rtm_type, RTN_*."""
TYPED: Final = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
"""Kinds that lead nowhere; IPv6 reports them on lo."""

_HEADER: Final = Struct("=BBBBBBBBI")
_PROTOCOL: Final = 5
_LEG: Final = Struct("=HBBI")  # rtnexthop: length, flags, weight - 1, ifindex
_VIA: Final = Struct("=H")
(
    _DST, _SRC, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _METRICS, _MULTIPATH, _CACHE, _TABLE, _VIA_ATTR, _PREF, _PAD,
    _NEXTHOP,
) = (1, 2, 4, 5, 6, 7, 8, 9, 12, 15, 18, 20, 24, 30)  # fmt: skip
_ONLINK: Final = 0x4
_STATE: Final = 0x1 | 0x10  # RTNH_F_DEAD, RTNH_F_LINKDOWN
_LONG_TABLE: Final = 252
_CONGESTION: Final = 16  # RTAX_CC_ALGO, the one metric that is text


def dump_request(family: int, protocol: int = 0) -> bytes:
    """All routes of a family, or those of one protocol (a kernel that is strict about dumps filters, Linux 4.20)."""
    return _HEADER.pack(family, 0, 0, 0, 0, protocol, 0, 0, 0)


def belongs(data: bytes, start: int, end: int, family: int, protocol: int) -> bool:
    """Whether a message is what a filtered dump was asked for."""
    return end - start >= _HEADER.size and data[start] == family and data[start + _PROTOCOL] == protocol


def destination(data: bytes, start: int, end: int) -> str:
    """Where the route in a message leads, whoever made it. Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a route message of {end - start} bytes")
    family, bits = data[start], data[start + 1]
    address = "0.0.0.0" if family == AF_INET else "::"
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _DST:
            address = ip(family, data[first:last])
    return f"{address}/{bits}"


def read(data: bytes, start: int, end: int, names: Names) -> Route | None:
    """The route in a message; None for what follows the addresses and for other families. Raises MalformedMessage.

    The local table is the kernel's own, but for the unicast routes that somebody put there.
    """
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a route message of {end - start} bytes")
    family, to_bits, from_bits, tos, table, protocol, scope, number_of_kind, flags = _HEADER.unpack_from(data, start)
    if protocol == BY_KERNEL or family not in (AF_INET, AF_INET6):
        return None
    if table == LOCAL_TABLE and number_of_kind != UNICAST:
        return None
    destination = "0.0.0.0" if family == AF_INET else "::"
    source = source_prefix = link = gateway = ""
    metric = nexthop = preference = 0
    metrics: tuple[tuple[int, int], ...] = ()
    legs: tuple[Hop, ...] | None = None
    extra = b""
    dynamic = protocol == BY_ADVERTISEMENT
    state = flags & _STATE
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _DST:
            destination = ip(family, data[first:last])
        elif number == _TABLE:
            table = tlv.read_u32(data, first, last)
        elif number == _PRIORITY:
            metric = tlv.read_u32(data, first, last)
        elif number == _OIF:
            link = names.get(tlv.read_u32(data, first, last), "")
        elif number == _GATEWAY:
            gateway = ip(family, data[first:last])
        elif number == _VIA_ATTR:
            gateway = _via(data, first, last)
        elif number == _PREFSRC:
            source = ip(family, data[first:last])
        elif number == _MULTIPATH:
            legs, dead = _legs(family, data, first, last, names)
            state |= dead
        elif number == _CACHE:
            dynamic = dynamic or (last - first >= 12 and tlv.read_s32(data, first + 8, last) != 0)
        elif number == _PREF:
            preference = tlv.read_u8(data, first, last)
        elif number == _METRICS and (found := _metrics(data, first, last)) is not None:
            metrics = found
        elif number == _NEXTHOP:
            nexthop = tlv.read_u32(data, first, last)
        elif number == _SRC:
            source_prefix = f"{ip(family, data[first:last])}/{from_bits}"
        elif number != _PAD:
            extra += tlv.attribute(number, data[first:last])
    kind = KINDS[number_of_kind] if number_of_kind < len(KINDS) else str(number_of_kind)
    if legs is None:
        legs = (Hop(link, gateway, 1, flags & _ONLINK),) if (link or gateway) and kind not in TYPED else ()
    return Route(
        f"{destination}/{to_bits}", legs, table, metric, kind, protocol, scope, tos, source, source_prefix, nexthop,
        metrics, preference, extra, dynamic, state,
    )  # fmt: skip


def add(route: Route, index_of: IndexOf, beside: bool = False) -> Message:
    """Never replaces; `beside` others of the same key it comes last.

    Raises KernelRefused from `index_of`, ValueError.
    """
    return Message(NEW, CREATE | (APPEND if beside else EXCLUSIVE), _payload(route, index_of))


def delete(route: Route, index_of: IndexOf) -> Message:
    """With the full key: all legs in order, metric, tos, type; less would take the first route that is like it."""
    return Message(DELETE, 0, _payload(route, index_of))


def _payload(route: Route, index_of: IndexOf) -> bytes:
    family = AF_INET if route.family == 4 else AF_INET6
    address, _, bits = route.destination.partition("/")
    from_address, _, from_bits = route.source_prefix.partition("/")
    hops = route.hops if not route.nexthop and route.kind not in TYPED else ()
    header = _HEADER.pack(
        family, int(bits), int(from_bits or 0), route.tos, route.table if route.table < 256 else _LONG_TABLE,
        route.protocol, route.scope, _kind(route.kind), hops[0].flags if len(hops) == 1 else 0,
    )  # fmt: skip
    parts = [header]
    if int(bits):
        parts.append(tlv.attribute(_DST, inet_pton(family, address)))
    if route.source_prefix:
        parts.append(tlv.attribute(_SRC, inet_pton(family, from_address)))
    if route.table > 255:
        parts.append(tlv.u32(_TABLE, route.table))
    if route.metric:
        parts.append(tlv.u32(_PRIORITY, route.metric))
    if route.source:
        parts.append(tlv.attribute(_PREFSRC, inet_pton(family, route.source)))
    if route.metrics:
        parts.append(tlv.nest(_METRICS, *(tlv.u32(number, value) for number, value in route.metrics)))
    if route.preference:
        parts.append(tlv.u8(_PREF, route.preference))
    if route.nexthop:
        parts.append(tlv.u32(_NEXTHOP, route.nexthop))
    if len(hops) == 1:
        parts.append((tlv.u32(_OIF, index_of(hops[0].link)) if hops[0].link else b"") + _gateway(family, hops[0]))
        parts.append(hops[0].extra)
    elif hops:
        parts.append(tlv.attribute(_MULTIPATH, b"".join(_leg(family, hop, index_of) for hop in hops)))
    parts.append(route.extra)
    return b"".join(parts)


def _leg(family: int, hop: Hop, index_of: IndexOf) -> bytes:
    attributes = _gateway(family, hop) + hop.extra
    index = index_of(hop.link) if hop.link else 0
    return _LEG.pack(_LEG.size + len(attributes), hop.flags, hop.weight - 1, index) + attributes


def _gateway(family: int, hop: Hop) -> bytes:
    if not hop.gateway:
        return b""
    theirs = AF_INET6 if ":" in hop.gateway else AF_INET
    raw = inet_pton(theirs, hop.gateway)
    return tlv.attribute(_GATEWAY, raw) if theirs == family else tlv.attribute(_VIA_ATTR, _VIA.pack(theirs) + raw)


def _legs(family: int, data: bytes, start: int, end: int, names: Names) -> tuple[tuple[Hop, ...], int]:
    """The legs of a multipath route, and the dead bits of all of them together."""
    found, dead = [], 0
    while end - start >= _LEG.size:
        length, flags, weight, index = _LEG.unpack_from(data, start)
        if length < _LEG.size or start + length > end:
            raise MalformedMessage(f"a leg of a route says {length} of {end - start} bytes")
        gateway, extra = "", b""
        for number, first, last in tlv.walk(data, start + _LEG.size, start + length):
            if number == _GATEWAY:
                gateway = ip(family, data[first:last])
            elif number == _VIA_ATTR:
                gateway = _via(data, first, last)
            else:
                extra += tlv.attribute(number, data[first:last])
        found.append(Hop(names.get(index, ""), gateway, weight + 1, flags & _ONLINK, extra))
        dead |= flags & _STATE
        start += (length + 3) & ~3
    return tuple(found), dead


def _via(data: bytes, start: int, end: int) -> str:
    if end - start < _VIA.size:
        raise MalformedMessage(f"a gateway of {end - start} bytes")
    (family,) = _VIA.unpack_from(data, start)
    return ip(family, data[start + _VIA.size : end])


def _metrics(data: bytes, start: int, end: int) -> tuple[tuple[int, int], ...] | None:
    """RTAX_* numbers and values; None when one of them is text: then the whole nest goes back as it came."""
    found = []
    for number, first, last in tlv.walk(data, start, end):
        if number == _CONGESTION:
            return None
        found.append((number, tlv.read_u32(data, first, last)))
    return tuple(found)


def _kind(word: str) -> int:
    return KINDS.index(word) if word in KINDS else int(word)
