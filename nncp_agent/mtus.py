"""The MTU each link will have: as stated, as it is, or as the kernel derives it from bonds, ports and bases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.model import Interface
from nncp_agent.resolve import Resolved, kind_of

DEFAULT_MTU: Final = 1500
"""What the kernel gives a new link that takes it from nowhere (ETH_DATA_LEN)."""


class Mtus:
    """MTUs once the policy holds, each derived when it is first asked for."""

    def __init__(self, resolved: Resolved, before: Host) -> None:
        self._resolved = resolved
        self._before = before
        self._known: dict[str, int] = {}
        self._joined: dict[str, list[str]] = {}
        for port, controller in resolved.masters.items():
            self._joined.setdefault(controller, []).append(port)

    def ports(self, controller: str) -> list[str]:
        """The controller's ports once the policy holds."""
        if not self._before.ports(controller) and controller not in self._joined:
            return []
        masters = self._resolved.masters
        stay = [p for p in self._before.ports(controller) if masters.get(p, controller) == controller]
        return sorted({*stay, *self._joined.get(controller, ())} - self._resolved.gone if controller else ())

    def tag(self, iface: Interface, base: str) -> int:
        """Bytes that its tag takes from the frames of a base that has no room for it."""
        if base not in self._resolved.merged:
            return 0
        below = kind_of(self._resolved.merged[base], self._before.links.get(base))
        return 0 if below.room_for_tags else kind_of(iface, self._before.links.get(iface.name)).tag

    def touched(self) -> Iterable[str]:
        """Links whose MTU the policy may change: those it names, their controllers, and their ports."""
        names = dict.fromkeys([*self._resolved.wanted, *(each for each in self._resolved.masters.values() if each)])
        controllers = [self._resolved.merged[each].controller or "" for each in names if each in self._resolved.merged]
        ports = [port for each in names for port in self.ports(each)]
        return dict.fromkeys([*names, *controllers, *ports])

    def of(self, name: str) -> int:
        """0 when it cannot be told."""
        if name not in self._known:
            self._known[name] = 0  # a loop ends here; it is reported elsewhere
            self._known[name] = self._derive(name)
        return self._known[name]

    def _derive(self, name: str) -> int:
        if name not in self._resolved.merged:
            return 0
        wanted, link = self._resolved.wanted.get(name), self._before.links.get(name)
        if wanted is not None and wanted.mtu is not None:
            return wanted.mtu
        merged = self._resolved.merged[name]
        controller = merged.controller or ""
        if controller and self._kind(controller) == "bond" and (link is None or self._is_told(name, controller)):
            return self.of(controller)
        if link is not None and self._leaves_a_bond(link):
            return 0
        if self._kind(name) == "bridge" and (link is None or self._follows(link)):
            return min(map(self.of, self.ports(name)), default=DEFAULT_MTU)
        kind = kind_of(merged, link)
        if kind.fragments and link is not None:
            return link.mtu
        if link is None and kind.takes_ports and (room := kind.overhead(merged)):
            return max(min(map(self.of, self.ports(name)), default=0) - room, 0)
        below = kind.below(merged)
        if below and (link is None or (link.below and not set(link.below) & set(below))):
            headers = kind.overhead(merged)
            lowest = min(self.of(each) - self.tag(merged, each) for each in below)
            room = lowest - headers if headers is not None else 0
            return max(min(room, link.mtu if link is not None else room), 0)
        return link.mtu if link is not None else kind.usual_mtu

    def _is_told(self, port: str, bond: str) -> bool:
        """Whether the bond writes its MTU to the port: when it joins, and when the bond's own changes."""
        old = self._before.links.get(bond)
        joins = self._before.links[port].master != bond
        return joins or old is None or self.of(bond) != old.mtu

    def _leaves_a_bond(self, link: Link) -> bool:
        """Whether it gets back the MTU it came to a bond with, which nobody else remembers."""
        master = self._resolved.masters.get(link.name, "" if link.master in self._resolved.gone else link.master)
        return master != link.master and self._kind(link.master) == "bond"

    def _follows(self, bridge: Link) -> bool:
        """Whether it has its lowest port's MTU, as bridges do until somebody writes it; the kernel keeps no mark."""
        return bridge.mtu == min(
            (self._before.links[port].mtu for port in self._before.ports(bridge.name)), default=DEFAULT_MTU
        )

    def _kind(self, name: str) -> str:
        """IFLA_INFO_KIND the link has or will have."""
        link = self._before.links.get(name)
        if link is not None:
            return link.kind
        merged = self._resolved.merged.get(name)
        return kind_of(merged, None).link_kind(merged) if merged is not None else ""
