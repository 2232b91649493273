"""Ethernet frames without a tag (IEEE 802.3): addresses, what is in them, and the rest."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen

HEADER: Final = 14
BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
IPV4, IPV6 = 0x0800, 0x86DD
"""What is in it: EtherTypes."""


class Frame(Frozen):
    """MAC addresses are lower-case text."""

    target: str
    source: str
    type: int
    payload: bytes

    def pack(self) -> bytes:
        return _raw(self.target) + _raw(self.source) + self.type.to_bytes(2) + self.payload


def parse(data: bytes) -> Frame:
    """Raises MalformedMessage."""
    if len(data) < HEADER:
        raise MalformedMessage(f"Ethernet: {len(data)} bytes: wanted at least {HEADER}")
    return Frame(data[:6].hex(":"), data[6:12].hex(":"), int.from_bytes(data[12:14]), data[HEADER:])


def of_group(ip: str) -> str:
    """The MAC address of an IPv6 group (RFC 2464 section 7)."""

    return (b"\x33\x33" + IPv6Address(ip).packed[12:]).hex(":")


def _raw(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
