"""ICMP echo for both families (RFC 792, RFC 4443 section 4): the message behind the IP header."""

from __future__ import annotations

import struct
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets.checksum import internet_checksum

REQUEST: Final = {4: 8, 6: 128}
REPLY: Final = {4: 0, 6: 129}

_HEAD: Final = struct.Struct("!BBHHH")


class Echo(Frozen):
    """One echo request or reply. `family` is 4 or 6."""

    family: int
    identifier: int
    sequence: int
    data: bytes = b""
    is_reply: bool = False

    def pack(self) -> bytes:
        """IPv6 needs a checksum over a pseudo header as well: that one the kernel fills in (RFC 3542 section 3.1)."""
        kind = (REPLY if self.is_reply else REQUEST)[self.family]
        bare = _HEAD.pack(kind, 0, 0, self.identifier, self.sequence) + self.data
        checksum = internet_checksum(bare) if self.family == 4 else 0
        return _HEAD.pack(kind, 0, checksum, self.identifier, self.sequence) + self.data


def parse(message: bytes, family: int) -> Echo:
    """The echo in `message`. Raises MalformedMessage for anything else, a wrong IPv4 checksum included."""
    if len(message) < _HEAD.size:
        raise MalformedMessage(f"ICMP echo: {len(message)} bytes: wanted at least {_HEAD.size}")
    kind, code, _, identifier, sequence = _HEAD.unpack_from(message)
    if kind not in (REQUEST[family], REPLY[family]) or code:
        raise MalformedMessage(f"ICMP echo: type {kind}, code {code}: no echo")
    if family == 4 and internet_checksum(message):
        raise MalformedMessage("ICMP echo: wrong checksum")
    return Echo(family, identifier, sequence, message[_HEAD.size :], kind == REPLY[family])


def behind_ip(packet: bytes) -> bytes:
    """The payload of an IPv4 packet: raw IPv4 sockets deliver the header too, raw IPv6 ones do not (raw(7))."""
    length = (packet[0] & 0xF) * 4 if packet else 0
    if not 20 <= length <= len(packet):
        raise MalformedMessage(f"IPv4: header of {length} bytes in a packet of {len(packet)}")
    return packet[length:]
