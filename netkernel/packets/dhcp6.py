"""DHCP messages for IPv6 (RFC 8415) between clients and servers: bytes to values and back.

What stands in single options is read and written by `dhcp6_options`; relays' messages are none of a client's business.
"""

from __future__ import annotations

import struct
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets.dhcp6_options import CLIENT_ID, SERVER_ID, Options, pack_options, walk

CLIENT_PORT: Final = 546
SERVER_PORT: Final = 547
ALL_SERVERS: Final = "ff02::1:2"
"""All_DHCP_Relay_Agents_and_Servers: where clients speak to (section 7.1)."""
SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, RECONFIGURE, INFORMATION_REQUEST = range(
    1, 12
)
"""Message types (section 7.3)."""
LARGEST_TRANSACTION: Final = 0xFFFFFF

_HEAD: Final = struct.Struct("!I")


class Message(Frozen):
    """One message; an option may stand in it several times. `transaction` has 24 bits."""

    type: int
    transaction: int
    options: Options = ()

    def option(self, number: int) -> bytes | None:
        """The first of that number, None when it is not there."""
        return next((value for each, value in self.options if each == number), None)

    def every(self, number: int) -> tuple[bytes, ...]:
        """All of that number, in their order."""
        return tuple([value for each, value in self.options if each == number])

    @property
    def client_id(self) -> bytes:
        """The client's DUID; b"" when it is not said."""
        return self.option(CLIENT_ID) or b""

    @property
    def server_id(self) -> bytes:
        """The server's DUID; b"" when it is not said."""
        return self.option(SERVER_ID) or b""

    def pack(self) -> bytes:
        """The UDP payload. Raises ValueError for what no message can say."""
        if not SOLICIT <= self.type <= INFORMATION_REQUEST or not 0 <= self.transaction <= LARGEST_TRANSACTION:
            raise ValueError(f"DHCPv6: type {self.type}, transaction {self.transaction:#x}: no message")
        return _HEAD.pack(self.type << 24 | self.transaction) + pack_options(self.options)


def parse(payload: bytes) -> Message:
    """The message in a UDP payload. Raises MalformedMessage, for one that relays exchange, too."""
    if len(payload) < _HEAD.size:
        raise MalformedMessage(f"DHCPv6: {len(payload)} bytes: wanted at least {_HEAD.size}")
    (head,) = _HEAD.unpack_from(payload)
    if not SOLICIT <= (type := head >> 24) <= INFORMATION_REQUEST:
        raise MalformedMessage(f"DHCPv6: message type {type}: wanted 1 to {INFORMATION_REQUEST}")
    return Message(type, head & LARGEST_TRANSACTION, walk(payload[_HEAD.size :]))
