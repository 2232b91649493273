"""The whole network configuration of one namespace at one moment, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    _ports: Mapping[str, tuple[str, ...]] | None = field(default=None, init=False, compare=False, repr=False)
    _above: Mapping[str, tuple[str, ...]] | None = field(default=None, init=False, compare=False, repr=False)

    def ports(self, controller: str) -> tuple[str, ...]:
        """Names of the links enslaved to `controller`, sorted. The first question indexes all links, once per host."""
        if self._ports is None:
            object.__setattr__(self, "_ports", _grouped((link.master, name) for name, link in self.links.items()))
        return (self._ports or {}).get(controller, ())

    def above(self, below: str) -> tuple[str, ...]:
        """Names of the links that sit on `below` (VLANs and the like), sorted. Indexed like `ports`."""
        if self._above is None:
            object.__setattr__(self, "_above", _grouped((link.link, name) for name, link in self.links.items()))
        return (self._above or {}).get(below, ())


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Names by what they belong to; those that belong to nothing are left out."""
    groups: dict[str, list[str]] = {}
    for group, name in pairs:
        if group:
            groups.setdefault(group, []).append(name)
    return {group: tuple(sorted(names)) for group, names in groups.items()}
