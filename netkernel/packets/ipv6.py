"""UDP and ICMPv6 over IPv6 with all headers and checksums (RFC 8200, RFC 768, RFC 4443), for whole packets."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets.checksum import internet_checksum

UDP: Final = 17
ICMP: Final = 58
HOP_LIMIT: Final = 64

_HEAD: Final = struct.Struct("!IHBB16s16s")
_PORTS: Final = struct.Struct("!HHHH")
_PSEUDO: Final = struct.Struct("!16s16sI3xB")


class Packet(Frozen):
    """`payload` is what stands behind the IPv6 header; `protocol` what it is."""

    source: str
    target: str
    protocol: int
    payload: bytes
    hop_limit: int = HOP_LIMIT

    def pack(self) -> bytes:
        source, target = IPv6Address(self.source).packed, IPv6Address(self.target).packed
        head = _HEAD.pack(6 << 28, len(self.payload), self.protocol, self.hop_limit, source, target)
        return head + self.payload


def parse(data: bytes) -> Packet:
    """Without extension headers; padding behind it is dropped. Raises MalformedMessage."""
    if len(data) < _HEAD.size:
        raise MalformedMessage(f"IPv6: {len(data)} bytes: wanted at least {_HEAD.size}")
    first, length, protocol, hop_limit, source, target = _HEAD.unpack_from(data)
    if first >> 28 != 6 or length > len(data) - _HEAD.size:
        raise MalformedMessage(f"IPv6: version {first >> 28}, length {length} of {len(data) - _HEAD.size} bytes")
    inner = data[_HEAD.size : _HEAD.size + length]
    return Packet(str(IPv6Address(source)), str(IPv6Address(target)), protocol, inner, hop_limit)


def udp(source: str, target: str, source_port: int, target_port: int, payload: bytes) -> Packet:
    """A datagram, its checksum filled in."""
    length = _PORTS.size + len(payload)
    bare = _PORTS.pack(source_port, target_port, length, 0) + payload
    checksum = _checksum(source, target, UDP, bare) or 0xFFFF
    return Packet(source, target, UDP, _PORTS.pack(source_port, target_port, length, checksum) + payload)


def datagram(packet: Packet) -> tuple[int, int, bytes]:
    """Source port, target port and payload of a UDP packet, whose checksum may be left to a network card.

    Raises MalformedMessage.
    """
    if packet.protocol != UDP or len(packet.payload) < _PORTS.size:
        raise MalformedMessage(f"IPv6: protocol {packet.protocol}, {len(packet.payload)} bytes: no UDP")
    source, target, length, _ = _PORTS.unpack_from(packet.payload)
    if not _PORTS.size <= length <= len(packet.payload):
        raise MalformedMessage(f"UDP: length {length} in {len(packet.payload)} bytes")
    return source, target, packet.payload[_PORTS.size : length]


def icmp(source: str, target: str, message: bytes, hop_limit: int = HOP_LIMIT) -> Packet:
    """A message whose checksum, bytes 2 and 3, is filled in."""
    bare = message[:2] + b"\0\0" + message[4:]
    checksum = _checksum(source, target, ICMP, bare)
    return Packet(source, target, ICMP, bare[:2] + checksum.to_bytes(2) + bare[4:], hop_limit)


def _checksum(source: str, target: str, protocol: int, bare: bytes) -> int:
    """With the pseudo header of RFC 8200 section 8.1."""
    pseudo = _PSEUDO.pack(IPv6Address(source).packed, IPv6Address(target).packed, len(bare), protocol)
    return internet_checksum(pseudo + bare)
