"""ARP for IPv4 over Ethernet (RFC 826, RFC 5227): the packet behind the Ethernet header."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen

ETHERTYPE: Final = 0x0806
REQUEST: Final = 1
REPLY: Final = 2
UNSTATED: Final = "0.0.0.0"
"""Sender of an ARP probe: asks without telling the neighbours anything (RFC 5227 section 2.1.1)."""

_FORM: Final = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET: Final = 1
_IPV4: Final = 0x0800


class Arp(Frozen):
    """One ARP packet; MACs are lower-case text, addresses dotted."""

    operation: int
    sender_mac: str
    sender_ip: str
    target_mac: str = "00:00:00:00:00:00"
    target_ip: str = UNSTATED

    def pack(self) -> bytes:
        return _FORM.pack(
            _ETHERNET,
            _IPV4,
            6,
            4,
            self.operation,
            bytes.fromhex(self.sender_mac.replace(":", "")),
            IPv4Address(self.sender_ip).packed,
            bytes.fromhex(self.target_mac.replace(":", "")),
            IPv4Address(self.target_ip).packed,
        )


def parse(packet: bytes) -> Arp:
    """The packet in `packet` (Ethernet padding behind it is dropped). Raises MalformedMessage."""
    if len(packet) < _FORM.size:
        raise MalformedMessage(f"ARP: {len(packet)} bytes: wanted {_FORM.size}")
    hardware, protocol, mac_length, ip_length, operation, *addresses = _FORM.unpack_from(packet)
    if (hardware, protocol, mac_length, ip_length) != (_ETHERNET, _IPV4, 6, 4):
        raise MalformedMessage(f"ARP: hardware {hardware}, protocol {protocol:#06x}: wanted IPv4 over Ethernet")
    sender_mac, sender_ip, target_mac, target_ip = addresses
    return Arp(
        operation, sender_mac.hex(":"), str(IPv4Address(sender_ip)), target_mac.hex(":"), str(IPv4Address(target_ip))
    )
