"""Router solicitations and advertisements (RFC 4861 sections 4.1 and 4.2) with what they say of names (RFC 8106).

ICMPv6 messages, checksum left to the kernel, as in `nd`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets import names

SOLICITATION: Final = 133
ADVERTISEMENT: Final = 134
ALL_ROUTERS: Final = "ff02::2"
FOREVER: Final = 0xFFFFFFFF
"""A lifetime that does not end."""
_SERVERS, _SEARCH = 25, 31  # RDNSS, DNSSL
_SOURCE, _PREFIX, _MTU = 1, 3, 5
_ON_LINK, _AUTONOMOUS = 0x80, 0x40
_HEAD: Final = struct.Struct("!BBHBBHII")
_OPTION: Final = struct.Struct("!BBHI")


class Names(Frozen):
    """Name servers or search domains, and for how many seconds from now; 0 takes them back."""

    names: tuple[str, ...]
    lasts_s: int


class Prefix(Frozen):
    """A network on the link (section 4.6.2); `autonomous` lets hosts make themselves addresses of it."""

    network: str
    valid_s: int = FOREVER
    preferred_s: int = FOREVER
    autonomous: bool = False

    def pack(self) -> bytes:
        whole = IPv6Network(self.network)
        flags = _ON_LINK | (_AUTONOMOUS if self.autonomous else 0)
        words = whole.prefixlen, flags, self.valid_s, self.preferred_s, 0, whole.network_address.packed
        return struct.pack("!BBBBIII16s", _PREFIX, 4, *words)


class Advertisement(Frozen):
    """What a router says of itself, in its order; `lasts_s` is how long it is a default router, 0 for not at all.

    The last three are written and not read: who listens here has the kernel to read them.
    """

    lasts_s: int = 0
    hop_limit: int = 0
    managed: bool = False  # addresses by DHCPv6
    other: bool = False  # the rest by DHCPv6
    servers: tuple[Names, ...] = ()
    search: tuple[Names, ...] = ()
    mac: str = ""
    mtu: int = 0
    prefixes: tuple[Prefix, ...] = ()

    def pack(self) -> bytes:
        """Raises ValueError for what is no address or no name."""
        flags = self.managed << 7 | self.other << 6
        parts = [_HEAD.pack(ADVERTISEMENT, 0, 0, self.hop_limit, flags, self.lasts_s, 0, 0)]
        if self.mac:
            parts.append(bytes((_SOURCE, 1)) + bytes.fromhex(self.mac.replace(":", "")))
        if self.mtu:
            parts.append(_OPTION.pack(_MTU, 1, 0, self.mtu))
        parts += [prefix.pack() for prefix in self.prefixes]
        for each in self.servers:
            parts.append(_option(_SERVERS, each.lasts_s, b"".join(IPv6Address(ip).packed for ip in each.names)))
        for each in self.search:
            parts.append(_option(_SEARCH, each.lasts_s, names.pack_domains(each.names)))
        return b"".join(parts)


def solicitation() -> bytes:
    """Who is a router here?"""
    return struct.pack("!BBHI", SOLICITATION, 0, 0, 0)


def parse(message: bytes) -> Advertisement:
    """Raises MalformedMessage for anything but an advertisement. What is no name counts as not said."""
    if len(message) < _HEAD.size:
        raise MalformedMessage(f"router advertisement: {len(message)} bytes: wanted at least {_HEAD.size}")
    kind, code, _, hop_limit, flags, lasts_s, _, _ = _HEAD.unpack_from(message)
    if kind != ADVERTISEMENT or code:
        raise MalformedMessage(f"router advertisement: type {kind}, code {code}: wanted {ADVERTISEMENT}, code 0")
    servers: list[Names] = []
    search: list[Names] = []
    for number, data in _options(message):
        if number == _SERVERS and len(data) >= 22:
            ips = [str(IPv6Address(data[at : at + 16])) for at in range(6, len(data) - 15, 16)]
            servers.append(Names(tuple([ip for ip in ips if _is_server(ip)]), int.from_bytes(data[2:6], "big")))
        elif number == _SEARCH and len(data) >= 14:
            found = names.domains(data[6:].rstrip(b"\0") + b"\0")
            search.append(Names(found, int.from_bytes(data[2:6], "big")))
    return Advertisement(
        lasts_s, hop_limit, bool(flags & 0x80), bool(flags & 0x40), tuple(servers), tuple(search)
    )  # fmt: skip


def _is_server(ip: str) -> bool:
    return ip not in ("::", "::1") and not ip.startswith("ff")


def _option(number: int, lasts_s: int, value: bytes) -> bytes:
    padded = value + bytes(-len(value) % 8)
    return _OPTION.pack(number, 1 + len(padded) // 8, 0, lasts_s) + padded


def _options(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Each without its number and length; a length of zero makes the whole message invalid (RFC 4861 section 4.6)."""
    data = message[_HEAD.size :]
    while data:
        if len(data) < 2 or not data[1] or len(data) < data[1] * 8:
            raise MalformedMessage("router advertisement: an option is cut off or has length 0")
        yield data[0], data[2 : data[1] * 8]
        data = data[data[1] * 8 :]
