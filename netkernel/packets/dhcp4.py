"""DHCP messages for IPv4 (RFC 2131, RFC 2132, RFC 3396): bytes to values and back, for clients and servers alike.

What stands in single options is read and written by `dhcp4_options`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets.dhcp4_options import MESSAGE_TYPE, OVERLOAD

SERVER_PORT: Final = 67
CLIENT_PORT: Final = 68
REQUEST: Final = 1
REPLY: Final = 2
"""`operation`: who speaks, client or server."""
DISCOVER, OFFER, ASK, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
"""Message types (RFC 2132 section 9.6); ASK is the one called DHCPREQUEST."""
ETHERNET: Final = 1
UNSTATED: Final = "0.0.0.0"
LEAST: Final = 300
"""Bytes of the shortest message: relays and servers of BOOTP's days drop shorter ones (RFC 1542 section 2.1)."""

_HEAD: Final = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s")
_COOKIE: Final = b"\x63\x82\x53\x63"
_BROADCAST: Final = 0x8000
_PAD: Final = 0
_END: Final = 255
_IN_FILE: Final = 1
_IN_NAME: Final = 2
_LONGEST: Final = 255

Options = tuple[tuple[int, bytes], ...]


class Message(Frozen):
    """One message. Addresses are dotted; `mac` is lower-case text of as many bytes as the hardware has, at most 16.

    `options` has each number once; one that came in pieces is whole (RFC 3396), one that stood in the fields of
    `server_name` and `boot_file` is there, too (RFC 2132 section 9.3).
    """

    operation: int
    transaction: int
    mac: str
    options: Options = ()
    client_ip: str = UNSTATED
    your_ip: str = UNSTATED
    server_ip: str = UNSTATED
    relay_ip: str = UNSTATED
    seconds: int = 0
    broadcast: bool = False
    hops: int = 0
    hardware: int = ETHERNET
    server_name: bytes = b""
    boot_file: bytes = b""

    @property
    def type(self) -> int:
        """DISCOVER to INFORM; 0 for what is no DHCP (plain BOOTP) or says more than one byte."""
        value = self.option(MESSAGE_TYPE)
        return value[0] if value is not None and len(value) == 1 else 0

    def option(self, number: int) -> bytes | None:
        """The value of an option, None when it is not there."""
        return next((value for each, value in self.options if each == number), None)

    def pack(self) -> bytes:
        """The UDP payload. Raises ValueError for what no message can say."""
        mac = bytes.fromhex(self.mac.replace(":", ""))
        if len(mac) > 16:
            raise ValueError(f"DHCP: a hardware address of {len(mac)} bytes, wanted at most 16")
        flags = _BROADCAST if self.broadcast else 0
        ips = [IPv4Address(ip).packed for ip in (self.client_ip, self.your_ip, self.server_ip, self.relay_ip)]
        head = _HEAD.pack(
            self.operation, self.hardware, len(mac), self.hops, self.transaction, min(self.seconds, 0xFFFF), flags,
            *ips, mac, self.server_name, self.boot_file,
        )  # fmt: skip
        return (head + _COOKIE + b"".join(_pieces(self.options)) + bytes((_END,))).ljust(LEAST, b"\0")


def parse(payload: bytes) -> Message:
    """The message in a UDP payload. Raises MalformedMessage."""
    if len(payload) < _HEAD.size + len(_COOKIE):
        raise MalformedMessage(f"DHCP: {len(payload)} bytes: wanted at least {_HEAD.size + len(_COOKIE)}")
    operation, hardware, length, hops, transaction, seconds, flags, *rest = _HEAD.unpack_from(payload)
    *ips, mac, name, file = rest
    if operation not in (REQUEST, REPLY):
        raise MalformedMessage(f"DHCP: operation {operation}: wanted 1 or 2")
    if length > len(mac):
        raise MalformedMessage(f"DHCP: a hardware address of {length} bytes: wanted at most {len(mac)}")
    if payload[_HEAD.size : _HEAD.size + len(_COOKIE)] != _COOKIE:
        raise MalformedMessage("DHCP: no magic cookie: not DHCP")
    options, overload = _joined([payload[_HEAD.size + len(_COOKIE) :]])
    if overload:
        fields = [payload[_HEAD.size + len(_COOKIE) :], *([file] if overload & _IN_FILE else [])]
        options, _ = _joined([*fields, *([name] if overload & _IN_NAME else [])])
        file, name = b"" if overload & _IN_FILE else file, b"" if overload & _IN_NAME else name
    client, your, server, relay = (str(IPv4Address(ip)) for ip in ips)
    return Message(
        operation, transaction, mac[:length].hex(":"), options, client, your, server, relay, seconds,
        bool(flags & _BROADCAST), hops, hardware, name.rstrip(b"\0"), file.rstrip(b"\0"),
    )  # fmt: skip


def _pieces(options: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    """Options as they stand in a message; one that is too long comes in several pieces (RFC 3396 section 6)."""
    for number, value in options:
        if not _PAD < number < _END or number == OVERLOAD:
            raise ValueError(f"DHCP: {number} is no option to be set")
        for start in range(0, max(len(value), 1), _LONGEST):
            piece = value[start : start + _LONGEST]
            yield bytes((number, len(piece))) + piece


def _joined(fields: Iterable[bytes]) -> tuple[Options, int]:
    """The options of all fields, those in pieces joined, and which other fields hold more of them."""
    found: dict[int, bytes] = {}
    for field in fields:
        for number, value in _walk(field):
            found[number] = found.get(number, b"") + value
    overload = found.pop(OVERLOAD, b"\0")
    return tuple(found.items()), overload[0] if overload else 0


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Up to END, or to where the field ends: not everybody writes one."""
    position = 0
    while position < len(data) and data[position] != _END:
        number = data[position]
        position += 1
        if number == _PAD:
            continue
        stop = position + 1 + data[position] if position < len(data) else len(data) + 1
        if stop > len(data):
            raise MalformedMessage(f"DHCP: option {number} is cut off")
        yield number, data[position + 1 : stop]
        position = stop
