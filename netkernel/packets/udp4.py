"""UDP over IPv4 with both headers (RFC 791, RFC 768): for who speaks before the kernel knows an address."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets.checksum import internet_checksum

ETHERTYPE: Final = 0x0800
PROTOCOL: Final = 17

_IP: Final = struct.Struct("!BBHHHBBH4s4s")
_UDP: Final = struct.Struct("!HHHH")
_PSEUDO: Final = struct.Struct("!4s4sBBH")
_TTL: Final = 64
_MORE_OR_OFFSET: Final = 0x3FFF


class Datagram(Frozen):
    """One datagram; addresses are dotted."""

    source: str
    target: str
    source_port: int
    target_port: int
    payload: bytes

    def pack(self) -> bytes:
        """The IPv4 packet."""
        source, target = IPv4Address(self.source).packed, IPv4Address(self.target).packed
        length = _UDP.size + len(self.payload)
        bare = _UDP.pack(self.source_port, self.target_port, length, 0) + self.payload
        checksum = internet_checksum(_PSEUDO.pack(source, target, 0, PROTOCOL, length) + bare) or 0xFFFF
        udp = _UDP.pack(self.source_port, self.target_port, length, checksum) + self.payload
        head = _IP.pack(0x45, 0, _IP.size + length, 0, 0, _TTL, PROTOCOL, 0, source, target)
        head = _IP.pack(
            0x45, 0, _IP.size + length, 0, 0, _TTL, PROTOCOL, internet_checksum(head), source, target
        )  # fmt: skip
        return head + udp


def parse(packet: bytes, *, checksum_is_there: bool = True) -> Datagram:
    """The datagram in an IPv4 packet; padding behind it is dropped. Raises MalformedMessage.

    The UDP checksum of a packet from this very machine may be left to a network card that it never meets: then
    `checksum_is_there` is False (TP_STATUS_CSUMNOTREADY, packet(7)).
    """
    if len(packet) < _IP.size:
        raise MalformedMessage(f"IPv4: {len(packet)} bytes: wanted at least {_IP.size}")
    first, _, total, _, fragment, _, protocol, _, source, target = _IP.unpack_from(packet)
    head = (first & 0xF) * 4
    if first >> 4 != 4 or head < _IP.size or not head + _UDP.size <= total <= len(packet):
        raise MalformedMessage(f"IPv4: version {first >> 4}, header {head}, length {total} of {len(packet)} bytes")
    if internet_checksum(packet[:head]):
        raise MalformedMessage("IPv4: wrong checksum")
    if protocol != PROTOCOL or fragment & _MORE_OR_OFFSET:
        raise MalformedMessage(f"IPv4: protocol {protocol}, fragment {fragment:#x}: wanted a whole UDP packet")
    source_port, target_port, length, checksum = _UDP.unpack_from(packet, head)
    if not _UDP.size <= length <= total - head:
        raise MalformedMessage(f"UDP: length {length} in {total - head} bytes")
    udp = packet[head : head + length]
    pseudo = _PSEUDO.pack(source, target, 0, PROTOCOL, length)
    if checksum_is_there and checksum and internet_checksum(pseudo + udp):
        raise MalformedMessage("UDP: wrong checksum")
    return Datagram(
        str(IPv4Address(source)), str(IPv4Address(target)), source_port, target_port, udp[_UDP.size :]
    )  # fmt: skip
