"""loopback: `lo`, always there, with addresses of its own that no policy takes away (nmstate.md 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind
from nncp_agent.model import Interface, IpAddress, IpStack, State

DEFAULT_MTU: Final = 65536


class Loopback(Kind):
    name = "loopback"
    link_kinds = ("",)
    is_virtual = False
    own_addresses = (("127.0.0.1", 8), ("::1", 128))

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Another loopback, one without IPv4, or one that asks a network for addresses."""
        if iface.name != "lo":
            yield Problem(f"{iface.name}: type", "found loopback, wanted the name lo: there is one in each namespace")
        has_ipv4 = any(each.family == 4 for each in context.before.addresses.get(iface.name, ()))
        if iface.ipv4 is not None and iface.ipv4.enabled is False and has_ipv4:
            yield Problem(f"{iface.name}: ipv4.enabled", "found false, wanted true: the loopback keeps its own address")
        for family, stack in (("ipv4", iface.ipv4), ("ipv6", iface.ipv6)):
            for key in ("dhcp", "autoconf"):
                if stack is not None and getattr(stack, key):
                    yield Problem(f"{iface.name}: {family}.{key}", "found true, wanted false: no network is behind it")

    def restored(self, link: Link) -> Interface:
        """The kernel's defaults, MTU and all (drivers/net/loopback.c); no IPv6 where the kernel has none."""
        own = [IpAddress(ip=ip, prefix_length=prefix) for ip, prefix in self.own_addresses]
        ipv4, ipv6 = (IpStack(enabled=True, address=(each,)) for each in own)
        return Interface(
            name=link.name,
            type=self.name,
            state=State.UP,
            mtu=DEFAULT_MTU,
            accept_all_mac_addresses=False,
            ipv4=ipv4,
            ipv6=ipv6 if link.conf6 else None,
        )
