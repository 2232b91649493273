"""IPv6 link-local addresses, and which of them the kernel makes by itself (RFC 4291 section 2.5.6, RFC 7217)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

from netkernel.link_kinds import KINDS
from netkernel.link_kinds.base import ETHERNET
from netkernel.records import Address, Link

KERNEL_LINK_LOCAL: Final = 3
"""IFAPROT_KERNEL_LL (linux/if_addr.h), in dumps since Linux 5.18."""
LINK_SCOPE: Final = 253
"""RT_SCOPE_LINK (linux/rtnetlink.h)."""
HOST_SCOPE: Final = 254
"""RT_SCOPE_HOST."""
STABLE_PRIVACY: Final = 0x800
"""IFA_F_STABLE_PRIVACY (linux/if_addr.h)."""
_IPIP, _IP6TNL, _SIT, _GRE, _IP6GRE = 768, 769, 776, 778, 823
"""ARPHRD_* of linux/if_arp.h."""
_LOCAL: Final = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "255.255.255.255/32",
    )
)  # fmt: skip
"""What is not unique in the world: the universal bit of an ISATAP identifier is off (__ipv6_isatap_ifid)."""
_BEGINNINGS: Final = ("fe8", "fe9", "fea", "feb")


def is_link_local(address: Address) -> bool:
    """Whether it stands in fe80::/10, or is one of those that a sit tunnel without remote makes of IPv4 addresses."""
    return address.ip.startswith(_BEGINNINGS) or is_compatible(address)


def is_compatible(address: Address) -> bool:
    """Whether it is an IPv4 address in ::/96 (RFC 4291 section 2.5.5.1), as nobody but the kernel makes them."""
    return address.prefix == 96 and address.ip.startswith("::") and "." in address.ip


def compatible(link: Link, ip: str, is_host: bool) -> Address:
    """The address that a sit tunnel makes of an IPv4 address (add_v4_addrs)."""
    return Address(link.name, f"::{ip}", 96, scope=HOST_SCOPE if is_host else 0)


@lru_cache(maxsize=8192)
def eui64(mac: str) -> str:
    """The link-local address of a lower-case MAC (modified EUI-64, RFC 4291 appendix A); "" when it is no MAC."""
    octets = mac.split(":")
    if len(octets) != 6:
        return ""
    first, *middle = (int(octet, 16) for octet in octets)
    packed = bytes([first ^ 2, *middle[:2], 0xFF, 0xFE, *middle[2:]])
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + packed))


def by_identifier(link: Link) -> str:
    """The link-local address that the kernel makes of a link's own identifier in mode eui64; "" for none.

    That is its MAC (RFC 4291), for tunnels over IPv4 their local end (RFC 5214 section 6.1, RFC 4213 section 3.7), for
    those over IPv6 a number they were born with (addrconf_ifid_ip6tnl). What an IPVLAN makes nobody can tell.
    """
    if link.kind in KINDS and KINDS[link.kind].numbered:
        return ""
    if link.type in (_IP6TNL, _IP6GRE):
        return eui64(link.perm_address[:17])
    if link.type in (_IPIP, _GRE) or (link.type == _SIT and link.attrs.get("remote")):
        return _of_local_end(link.address, link.type)
    return eui64(link.address) if link.type == ETHERNET else ""


@lru_cache(maxsize=1024)
def _of_local_end(address: str, type: int) -> str:
    packed = bytes(int(octet, 16) for octet in address.split(":")) if address else b""
    if len(packed) != 4 or not any(packed):
        return ""
    unique = not any(ipaddress.IPv4Address(packed) in network for network in _LOCAL)
    isatap = bytes([0x02 if unique else 0x00, 0x00, 0x5E, 0xFE])
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + (bytes(4) if type == _SIT else isatap) + packed))


def is_kernel_made(address: Address, link: Link) -> bool:
    """Whether the kernel made this address of `link`, and would make it again when the link comes up.

    An address by EUI-64 counts even where somebody typed it: the kernel makes the same one.
    """
    mode = link.attrs.get("addr_gen_mode", "eui64")
    if link.type == _SIT and is_compatible(address):
        return not link.attrs.get("remote")
    if address.prefix != 64 or not is_link_local(address):
        return False
    if mode == "eui64":
        return address.ip == by_identifier(link)
    if mode == "none":
        return False
    return bool(address.state & STABLE_PRIVACY) or address.protocol == KERNEL_LINK_LOCAL


def made(link: Link, protocol: int) -> Address | None:
    """The address the kernel makes for a link of mode eui64; None for other modes and an unknown MAC."""
    ip = by_identifier(link)
    if link.attrs.get("addr_gen_mode", "eui64") != "eui64" or not ip:
        return None
    return Address(link.name, ip, 64, scope=LINK_SCOPE, protocol=protocol)
