"""MTUs: within the device's limits, never over the base's, and no step down between a bridge and its ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.host import Host
from netkernel.link_kinds import KINDS
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, State
from nncp_agent.mtus import Mtus
from nncp_agent.resolve import Resolved, kind_of

SMALLEST_IPV6_MTU: Final = 1280
SINKING: Final = frozenset({"vlan", "macvlan", "macvtap", "macsec"})
"""Kinds (IFLA_INFO_KIND) whose MTU falls with their base's."""


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """MTUs the kernel would refuse, or quietly take from a link the policy does not speak of."""
    mtus = Mtus(resolved, before)
    for iface in resolved.wanted.values():
        if iface.state is State.ABSENT:
            continue
        yield from _limits(iface, before)
        yield from _over_its_base(iface, resolved, before, mtus)
    for name in mtus.touched():
        yield from _too_small_for_ipv6(name, resolved, before, mtus)
        yield from _under_what_sits_on_it(name, resolved, before, mtus)


def warnings(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Frames that fit the bridge and not its port are dropped without a word."""
    mtus = Mtus(resolved, before)
    for controller in mtus.touched():
        if controller not in resolved.merged:
            continue
        if kind_of(resolved.merged[controller], before.links.get(controller)).ports_hold_ip:
            continue  # a router's packets need not fit all its links
        for port in mtus.ports(controller):
            above, below = mtus.of(controller), mtus.of(port)
            if below and above > below and not _steps_down_already(controller, above, port, below, before):
                yield Problem(f"{controller}: mtu", f"{above} is more than the {below} of its port {port}: "
                              f"larger frames will be dropped")  # fmt: skip


def _steps_down_already(controller: str, above: int, port: str, below: int, before: Host) -> bool:
    had, was = before.links.get(controller), before.links.get(port)
    return had is not None and was is not None and (was.master, had.mtu, was.mtu) == (controller, above, below)


def _limits(iface: Interface, before: Host) -> Iterator[Problem]:
    link = before.links.get(iface.name)
    if iface.mtu is None:
        return
    if link is not None:
        (low, high), whose = (link.min_mtu, link.max_mtu), "the device's limits"
    else:
        kind = kind_of(iface, None)
        (low, high), whose = KINDS[kind.link_kind(iface)].mtus, f"what a {kind.name} can"
    if high and not low <= iface.mtu <= high:
        yield Problem(f"{iface.name}: mtu", f"wanted {low} to {high} ({whose}), found {iface.mtu}")


def _too_small_for_ipv6(name: str, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    """Stated or derived: the kernel takes IPv6 off a link whose MTU falls below its smallest."""
    mtu, link, wanted = mtus.of(name), before.links.get(name), resolved.wanted.get(name)
    if not mtu or mtu >= SMALLEST_IPV6_MTU or (wanted is not None and wanted.state in (State.ABSENT, State.DOWN)):
        return
    ipv6 = resolved.merged[name].ipv6
    falls = link is None or link.mtu >= SMALLEST_IPV6_MTU
    stated = wanted is not None and (wanted.mtu is not None or wanted.ipv6 is not None)
    if ipv6 is not None and ipv6.enabled is True and (falls or stated):
        message = f"wanted {SMALLEST_IPV6_MTU} or more: IPv6 is enabled (RFC 8200), found {mtu}"
        yield Problem(f"{name}: mtu", message)


def _over_its_base(iface: Interface, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    merged, link = resolved.merged[iface.name], before.links.get(iface.name)
    for base in kind_of(iface, link).below(merged):
        if kind_of(iface, link).fragments:
            continue
        mine, its = mtus.of(iface.name), mtus.of(base)
        lost = _lost(merged, base, link, mtus)
        if _is_so_already(link, mine, before.links.get(base), its):
            continue  # a vxlan keeps its MTU when its base shrinks
        if its and mine > its - lost:
            hint = "" if iface.mtu is not None else "; state an mtu for it too"
            room = f"the {its} of {base}, on which it sits" + f", less {lost} that it needs itself" * bool(lost)
            yield Problem(f"{iface.name}: mtu", f"{mine} is more than {room}{hint}")
        elif not its and base in before.links and 0 < before.links[base].mtu < mine:
            yield Problem(
                f"{iface.name}: mtu",
                f"{mine} is more than the {before.links[base].mtu} of {base}, which leaves a bond and gets back an MTU "
                f"that nobody knows; state an mtu for {base} too",
            )
    controller = merged.controller
    if controller and link is not None and iface.mtu is None and 0 < link.max_mtu < mtus.of(iface.name):
        message = f"{mtus.of(iface.name)} is more than its port {iface.name} can: {link.max_mtu}"
        yield Problem(f"{controller}: mtu", message)


def _lost(iface: Interface, base: str, link: Link | None, mtus: Mtus) -> int:
    """Bytes by which its MTU must stay below its base's."""
    kind = kind_of(iface, link)
    return mtus.tag(iface, base) + (kind.overhead(iface) or 0 if kind.overhead_counts else 0)


def _is_so_already(link: Link | None, mtu: int, base: Link | None, below: int) -> bool:
    """Whether the two sit on each other with just these MTUs."""
    return link is not None and base is not None and base.name in link.below and (link.mtu, base.mtu) == (mtu, below)


def _under_what_sits_on_it(name: str, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    link = before.links.get(name)
    mtu = mtus.of(name)
    if link is None or not mtu or mtu >= link.mtu:
        return
    for above in before.above(name):
        other = before.links[above]
        if above in resolved.wanted or above in resolved.gone or other.kind not in SINKING:
            continue
        lost = _lost(resolved.merged[above], name, other, mtus)
        if other.mtu > mtu - lost:
            found = f"the {other.mtu} of {above}" + f" and the {lost} that it needs itself" * bool(lost)
            yield Problem(f"{name}: mtu", f"{mtu} is less than {found}, which sits on it: name {above} too")
