"""tun: devices that carry packets or frames of a process, and stay where nobody has them open (drivers/net/tun.c)."""

from __future__ import annotations

import errno
from typing import Final

from netkernel.link_kinds import tun
from netkernel.records import Attrs, Value
from netkernel.simulation.world import number, refuse

KIND: Final = tun.KIND.name
NO_HARDWARE: Final = 65534
"""ARPHRD_NONE (linux/if_arp.h)."""
TAP_QUEUE: Final = 1000
"""Packets: Ethernet's transmit queue."""


def has_no_mac(kind: str, attrs: Attrs) -> bool:
    """Whether it carries packets without frames, and no MAC."""
    return kind == KIND and attrs.get("mode") == tun.TUN


def check_birth(what: object, stated: Attrs) -> None:
    """Raises KernelRefused: EINVAL for one of no mode."""
    if stated.get("mode") not in (tun.TUN, tun.TAP):
        refuse(what, errno.EINVAL)


def queue(attrs: Attrs, stated: Attrs) -> Value:
    """Packets of its transmit queue."""
    return stated.get("txqlen", tun.TUN_QUEUE if attrs.get("mode") == tun.TUN else TAP_QUEUE)


def facts(attrs: Attrs) -> Attrs:
    """What the kernel says of it beside its attributes: it stays."""
    return {"persist": 1, "pi": number(attrs.get("pi")), "vnet_hdr": number(attrs.get("vnet_hdr"))}
