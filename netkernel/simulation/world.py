"""A host that can be changed, indexed so that no op costs more than what it touches: the state of the model."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Final, NoReturn

from netkernel import devconf, settings
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.link_kinds import COMMON, KINDS
from netkernel.ops import Op, SetManager
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
    Value,
)
from netkernel.simulation.route_table import RouteTable
from netkernel.vlan_ranges import Ranges

SMALLEST_IPV6_MTU: Final = 1280
"""RFC 8200 section 5; below it the kernel takes IPv6 off the link (net/ipv6/addrconf.c)."""
SET_BY_USER: Final = 3
"""NET_ADDR_SET (linux/netdevice.h): the MAC was written, so it follows nobody."""
STOLEN: Final = 2
"""NET_ADDR_STOLEN: the MAC is another link's and follows it."""
RANDOM: Final = 1
"""NET_ADDR_RANDOM."""
_NEVER_TEMPORARY: Final = frozenset({"ipip", "sit", "ip6tnl"})
"""Kinds without IPv6 privacy addresses (ipv6_add_dev)."""
_WITHOUT_ARP: Final = frozenset({"dummy", "vrf", "gre", "ip6gre"})
"""Kinds born with IFF_NOARP, as those of `_NEVER_TEMPORARY` are."""
NO_MAC: Final = "00:00:00:00:00:00"
ETHERNET_MTU: Final = 1500
FIRST_INDEX: Final = 2**24


