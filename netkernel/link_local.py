"""IPv6 link-local addresses, and which of them the kernel makes by itself (RFC 4291 section 2.5.6, RFC 7217)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

from netkernel.records import Address, Link

KERNEL_LINK_LOCAL: Final = 3
"""IFAPROT_KERNEL_LL (linux/if_addr.h), in dumps since Linux 5.18."""
LINK_SCOPE: Final = 253
"""RT_SCOPE_LINK (linux/rtnetlink.h)."""
STABLE_PRIVACY: Final = 0x800
"""IFA_F_STABLE_PRIVACY (linux/if_addr.h)."""
_BEGINNINGS: Final = ("fe8", "fe9", "fea", "feb")


def is_link_local(address: Address) -> bool:
    """Whether it stands in fe80::/10."""
    return address.ip.startswith(_BEGINNINGS)


@lru_cache(maxsize=8192)
def eui64(mac: str) -> str:
    """The link-local address of a lower-case MAC (modified EUI-64, RFC 4291 appendix A); "" when it is no MAC."""
    octets = mac.split(":")
    if len(octets) != 6:
        return ""
    first, *middle = (int(octet, 16) for octet in octets)
    packed = bytes([first ^ 2, *middle[:2], 0xFF, 0xFE, *middle[2:]])
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + packed))


def is_kernel_made(address: Address, link: Link) -> bool:
    """Whether the kernel made this address of `link`, and would make it again when the link comes up.

    An address by EUI-64 counts even where somebody typed it: the kernel makes the same one.
    """
    mode = link.attrs.get("addr_gen_mode", "eui64")
    if address.prefix != 64 or not is_link_local(address):
        return False
    if mode == "eui64":
        return address.ip == eui64(link.address)
    if mode == "none":
        return False
    return bool(address.state & STABLE_PRIVACY) or address.protocol == KERNEL_LINK_LOCAL


def made(link: Link, protocol: int) -> Address | None:
    """The address the kernel makes for a link of mode eui64; None for other modes and an unknown MAC."""
    ip = eui64(link.address)
    if link.attrs.get("addr_gen_mode", "eui64") != "eui64" or not ip:
        return None
    return Address(link.name, ip, 64, scope=LINK_SCOPE, protocol=protocol)
