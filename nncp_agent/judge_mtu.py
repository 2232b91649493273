"""MTUs: within the device's limits, never over the base's, and no step down between a bridge and its ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, State
from nncp_agent.resolve import Resolved, kind_of

SMALLEST_IPV6_MTU: Final = 1280
DEFAULT_MTU: Final = 1500
"""What the kernel gives a new link that takes it from nowhere (ETH_DATA_LEN)."""


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """MTUs the kernel would refuse, or quietly take from a link the policy does not speak of."""
    mtus = Mtus(resolved, before)
    for name, iface in resolved.wanted.items():
        if iface.state in (State.ABSENT, State.DOWN):
            continue
        yield from _limits(iface, resolved, before)
        yield from _over_its_base(iface, resolved, before, mtus)
        yield from _under_what_sits_on_it(name, resolved, before, mtus)


def warnings(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Frames that fit the bridge and not its port are dropped without a word."""
    mtus = Mtus(resolved, before)
    touched = dict.fromkeys([*resolved.wanted, *(m for m in resolved.masters.values() if m)])
    touched |= dict.fromkeys(c for name in resolved.wanted if (c := resolved.merged[name].controller))
    for controller in touched:
        for port in mtus.ports(controller):
            above, below = mtus.of(controller), mtus.of(port)
            if below and above > below:
                yield Problem(f"{controller}: mtu", f"{above} is more than the {below} of its port {port}: "
                              f"larger frames will be dropped")  # fmt: skip


class Mtus:
    """The MTU each link will have: as stated, as it is, or as the kernel derives it from others."""

    def __init__(self, resolved: Resolved, before: Host) -> None:
        self._resolved = resolved
        self._before = before
        self._known: dict[str, int] = {}
        self._joined: dict[str, list[str]] = {}
        for port, controller in resolved.masters.items():
            self._joined.setdefault(controller, []).append(port)

    def ports(self, controller: str) -> list[str]:
        """The controller's ports once the policy holds."""
        masters = self._resolved.masters
        stay = [p for p in self._before.ports(controller) if masters.get(p, controller) == controller]
        return sorted({*stay, *self._joined.get(controller, ())} - self._resolved.gone if controller else ())

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
        if controller and self._kind(controller) == "bond" and (name in self._resolved.masters or link is None):
            return self.of(controller)
        if link is not None and self._kind(name) == "bridge":
            follows = link.mtu == min((self._before.links[port].mtu for port in self._before.ports(name)), default=0)
            return min(map(self.of, self.ports(name)), default=link.mtu) if follows else link.mtu
        if link is not None:
            return link.mtu
        below = kind_of(merged, None).below(merged)
        if below:
            return self.of(below[0])
        if self._kind(name) == "bridge":
            return min(map(self.of, self.ports(name)), default=DEFAULT_MTU)
        return DEFAULT_MTU

    def _kind(self, name: str) -> str:
        """IFLA_INFO_KIND the link has or will have."""
        link = self._before.links.get(name)
        if link is not None:
            return link.kind
        return kind_of(self._resolved.merged[name], None).link_kinds[0] if name in self._resolved.merged else ""


def _limits(iface: Interface, resolved: Resolved, before: Host) -> Iterator[Problem]:
    link, path = before.links.get(iface.name), f"{iface.name}: mtu"
    merged = resolved.merged[iface.name]
    if iface.mtu is not None and link is not None and link.max_mtu and not link.min_mtu <= iface.mtu <= link.max_mtu:
        yield Problem(path, f"wanted {link.min_mtu} to {link.max_mtu} (the device's limits), found {iface.mtu}")
    stated = iface.mtu is not None or iface.ipv6 is not None
    has_ipv6 = merged.ipv6 is not None and merged.ipv6.enabled is True
    if stated and has_ipv6 and merged.mtu and merged.mtu < SMALLEST_IPV6_MTU:
        yield Problem(path, f"wanted {SMALLEST_IPV6_MTU} or more: IPv6 is enabled (RFC 8200), found {merged.mtu}")


def _over_its_base(iface: Interface, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    merged, link = resolved.merged[iface.name], before.links.get(iface.name)
    for base in kind_of(iface, link).below(merged):
        mine, its = mtus.of(iface.name), mtus.of(base)
        if its and mine > its:
            hint = "" if iface.mtu is not None else "; state an mtu for it too"
            yield Problem(f"{iface.name}: mtu", f"{mine} is more than the {its} of {base}, on which it sits{hint}")
    controller = merged.controller
    if controller and link is not None and iface.mtu is None and 0 < link.max_mtu < mtus.of(iface.name):
        message = f"{mtus.of(iface.name)} is more than its port {iface.name} can: {link.max_mtu}"
        yield Problem(f"{controller}: mtu", message)


def _under_what_sits_on_it(name: str, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    link = before.links.get(name)
    mtu = mtus.of(name)
    if link is None or not mtu or mtu >= link.mtu:
        return
    for above in before.above(name):
        other = before.links[above]
        if above in resolved.wanted or above in resolved.gone or other.kind != "vlan" or other.mtu <= mtu:
            continue
        yield Problem(
            f"{name}: mtu", f"{mtu} is less than the {other.mtu} of {above}, which sits on it: name {above} too"
        )