class World:
    """One namespace. A value the model cannot know (a random MAC) is a key missing in `Link.attrs`.

    `lost` names what the last op destroyed without being asked, as the ops that would have done it, in an order the
    kernel takes; `faded` is what it destroyed that nobody but the kernel can bring back; `lifted` are the VLANs that
    came up with their base. `touched` collects the names of all links any op changed in any way. `draw_mac` gives the
    kernel's random MACs; without it they are unknown.
    """

    def __init__(self, host: Host, draw_mac: Callable[[], str] | None = None) -> None:
        self.links: dict[str, Link] = dict(host.links)
        self.addresses: dict[str, tuple[Address, ...]] = dict(host.addresses)
        self.routes = RouteTable(host.routes)
        self.rules: list[Rule] = list(host.rules)
        self.neighbours: dict[str, dict[Neighbour, None]] = {}
        for neighbour in host.neighbours:
            self.neighbours.setdefault(neighbour.link, {})[neighbour] = None
        self.nexthops: dict[int, Nexthop] = {nexthop.id: nexthop for nexthop in host.nexthops}
        self.vlans: dict[str, Ranges] = dict(host.vlans)
        self.sysctls: dict[str, str] = dict(host.sysctls)
        self.hardware: dict[str, Hardware] = dict(host.hardware)
        self._also = host.also
        self.clients: dict[tuple[str, int], Client] = {client.key: client for client in host.clients}
        self._settings: dict[str, set[str]] = {}  # link: paths below /proc/sys that only it has
        for path in host.sysctls:
            self._note_setting(path)
        self.files: dict[str, File] = dict(host.files)
        self.resolver: dict[str, LinkDns] = dict(host.resolver)
        self.managers: dict[str, Manager] = dict(host.managers)
        self.endpoints: dict[tuple[str, int], Endpoint] = {each.key: each for each in host.endpoints}
        self._mptcp = host.mptcp
        self.draw_mac = draw_mac
        self.lost: list[Op] = []
        self.faded: list[Address | Route] = []
        self.touched: set[str] = set()
        self.came_with: dict[str, tuple[Value | None, Value | None]] = {}  # bond port: its MAC and MTU before
        self.primaries: dict[str, str] = {}  # bond: the primary it was told, port or not
        self.pinned_mtus: dict[str, bool] = {}  # bridge: whether somebody wrote its MTU
        self.stale_macs: set[str] = set()  # VLANs that take their base's MAC when they come up
        self.lifted: list[str] = []
        self.foretold: set[tuple[str, str]] = set()  # link-local addresses (link, IP) that await a carrier
        self._ports: dict[str, dict[str, None]] = {}
        self._new_conf6: bytes | None = None
        self._taken: dict[object, int] = {}  # how many links there are of what only one can be
        self._above: dict[str, dict[str, None]] = {}
        for link in self.links.values():
            if link.master:
                self._ports.setdefault(link.master, {})[link.name] = None
            for below in link.below:
                self._above.setdefault(below, {})[link.name] = None
            self._count(link, 1)
        self._guess_origins()
        self._indexes = {link.index for link in self.links.values()}
        # above all that a kernel or our executor gives, so that it never takes one that a remade link wants back
        self._last_index = max((link.index for link in self.links.values()), default=0) + FIRST_INDEX

    def host(self) -> Host:
        """What it holds now, as a value."""
        return Host(
            links=dict(self.links),
            addresses={name: addresses for name, addresses in self.addresses.items() if addresses},
            routes=tuple(self.routes),
            rules=tuple(self.rules),
            neighbours=tuple(each for those in self.neighbours.values() for each in those),
            nexthops=tuple(self.nexthops.values()),
            vlans={name: ranges for name, ranges in self.vlans.items() if ranges or self.links[name].master},
            sysctls=dict(self.sysctls),
            hardware=dict(self.hardware),
            also=self._also,
            clients=tuple(self.clients[key] for key in sorted(self.clients)),
            files=dict(self.files),
            resolver=dict(self.resolver),
            managers=dict(self.managers),
            endpoints=tuple(self.endpoints.values()),
            mptcp=self._mptcp,
        )

    def ports(self, controller: str) -> tuple[str, ...]:
        """Names of the links enslaved to it, sorted."""
        return tuple(sorted(self._ports.get(controller, ())))

    def port_count(self, controller: str) -> int:
        return len(self._ports.get(controller, ()))

    def has_ports(self, controller: str) -> bool:
        return bool(self._ports.get(controller))

    def above(self, below: str) -> tuple[str, ...]:
        """Names of the links that sit on it, sorted."""
        return tuple(sorted(self._above.get(below, ())))

    def vlans_above(self, below: str) -> Iterator[Link]:
        for name in self.above(below):
            if self.links[name].kind == "vlan":
                yield self.links[name]

    def is_taken(self, identity: object) -> bool:
        """Whether a link has what only one of its kind can have (see `identity`)."""
        return self._taken.get(identity, 0) > 0

    def _count(self, link: Link, change: int) -> None:
        if (key := identity(link.kind, link.attrs)) is not None:
            self._taken[key] = self._taken.get(key, 0) + change

    def kind_of(self, name: str) -> str:
        """The link kind, or "" for a name nobody has."""
        link = self.links.get(name)
        return link.kind if link else ""

    def is_pinned(self, bridge: Link) -> bool:
        """Whether somebody wrote its MAC, so that it follows no port."""
        known = bridge.address_assigned
        return (self._origins.get(bridge.name) if known is None else known) == SET_BY_USER

    def may_be_pinned(self, bridge: Link) -> bool:
        """Whether nobody told where its MAC is from: it may follow its ports or not."""
        return bridge.address_assigned is None

    def _guess_origins(self) -> None:
        """Bridges follow their ports until somebody writes; where the kernel does not say, being different tells."""
        self._origins: dict[str, int] = {}
        for link in self.links.values():
            if link.kind == "bridge":
                ports = [self.links[port] for port in self._ports.get(link.name, ())]
                self.pinned_mtus[link.name] = link.mtu != min((port.mtu for port in ports), default=ETHERNET_MTU)
                lowest = min((port.address for port in ports), default=link.address)
                self._origins[link.name] = RANDOM if link.address == lowest else SET_BY_USER

    def put(self, link: Link) -> None:
        """Make `link` what its name stands for."""
        old = self.links.get(link.name)
        if old is None:
            self._count(link, 1)
            self._indexes.add(link.index)
            self._regroup(self._ports, "", link.master, link.name)
            self._restack((), link.below, link.name)
        elif old.attrs is not link.attrs:
            self._count(old, -1)
            self._count(link, 1)
            if old.master != link.master:
                self._regroup(self._ports, old.master, link.master, link.name)
            if old.below != link.below:
                self._restack(old.below, link.below, link.name)
        self.links[link.name] = link
        self.touched.add(link.name)

    def change(self, name: str, attrs: Attrs, forget: Iterable[str] = ()) -> Link:
        """Write attributes of a link, and make those in `forget` unknown."""
        link = self.links[name]
        merged = {**link.attrs, **attrs}
        for key in forget:
            merged.pop(key, None)
        changed = replace(link, attrs=merged)
        self.put(changed)
        return changed

    def remove(self, name: str) -> None:
        """Forget a link and what only it had."""
        link = self.links.pop(name)
        self._count(link, -1)
        self._indexes.discard(link.index)
        self._regroup(self._ports, link.master, "", name)
        self._restack(link.below, (), name)
        self.touched.add(name)
        self.forget_settings(name)
        self.addresses.pop(name, None)
        self.neighbours.pop(name, None)
        self.vlans.pop(name, None)
        self.hardware.pop(name, None)
        self.resolver.pop(name, None)
        self.came_with.pop(name, None)
        self.primaries.pop(name, None)
        self.pinned_mtus.pop(name, None)
        self.stale_macs.discard(name)

    def has_index(self, index: int) -> bool:
        """Whether a link has this ifindex; 0 is nobody's."""
        return index != 0 and index in self._indexes

    def next_index(self) -> int:
        self._last_index += 1
        return self._last_index

    def new_conf6(self, kind: str, below: str = "", mac: bool = True) -> bytes:
        """The IPv6 settings a link is born with, as far as the host's defaults are known; `mac`: whether it has one."""
        if self._new_conf6 is None:
            known = {name: self.sysctls.get(f"net/ipv6/conf/default/{name}") for name in devconf.NAMES}
            self._new_conf6 = devconf.sparse({name: int(value) for name, value in known.items() if value is not None})
        if kind in _NEVER_TEMPORARY or not mac:
            return devconf.overlay(self._new_conf6, {"accept_dad": -1, "use_tempaddr": -1})
        lender = self.links.get(below) if kind == "vlan" else None  # it has the IFF_NOARP of its base
        if kind in _WITHOUT_ARP or (lender is not None and devconf.get(lender.conf6, "accept_dad") == -1):
            return devconf.overlay(self._new_conf6, {"accept_dad": -1})
        return self._new_conf6

    def _note_setting(self, path: str) -> None:
        if name := settings.link_of(path):
            self._settings.setdefault(name, set()).add(path)

    def forget_settings(self, name: str, folders: Iterable[str] = settings.FOLDERS) -> None:
        """What only /proc/sys tells of a link that goes, or that loses IPv6."""
        for path in [path for path in self._settings.get(name, ()) if path.startswith(tuple(folders))]:
            self._settings[name].discard(path)
            self.sysctls.pop(path, None)

    def write_sysctl(self, path: str, value: str) -> None:
        """A setting that is no link's."""
        self._note_setting(path)
        self.sysctls[path] = value
        self._new_conf6 = None

    def set_manager(self, op: SetManager) -> None:
        """What it holds is no link's doing: a link may go and come without it."""
        holds = self.managers.get(op.name, Manager()).holds
        kept = {name: hold for name, hold in holds.items() if name not in op.old.holds}
        self.managers[op.name] = Manager(op.new.running, {**kept, **op.new.holds})

    def new_gen_mode(self) -> Value | None:
        """The addr_gen_mode a link is born with; None when it is not known."""
        number = self.sysctls.get("net/ipv6/conf/default/addr_gen_mode")
        return None if number is None else COMMON["addr_gen_mode"].words.get(int(number), int(number))

    def _restack(self, old: Iterable[str], new: Iterable[str], name: str) -> None:
        for below in old:
            self._regroup(self._above, below, "", name)
        for below in new:
            self._regroup(self._above, "", below, name)

    @staticmethod
    def _regroup(groups: dict[str, dict[str, None]], old: str, new: str, name: str) -> None:
        if old and old in groups:
            groups[old].pop(name, None)
        if new:
            groups.setdefault(new, {})[name] = None


def identity(kind: str, attrs: Attrs) -> Hashable:
    """What only one link of a namespace can have (`LinkKind.identity`); None for kinds of which all can be alike."""
    known = KINDS.get(kind)
    return None if known is None or known.identity is None else (kind, known.identity(attrs))


def number(value: Value | None) -> int:
    """An attribute whose form is a number; 0 where it is not known."""
    return value if isinstance(value, int) else 0


def refuse(what: object, number: int, reason: str = "") -> NoReturn:
    """Raise what the kernel answers: its errno and its words."""
    raise KernelRefused(str(what), number, reason or os.strerror(number))
