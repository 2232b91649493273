"""IPv6 neighbour discovery (RFC 4861 sections 4.3 and 4.4): the ICMPv6 message, checksum left to the kernel.

A raw ICMPv6 socket fills the checksum in by itself (RFC 3542 section 3.1).
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen

SOLICITATION: Final = 135
ADVERTISEMENT: Final = 136
HOP_LIMIT: Final = 255
"""Every ND packet must arrive with it (RFC 4861 section 7.1); it proves that no router forwarded the packet."""
SOURCE_LINK_ADDRESS: Final = 1
TARGET_LINK_ADDRESS: Final = 2

_HEAD: Final = struct.Struct("!BBHI16s")


class Solicitation(Frozen):
    """Who has `target`? `source_mac` tells the neighbour where to answer; "" leaves it out."""

    target: str
    source_mac: str = ""

    def pack(self) -> bytes:
        head = _HEAD.pack(SOLICITATION, 0, 0, 0, IPv6Address(self.target).packed)
        return head + _link_address(SOURCE_LINK_ADDRESS, self.source_mac)


class Advertisement(Frozen):
    """`target` is here. `mac` is "" when the neighbour left its link address out."""

    target: str
    mac: str = ""
    router: bool = False
    solicited: bool = False
    override: bool = False

    def pack(self) -> bytes:
        flags = self.router << 31 | self.solicited << 30 | self.override << 29
        head = _HEAD.pack(ADVERTISEMENT, 0, 0, flags, IPv6Address(self.target).packed)
        return head + _link_address(TARGET_LINK_ADDRESS, self.mac)


def parse(message: bytes) -> Solicitation | Advertisement:
    """The solicitation or advertisement in an ICMPv6 message. Raises MalformedMessage for anything else."""
    if len(message) < _HEAD.size:
        raise MalformedMessage(f"neighbour discovery: {len(message)} bytes: wanted at least {_HEAD.size}")
    kind, code, _, flags, target = _HEAD.unpack_from(message)
    if kind not in (SOLICITATION, ADVERTISEMENT) or code:
        raise MalformedMessage(f"neighbour discovery: type {kind}, code {code}: wanted 135 or 136, code 0")
    options = _options(message[_HEAD.size :])
    ip = str(IPv6Address(target))
    if kind == SOLICITATION:
        return Solicitation(ip, options.get(SOURCE_LINK_ADDRESS, ""))
    return Advertisement(
        ip, options.get(TARGET_LINK_ADDRESS, ""), bool(flags >> 31 & 1), bool(flags >> 30 & 1), bool(flags >> 29 & 1)
    )


def solicited_node(ip: str) -> str:
    """The multicast group in which the owner of `ip` listens (RFC 4291 section 2.7.1)."""
    return str(IPv6Address(IPv6Address("ff02::1:ff00:0").packed[:13] + IPv6Address(ip).packed[13:]))


def _link_address(number: int, mac: str) -> bytes:
    return bytes((number, 1)) + bytes.fromhex(mac.replace(":", "")) if mac else b""


def _options(data: bytes) -> dict[int, str]:
    """Link-address options of `data`; a length of zero makes the whole message invalid (RFC 4861 section 4.6)."""
    found: dict[int, str] = {}
    while data:
        if len(data) < 2 or not data[1] or len(data) < data[1] * 8:
            raise MalformedMessage("neighbour discovery: an option is cut off or has length 0")
        if data[0] in (SOURCE_LINK_ADDRESS, TARGET_LINK_ADDRESS) and data[1] == 1:
            found[data[0]] = data[2:8].hex(":")
        data = data[data[1] * 8 :]
    return found
