"""Sysctls: the per-link IPv6 settings live in the link's record, all others are text by path."""

from __future__ import annotations

import errno
from typing import Final

from netkernel import devconf, settings
from netkernel.frozen import replace
from netkernel.ops import WriteSysctl
from netkernel.simulation import ip
from netkernel.simulation.world import World, refuse

CONF6: Final = "net/ipv6/conf/"


def of_link(path: str) -> tuple[str, str] | None:
    """The link and the setting a path is about; None for any other sysctl."""
    link, slash, setting = path.removeprefix(CONF6).rpartition("/")
    if not path.startswith(CONF6) or not slash or link in ("all", "default") or setting not in devconf.NAMES:
        return None
    return link, setting


def write(world: World, op: WriteSysctl) -> None:
    """Switching IPv6 off takes its addresses and routes; on, link-local comes back. Raises KernelRefused: ENOENT."""
    place = of_link(op.path)
    if place is None:
        if (owner := settings.link_of(op.path)) and owner not in world.links:
            refuse(op, errno.ENOENT)
        world.write_sysctl(op.path, op.new)
        return
    name, setting = place
    link = world.links.get(name)
    if link is None or not ip.has_inet6(link):
        refuse(op, errno.ENOENT)
    was_off = devconf.get(link.conf6, "disable_ipv6")
    value = int(op.new)
    world.put(replace(link, conf6=devconf.overlay(link.conf6, {setting: value})))
    if setting == "disable_ipv6" and value and not was_off:
        ip.lose_inet6(world, name)
    elif setting == "disable_ipv6" and not value and was_off:
        ip.give_link_local(world, name)
