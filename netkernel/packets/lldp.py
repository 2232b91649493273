"""LLDP (IEEE 802.1AB-2016): what a switch tells its neighbours, TLV by TLV; the frame behind the Ethernet header."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen

ETHERTYPE: Final = 0x88CC
GROUPS: Final = ("01:80:c2:00:00:0e", "01:80:c2:00:00:03", "01:80:c2:00:00:00")
"""Where it is sent (section 7.1): nearest bridge, nearest non-TPMR bridge, nearest customer bridge."""
END, CHASSIS, PORT, TTL, PORT_DESCRIPTION, SYSTEM_NAME, SYSTEM_DESCRIPTION, CAPABILITIES, MANAGEMENT = range(9)
"""TLV types of section 8.4."""
ORGANIZATION: Final = 127

_MAC, _NETWORK = 6, 5  # not TLV subtypes: how an identifier is written, see `_identifier`
_CHASSIS_FORMS: Final = {4: _MAC, 5: _NETWORK}
"""Chassis ID subtypes (table 8-2) that are no text."""
_PORT_FORMS: Final = {3: _MAC, 4: _NETWORK}
"""Port ID subtypes (table 8-3) that are no text."""
_IPV4, _IPV6, _IEEE802 = 1, 2, 6  # IANA address family numbers


class Tlv(Frozen):
    """One element; `value` is at most 511 bytes."""

    type: int
    value: bytes

    def pack(self) -> bytes:
        return struct.pack("!H", self.type << 9 | len(self.value)) + self.value


class Identifier(Frozen):
    """A chassis or port: the standard's subtype, and the text of it."""

    subtype: int
    text: str


class Management(Frozen):
    """An address at which the neighbour is managed; `family` is IANA's number."""

    family: int
    text: str
    interface_subtype: int
    interface: int


def parse(packet: bytes) -> tuple[Tlv, ...]:
    """The elements before the end mark. Raises MalformedMessage, also when the three that must lead do not."""
    found: list[Tlv] = []
    at = 0
    while at + 2 <= len(packet):
        (head,) = struct.unpack_from("!H", packet, at)
        kind, length = head >> 9, head & 0x1FF
        at += 2
        if kind == END:
            break
        if at + length > len(packet):
            raise MalformedMessage(f"LLDP: element {kind} of {length} bytes: the frame has {len(packet) - at} more")
        found.append(Tlv(kind, bytes(packet[at : at + length])))
        at += length
    if [each.type for each in found[:3]] != [CHASSIS, PORT, TTL]:
        raise MalformedMessage(f"LLDP: begins with {[x.type for x in found[:3]]}: wanted chassis, port, time to live")
    if len(found[2].value) < 2:
        raise MalformedMessage(f"LLDP: time to live of {len(found[2].value)} bytes: wanted 2")
    return tuple(found)


def pack(tlvs: tuple[Tlv, ...]) -> bytes:
    """The frame of these elements, ended."""
    return b"".join(each.pack() for each in tlvs) + b"\0\0"


def ttl_s(tlvs: tuple[Tlv, ...]) -> int:
    """For how many seconds this holds; 0: the neighbour takes its leave (section 8.5.4)."""
    return int.from_bytes(next(each.value for each in tlvs if each.type == TTL)[:2], "big")


def chassis(value: bytes) -> Identifier:
    """Section 8.5.2. Raises MalformedMessage."""
    return _identifier(value, _CHASSIS_FORMS, "chassis")


def port(value: bytes) -> Identifier:
    """Section 8.5.3. Raises MalformedMessage."""
    return _identifier(value, _PORT_FORMS, "port")


def management(value: bytes) -> Management:
    """Section 8.5.9. Raises MalformedMessage."""
    length = value[0] if value else 0
    if length < 2 or len(value) < 1 + length + 5:
        raise MalformedMessage(f"LLDP: management address of {len(value)} bytes: wanted {length + 6}")
    family, address, rest = value[1], value[2 : 1 + length], value[1 + length :]
    return Management(family, address_text(family, address), rest[0], int.from_bytes(rest[1:5], "big"))


def address_text(family: int, address: bytes) -> str:
    """An address of IANA's family as people write it."""
    if (family, len(address)) in ((_IPV4, 4), (_IPV6, 16)):
        return str(ip_address(address))
    return address.hex(":").upper() if address else ""


def text(value: bytes) -> str:
    """Text of a neighbour, who may send anything: unprintable letters as escapes."""
    decoded = value.decode("utf-8", "backslashreplace").rstrip("\0")
    return "".join(each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in decoded)


def _identifier(value: bytes, forms: dict[int, int], what: str) -> Identifier:
    if len(value) < 2:
        raise MalformedMessage(f"LLDP: {what} ID of {len(value)} bytes: wanted at least 2")
    subtype, rest = value[0], value[1:]
    form = forms.get(subtype)
    if form == _MAC:
        return Identifier(subtype, rest.hex(":").upper())
    if form == _NETWORK:
        return Identifier(subtype, address_text(rest[0], rest[1:]))
    return Identifier(subtype, text(rest))
