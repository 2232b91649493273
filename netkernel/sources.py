"""Source addresses of routes: IPv6 takes one only when duplicate address detection is over (net/ipv6/route.c)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from netkernel.codec import addresses
from netkernel.netlink import Socket
from netkernel.watch import Watch

LONGEST_S: Final = 5.0
"""Detection takes dad_transmits times retrans_time and up to a second before (RFC 4862 section 5.4): two by default.

Without carrier it never ends; then the kernel says no to the route in its own words.
"""
_TENTATIVE, _DADFAILED, _OPTIMISTIC = 0x40, 0x08, 0x04  # IFA_F_*, linux/if_addr.h
_IPV6: Final = 10


def await_detection(
    source: str,
    socket: Socket,
    watch: Callable[[], Watch],
    longest_s: float = LONGEST_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return as soon as no link's IPv6 address `source` is tentative any more; no later than `longest_s` seconds."""
    if not _is_tentative(source, socket):
        return
    deadline = clock() + longest_s
    with watch() as changes:
        while _is_tentative(source, socket) and (left_s := deadline - clock()) > 0:
            changes.wait(left_s)


def _is_tentative(source: str, socket: Socket) -> bool:
    for data, start, end in socket.dump(addresses.GET, addresses.dump_request(_IPV6)):
        found = addresses.Addresses().read(data, start, end, {addresses.index(data, start): ""})
        if found and found.ip == source and found.state & _TENTATIVE and not found.state & (_DADFAILED | _OPTIMISTIC):
            return True
    return False
