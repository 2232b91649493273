"""The whole network configuration of one namespace at one moment, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from netkernel.frozen import Frozen, fact
from netkernel.records import (
    Address,
    Attrs,
    Client,
    Endpoint,
    File,
    Hardware,
    Link,
    LinkDns,
    Manager,
    Neighbour,
    Nexthop,
    Route,
    Rule,
    VlanRange,
)


class Host(Frozen):
    """Everything a plan may change, keyed the way plans ask for it.

    `addresses` are in the kernel's own order per link. `routes` has every route but those of protocol kernel and of the
    `local` table, which follow the addresses. `vlans` has an entry for each bridge port and each bridge with VLANs.
    `sysctls` holds only those somebody asked about (path with slashes below /proc/sys); the per-link IPv6 ones are in
    the links' `conf6`. `clients` are those that run now. `files` are those of configuration that a plan may change
    (`netkernel.files`), by path; none where they are not those of this namespace. `resolver` has an entry for each link
    where systemd-resolved keeps the name servers. `heard` has what LLDP neighbours say (`packets.lldp`), by link; only
    an overview looks at it.

    `also` says which parts that few ask for were looked at: `ethtool.PARTS`, of which `hardware` then has an entry
    for each link that has any; `endpoints`, where `mptcp` tells whether it is `enabled` and its limits, and nothing if
    there is none; what veths are joined to elsewhere, with the names of all other `namespaces`; links whose own
    `settings` are in `sysctls`; and `files.MANAGERS`: `managers` has the other managers of links that are here, `files`
    what they are configured by. Nobody looks at them by the way, because drivers may have to ask their hardware, and
    /proc/sys tells one value at a time.
    """

    links: Mapping[str, Link] = {}
    addresses: Mapping[str, tuple[Address, ...]] = {}
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    nexthops: tuple[Nexthop, ...] = ()
    vlans: Mapping[str, tuple[VlanRange, ...]] = {}
    sysctls: Mapping[str, str] = {}
    clients: tuple[Client, ...] = ()
    files: Mapping[str, File] = {}
    resolver: Mapping[str, LinkDns] = {}
    endpoints: tuple[Endpoint, ...] = ()
    hardware: Mapping[str, Hardware] = {}
    managers: Mapping[str, Manager] = {}
    heard: Mapping[str, tuple[bytes, ...]] = fact(default={})
    mptcp: Attrs = fact(default={})
    namespaces: tuple[str, ...] = fact(default=())
    also: frozenset[str] = fact(default=frozenset())

    def ports(self, controller: str) -> tuple[str, ...]:
        """Names of the links enslaved to `controller`, sorted. The first question indexes all links, once per host."""
        return self._ports.get(controller, ())

    def above(self, below: str) -> tuple[str, ...]:
        """Names of the links that sit on `below` (VLANs and the like), sorted. Indexed like `ports`."""
        return self._above.get(below, ())

    def routes_to(self, destination: str) -> tuple[Route, ...]:
        """The routes to this very destination, in the host's order. Indexed like `ports`."""
        return self._routes_to.get(destination, ())

    def client(self, link: str, family: int) -> Client | None:
        """What runs for the link, if anything does. Indexed like `ports`."""
        return self._clients.get((link, family)) if self.clients else None

    @cached_property
    def _clients(self) -> Mapping[tuple[str, int], Client]:
        return {client.key: client for client in self.clients}

    @cached_property
    def _routes_to(self) -> Mapping[str, tuple[Route, ...]]:
        groups: dict[str, list[Route]] = {}
        for route in self.routes:
            groups.setdefault(route.destination, []).append(route)
        return {destination: tuple(routes) for destination, routes in groups.items()}

    @cached_property
    def _ports(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((link.master, name) for name, link in self.links.items())

    @cached_property
    def _above(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((below, name) for name, link in self.links.items() for below in link.below)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Names by what they belong to; those that belong to nothing are left out."""
    groups: dict[str, list[str]] = {}
    for group, name in pairs:
        if group:
            groups.setdefault(group, []).append(name)
    return {group: tuple(sorted(names)) for group, names in groups.items()}
