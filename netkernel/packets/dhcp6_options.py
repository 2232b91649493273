"""What stands in the options of a DHCPv6 message (RFC 8415 section 21, RFC 3646, 4704, 6355), to bytes and back.

Readers answer to whatever a server sends: what is malformed counts as not said.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv6Address
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets import names

CLIENT_ID: Final = 1
SERVER_ID: Final = 2
IDENTITY: Final = 3
"""OPTION_IA_NA: a set of addresses that a client asks for under one number."""
ADDRESS: Final = 5
"""OPTION_IAADDR, inside of IDENTITY."""
WANTED: Final = 6
"""OPTION_ORO: which options the client wants to hear."""
PREFERENCE: Final = 7
ELAPSED: Final = 8
STATUS: Final = 13
RAPID_COMMIT: Final = 14
NAME_SERVERS: Final = 23
SEARCH: Final = 24
REFRESH_TIME: Final = 32
CLIENT_NAME: Final = 39
"""OPTION_CLIENT_FQDN (RFC 4704)."""
SOLICIT_MAXIMUM: Final = 82
INFORMATION_MAXIMUM: Final = 83

SUCCESS, UNSPECIFIED_FAILURE, NO_ADDRESSES, NO_BINDING, NOT_ON_LINK, USE_MULTICAST = range(6)
"""Status codes (section 21.13)."""
FOREVER: Final = 0xFFFFFFFF
"""Section 7.7."""
HIGHEST_PREFERENCE: Final = 255
"""A server that says so is taken at once (section 18.2.1)."""

DUID_TIME, DUID_ENTERPRISE, DUID_LINK, DUID_UUID = range(1, 5)
"""Kinds of DUID (section 11.1): link-layer address and time, an enterprise's number, link-layer address, UUID."""
DUID_EPOCH_S: Final = 946684800
"""2000-01-01 in seconds of time(2): a DUID's time begins then (section 11.2)."""

_OPTION: Final = struct.Struct("!HH")
_IDENTITY: Final = struct.Struct("!III")
_ADDRESS: Final = struct.Struct("!16sII")
_SERVER_UPDATES: Final = 0x01
_MAXIMUM_S: Final = range(60, 86401)
_LEAST_REFRESH_S: Final = 600
"""IRT_MINIMUM (section 7.6)."""

Options = tuple[tuple[int, bytes], ...]


class Status(Frozen):
    """What a server says of a message, of an identity or of an address; silence is success."""

    code: int = SUCCESS
    text: str = ""


class IdentityAddress(Frozen):
    """An address in an identity and its lifetimes in seconds; FOREVER is for ever."""

    ip: str
    preferred_s: int = 0
    valid_s: int = 0
    status: Status = Status()

    def pack(self) -> bytes:
        ip = IPv6Address(self.ip).packed
        return _ADDRESS.pack(ip, self.preferred_s, self.valid_s) + _pack_status(self.status)


class Identity(Frozen):
    """An IA_NA: `number` is its IAID, `renew_s` and `rebind_s` are T1 and T2, 0 where the client is to choose."""

    number: int
    renew_s: int = 0
    rebind_s: int = 0
    addresses: tuple[IdentityAddress, ...] = ()
    status: Status = Status()

    def pack(self) -> bytes:
        inner = pack_options((ADDRESS, each.pack()) for each in self.addresses)
        return _IDENTITY.pack(self.number, self.renew_s, self.rebind_s) + inner + _pack_status(self.status)


