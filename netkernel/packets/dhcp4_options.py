"""What stands in the options of a DHCP message (RFC 2132, 3442, 4361, 4702), to bytes and back; names stand in `names`.

Readers answer to whatever a server sends: what is malformed counts as not said.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from netkernel.packets import names

SUBNET_MASK: Final = 1
ROUTERS: Final = 3
NAME_SERVERS: Final = 6
HOST_NAME: Final = 12
DOMAIN_NAME: Final = 15
INTERFACE_MTU: Final = 26
BROADCAST: Final = 28
STATIC_ROUTES: Final = 33
REQUESTED_IP: Final = 50
LEASE_TIME: Final = 51
OVERLOAD: Final = 52
MESSAGE_TYPE: Final = 53
SERVER_ID: Final = 54
PARAMETERS: Final = 55
ERROR_TEXT: Final = 56
MAXIMUM_SIZE: Final = 57
RENEWAL_TIME: Final = 58
REBINDING_TIME: Final = 59
CLIENT_ID: Final = 61
FQDN: Final = 81
SEARCH: Final = 119
CLASSLESS_ROUTES: Final = 121

FOREVER: Final = 0xFFFFFFFF
"""A lease without end (RFC 2131 section 3.3)."""
UNSTATED: Final = "0.0.0.0"

_FQDN_ENCODED: Final = 0x04
_FQDN_SERVER_UPDATES: Final = 0x01

Routes = tuple[tuple[str, str], ...]
"""Destinations with their prefix length, and gateways; gateway 0.0.0.0 means that the destination is on the link."""


def number(value: bytes | None, size: int = 4) -> int | None:
    """An unsigned number of `size` bytes."""
    return int.from_bytes(value, "big") if value is not None and len(value) == size else None


def addresses(value: bytes | None) -> tuple[str, ...]:
    """A list of addresses without those no host has."""
    if not value or len(value) % 4:
        return ()
    found = (IPv4Address(value[start : start + 4]) for start in range(0, len(value), 4))
    return tuple([str(each) for each in found if is_host(each)])


def is_host(ip: IPv4Address) -> bool:
    """Whether it can be the address of one host: not 0/8, no multicast, not the broadcast address."""
    return not (ip.packed[0] == 0 or ip.is_multicast or ip == IPv4Address("255.255.255.255"))


def pack_addresses(ips: Iterable[str]) -> bytes:
    return b"".join(IPv4Address(ip).packed for ip in ips)


def prefix_length(mask: bytes | None) -> int | None:
    """Of a subnet mask; None for one with holes."""
    bits = number(mask)
    if bits is None:
        return None
    length = bits.bit_count()
    return length if bits == (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF else None


def pack_prefix(length: int) -> bytes:
    """The subnet mask of a prefix length."""
    return ((0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF).to_bytes(4, "big")


def classless_routes(value: bytes | None) -> Routes:
    """RFC 3442; host bits in a destination are dropped. One malformed route spoils them all."""
    found: list[tuple[str, str]] = []
    data = value or b""
    while data:
        length = data[0]
        octets = (length + 7) // 8
        if length > 32 or len(data) < 1 + octets + 4:
            return ()
        destination = IPv4Network((data[1 : 1 + octets].ljust(4, b"\0"), length), strict=False)
        found.append((str(destination), str(IPv4Address(data[1 + octets : 5 + octets]))))
        data = data[5 + octets :]
    return tuple(found)


def pack_classless_routes(routes: Iterable[tuple[str, str]]) -> bytes:
    packed = b""
    for destination, gateway in routes:
        network = IPv4Network(destination)
        octets = (network.prefixlen + 7) // 8
        packed += bytes((network.prefixlen,)) + network.network_address.packed[:octets] + IPv4Address(gateway).packed
    return packed


def classful_routes(value: bytes | None) -> Routes:
    """Option 33, with the masks of old (RFC 2132 section 5.8); a default route does not belong there."""
    data = value or b""
    if len(data) % 8:
        return ()
    found: list[tuple[str, str]] = []
    for start in range(0, len(data), 8):
        first = data[start]
        if not 0 < first < 224:
            continue
        length = 8 if first < 128 else 16 if first < 192 else 24
        network = IPv4Network((data[start : start + 4], length), strict=False)
        if network.network_address.packed != data[start : start + 4]:
            network = IPv4Network((data[start : start + 4], 32))
        found.append((str(network), str(IPv4Address(data[start + 4 : start + 8]))))
    return tuple(found)


def pack_fqdn(full_name: str) -> bytes:
    """The client's name, which the server may put into the DNS (RFC 4702 section 2). Raises ValueError."""
    return bytes((_FQDN_ENCODED | _FQDN_SERVER_UPDATES, 0, 0)) + names.pack_client_name(full_name)


def hardware_id(hardware: int, mac: str) -> bytes:
    """The client identifier of old: hardware type and address (RFC 2132 section 9.14)."""
    return bytes((hardware,)) + bytes.fromhex(mac.replace(":", ""))


def node_id(iaid: int, duid: bytes) -> bytes:
    """The client identifier that DHCPv6 uses, too (RFC 4361 section 6.1)."""
    return b"\xff" + struct.pack("!I", iaid) + duid
