"""Policy-routing rules: RTM_NEWRULE and RTM_DELRULE (linux/fib_rules.h)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from struct import Struct

from netkernel import tlv
from netkernel.codec.addresses import ip
from netkernel.errors import MalformedMessage
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import Rule
from netkernel.typed import Final

NEW: Final = 32
DELETE: Final = 33
GET: Final = 34

_HEADER: Final = Struct("=BBBBBxxBI")
_DST, _SRC, _IIF, _PRIORITY, _FWMARK, _SUPPRESS, _TABLE, _FWMASK, _OIF, _PAD, _PROTOCOL = (
    1, 2, 3, 6, 10, 14, 15, 16, 17, 18, 21,
)  # fmt: skip
_INVERT: Final = 0x2
_UNSUPPRESSED: Final = 0xFFFFFFFF
_SUPPRESS_GROUP: Final = 13
_LONG_TABLE: Final = 252  # RT_TABLE_COMPAT, in the header when the number does not fit there


def dump_request(family: int) -> bytes:
    return _HEADER.pack(family, 0, 0, 0, 0, 0, 0)


def read(data: bytes, start: int, end: int) -> Rule | None:
    """The rule in a message; None for families other than IPv4 and IPv6. Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"a rule message of {end - start} bytes")
    family, to_bits, from_bits, tos, table, action, flags = _HEADER.unpack_from(data, start)
    if family not in (AF_INET, AF_INET6):
        return None
    destination = source = iif = oif = ""
    priority = fwmark = fwmask = protocol = 0
    suppress: int | None = None
    extra = b""
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _TABLE:
            table = tlv.read_u32(data, first, last)
        elif number == _PRIORITY:
            priority = tlv.read_u32(data, first, last)
        elif number == _SUPPRESS:
            value = tlv.read_u32(data, first, last)
            suppress = None if value == _UNSUPPRESSED else value
        elif number == _PROTOCOL:
            protocol = tlv.read_u8(data, first, last)
        elif number == _DST:
            destination = f"{ip(family, data[first:last])}/{to_bits}"
        elif number == _SRC:
            source = f"{ip(family, data[first:last])}/{from_bits}"
        elif number == _IIF:
            iif = tlv.read_text(data, first, last)
        elif number == _OIF:
            oif = tlv.read_text(data, first, last)
        elif number == _FWMARK:
            fwmark = tlv.read_u32(data, first, last)
        elif number == _FWMASK:
            fwmask = tlv.read_u32(data, first, last)
        elif number == _SUPPRESS_GROUP and tlv.read_u32(data, first, last) == _UNSUPPRESSED:
            pass  # what the kernel says when nobody asked
        elif number != _PAD:
            extra += tlv.attribute(number, data[first:last])
    return Rule(
        4 if family == AF_INET else 6, priority, table, action, source, destination, iif, oif, fwmark, fwmask, tos,
        suppress, protocol, bool(flags & _INVERT), extra,
    )  # fmt: skip


def add(rule: Rule, beside: bool = False) -> Message:
    """The priority always goes along: without it the kernel takes duplicates; `beside` others it does so, too."""
    return Message(NEW, CREATE if beside else CREATE | EXCLUSIVE, _payload(rule))


def delete(rule: Rule) -> Message:
    return Message(DELETE, 0, _payload(rule))


def _payload(rule: Rule) -> bytes:
    family = AF_INET if rule.family == 4 else AF_INET6
    to_raw, to_bits = _prefix(family, rule.destination)
    from_raw, from_bits = _prefix(family, rule.source)
    table = rule.table if rule.table < 256 else _LONG_TABLE
    flags = _INVERT if rule.invert else 0
    parts = [
        _HEADER.pack(family, to_bits, from_bits, rule.tos, table, rule.action, flags),
        tlv.u32(_PRIORITY, rule.priority),
        tlv.attribute(_DST, to_raw) if rule.destination else b"",
        tlv.attribute(_SRC, from_raw) if rule.source else b"",
        tlv.text(_IIF, rule.iif) if rule.iif else b"",
        tlv.text(_OIF, rule.oif) if rule.oif else b"",
        tlv.u32(_TABLE, rule.table) if rule.table else b"",
        tlv.u32(_FWMARK, rule.fwmark) if rule.fwmark or rule.fwmask else b"",
        tlv.u32(_FWMASK, rule.fwmask) if rule.fwmark or rule.fwmask else b"",
        tlv.u8(_PROTOCOL, rule.protocol) if rule.protocol else b"",
        tlv.u32(_SUPPRESS, rule.suppress_prefix_length) if rule.suppress_prefix_length is not None else b"",
        rule.extra,
    ]
    return b"".join(parts)


def _prefix(family: int, text: str) -> tuple[bytes, int]:
    if not text:
        return b"", 0
    address, _, bits = text.partition("/")
    return inet_pton(family, address), int(bits)