def walk(data: bytes) -> Options:
    """The options in `data`, numbers and values. Raises MalformedMessage for one that is cut off."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        if at + _OPTION.size > len(data):
            raise MalformedMessage(f"DHCPv6: {len(data) - at} bytes where an option begins: wanted {_OPTION.size}")
        number, length = _OPTION.unpack_from(data, at)
        at += _OPTION.size
        if at + length > len(data):
            raise MalformedMessage(f"DHCPv6: option {number} is cut off: wanted {length}, found {len(data) - at} bytes")
        found.append((number, bytes(data[at : at + length])))
        at += length
    return tuple(found)


def pack_options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """Raises ValueError for a number or a length that has more than 16 bits."""
    packed = b""
    for number, value in options:
        if not 0 < number <= 0xFFFF or len(value) > 0xFFFF:
            raise ValueError(f"DHCPv6: option {number} of {len(value)} bytes cannot be written")
        packed += _OPTION.pack(number, len(value)) + value
    return packed


def identity(value: bytes | None) -> Identity | None:
    """An IA_NA. One with T1 behind T2 is to be dropped as a whole (section 21.4)."""
    if value is None or len(value) < _IDENTITY.size:
        return None
    number, renew_s, rebind_s = _IDENTITY.unpack_from(value)
    inner = _inner(value[_IDENTITY.size :])
    if inner is None or 0 < rebind_s < renew_s:
        return None
    read = [_address(each) for kind, each in inner if kind == ADDRESS]
    return Identity(number, renew_s, rebind_s, tuple([each for each in read if each is not None]), _status_in(inner))


def status(value: bytes | None) -> Status:
    """SUCCESS where nothing is said; some servers say a code and no words."""
    if value is None or len(value) < 2:
        return Status()
    return Status(int.from_bytes(value[:2], "big"), names.text(value[2:]))


def preference(value: bytes | None) -> int:
    """How much a server wants to be chosen: 0 where it does not say (section 18.2.1)."""
    return value[0] if value is not None and len(value) == 1 else 0


def number(value: bytes | None) -> int | None:
    """An unsigned number of 32 bits."""
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None


def maximum_s(value: bytes | None) -> int | None:
    """SOL_MAX_RT or INF_MAX_RT: what is out of range is as if it were not said (sections 21.24 and 21.25)."""
    seconds = number(value)
    return seconds if seconds in _MAXIMUM_S else None


def refresh_s(value: bytes | None) -> int | None:
    """For how long what was told without a lease holds; FOREVER is for ever (section 21.23)."""
    seconds = number(value)
    return None if seconds is None else max(seconds, _LEAST_REFRESH_S)


def addresses(value: bytes | None) -> tuple[str, ...]:
    """A list of addresses without those no host has."""
    if not value or len(value) % 16:
        return ()
    found = [IPv6Address(value[start : start + 16]) for start in range(0, len(value), 16)]
    return tuple(dict.fromkeys([str(each) for each in found if is_host(each)]))


def pack_addresses(ips: Iterable[str]) -> bytes:
    return b"".join(IPv6Address(ip).packed for ip in ips)


def is_host(ip: IPv6Address) -> bool:
    """Whether it can be the address of one other host."""
    return not (ip.is_unspecified or ip.is_multicast or ip.is_loopback or ip.ipv4_mapped)


def pack_wanted(numbers: Iterable[int]) -> bytes:
    return b"".join(each.to_bytes(2, "big") for each in numbers)


def pack_elapsed(seconds: float) -> bytes:
    """Since this exchange began, in hundredths; all ones for more than eleven minutes (section 21.9)."""
    return min(max(int(seconds * 100), 0), 0xFFFF).to_bytes(2, "big")


def pack_client_name(full_name: str) -> bytes:
    """The client's name, which the server may put into the DNS (RFC 4704 section 4). Raises ValueError."""
    return bytes((_SERVER_UPDATES,)) + names.pack_client_name(full_name)


def duid_link(hardware: int, mac: str) -> bytes:
    """A DUID of a link's address (section 11.4); `hardware` is its ARPHRD_ number, `mac` text with colons."""
    return struct.pack("!HH", DUID_LINK, hardware) + bytes.fromhex(mac.replace(":", ""))


def duid_time(hardware: int, mac: str, since_s: float) -> bytes:
    """A DUID of a link's address and the time it was made, in seconds of time(2) (section 11.2)."""
    seconds = int(since_s - DUID_EPOCH_S) % 2**32
    return struct.pack("!HHI", DUID_TIME, hardware, seconds) + bytes.fromhex(mac.replace(":", ""))


def duid_enterprise(enterprise: int, identifier: bytes) -> bytes:
    """A DUID that an enterprise with a number of IANA's gives (section 11.3)."""
    return struct.pack("!HI", DUID_ENTERPRISE, enterprise) + identifier


def duid_uuid(uuid: bytes) -> bytes:
    """A DUID of the machine's 16 bytes (RFC 6355)."""
    return struct.pack("!H", DUID_UUID) + uuid


def _address(value: bytes) -> IdentityAddress | None:
    """One that would be preferred for longer than it is valid is to be dropped (section 21.6)."""
    if len(value) < _ADDRESS.size:
        return None
    ip, preferred_s, valid_s = _ADDRESS.unpack_from(value)
    inner = _inner(value[_ADDRESS.size :])
    if inner is None or preferred_s > valid_s or not _is_ours_to_have(IPv6Address(ip)):
        return None
    return IdentityAddress(str(IPv6Address(ip)), preferred_s, valid_s, _status_in(inner))


def _is_ours_to_have(ip: IPv6Address) -> bool:
    return is_host(ip) and not ip.is_link_local


def _inner(data: bytes) -> Options | None:
    with suppress(MalformedMessage):
        return walk(data)
    return None


def _status_in(options: Options) -> Status:
    return status(next((value for number, value in options if number == STATUS), None))


def _pack_status(told: Status) -> bytes:
    if told == Status():
        return b""
    return pack_options([(STATUS, told.code.to_bytes(2, "big") + told.text.encode())])
