"""The whole network configuration of one namespace at one moment, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netkernel.records import Address, Link, Neighbour, Nexthop, Route, Rule, VlanRange


@dataclass(frozen=True, slots=True)
class Host:
    """Everything a plan may change, keyed the way plans ask for it.

    `addresses` are in the kernel's own order per link. `routes` has every route but those of protocol kernel and of the
    `local` table, which follow the addresses. `vlans` has an entry for each bridge port and each bridge with VLANs.
    `sysctls` holds only those somebody asked about (path with slashes below /proc/sys); the per-link IPv6 ones are in
    the links' `conf6`.
    """

    links: Mapping[str, Link] = field(default_factory=dict)
    addresses: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    nexthops: tuple[Nexthop, ...] = ()
    vlans: Mapping[str, tuple[VlanRange, ...]] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)

    def ports(self, controller: str) -> tuple[str, ...]:
        """Names of the links enslaved to `controller`, sorted."""
        return tuple(sorted(name for name, link in self.links.items() if link.master == controller))

    def above(self, below: str) -> tuple[str, ...]:
        """Names of the links that sit on `below` (VLANs and the like), sorted."""
        return tuple(sorted(name for name, link in self.links.items() if link.link == below))
