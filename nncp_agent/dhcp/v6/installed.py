"""A DHCPv6 lease on a host: its addresses, which never bring a route (RFC 8415 section 18.2.10.1; routers do)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Final

from netkernel.host import Host
from netkernel.ops import AddAddress, DeleteAddress, Op, SetAddress
from netkernel.packets.dhcp6_options import FOREVER
from netkernel.records import Address
from nncp_agent.dhcp.installed import LONGEST_S
from nncp_agent.dhcp.v6.lease import Lease, Lent

PREFIX: Final = 128
"""Which others are on the link only routers know (RFC 5942 section 4)."""
_NO_PREFIX_ROUTE: Final = 0x200
"""IFA_F_NOPREFIXROUTE (linux/if_addr.h)."""


def address(lent: Lent, link: str, now_s: float) -> Address:
    """It has a lifetime, also when it is lent for ever, and so it can be told."""
    valid_s = LONGEST_S if lent.valid_s == FOREVER else max(math.ceil(lent.ends_s - now_s), 1)
    left_s = LONGEST_S if lent.preferred_s == FOREVER else max(math.ceil(lent.deprecated_at_s - now_s), 0)
    preferred_s = min(left_s, valid_s)
    return Address(link, lent.ip, PREFIX, flags=_NO_PREFIX_ROUTE, valid_s=valid_s, preferred_s=preferred_s)


def put(lease: Lease, link: str, had: Collection[str], host: Host, now_s: float) -> Iterator[Op]:
    """The ops that make the host hold the lease, where it held the addresses `had` of an earlier one."""
    yield from removed(link, [ip for ip in had if ip not in lease.ips], host)
    present = {each.ip: each for each in host.addresses.get(link, ())}
    for lent in lease.addresses:
        wanted, same = address(lent, link, now_s), present.get(lent.ip)
        if same is None:
            yield AddAddress(wanted)
        elif is_lent(same):
            yield SetAddress(wanted, same)


def removed(link: str, ips: Collection[str], host: Host) -> Iterator[Op]:
    """The ops that take these addresses off, as far as they are from DHCP."""
    for each in host.addresses.get(link, ()):
        if each.ip in ips and is_lent(each):
            yield DeleteAddress(each)


def is_lent(each: Address) -> bool:
    """Whether it may be an address from DHCP; those of routers have the length of their prefix (RFC 4862)."""
    return each.family == 6 and each.prefix == PREFIX and each.valid_s <= LONGEST_S
