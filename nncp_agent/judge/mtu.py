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

SMALLEST: Final = {4: 68, 6: 1280}
"""Bytes: with less, the kernel takes IPv4 or IPv6 off the link (RFC 791 section 3.2, RFC 8200 section 5)."""
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
        for family in SMALLEST:
            yield from _too_small(family, name, resolved, before, mtus)
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
    if iface.mtu < low or (high and iface.mtu > high):
        wanted = f"{low} to {high}" if high else f"{low} or more"
        yield Problem(f"{iface.name}: mtu", f"wanted {wanted} ({whose}), found {iface.mtu}")


def _too_small(family: int, name: str, resolved: Resolved, before: Host, mtus: Mtus) -> Iterator[Problem]:
    """Stated or derived: the kernel takes a family off a link whose MTU falls below its smallest."""
    mtu, link, wanted = mtus.of(name), before.links.get(name), resolved.wanted.get(name)
    if wanted is not None and wanted.state in (State.ABSENT, State.DOWN):
        return
    own = wanted.mtu if wanted is not None else None
    if mtu >= SMALLEST[family] or not (mtu or own == 0):
        return
    merged = resolved.merged[name]
    falls = link is None or link.mtu >= SMALLEST[family]
    asks = wanted is not None and (own is not None or (wanted.ipv4 if family == 4 else wanted.ipv6) is not None)
    holds = (
        link is not None and link.mtu == mtu and any(each.family == family for each in before.addresses.get(name, ()))
    )
    stack = merged.ipv4 if family == 4 else merged.ipv6
    if stack is not None and stack.enabled is True and (falls or asks) and not holds:
        document = "RFC 791" if family == 4 else "RFC 8200"
        message = f"wanted {SMALLEST[family]} or more: IPv{family} is enabled ({document}), found {mtu}"
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
    if kind_of(iface, link).takes_ports and (header := kind_of(iface, link).overhead(merged)):
        yield from _over_its_ports(iface, header, before, mtus)
    controller = merged.controller
    if controller and link is not None and iface.mtu is None and 0 < link.max_mtu < mtus.of(iface.name):
        message = f"{mtus.of(iface.name)} is more than its port {iface.name} can: {link.max_mtu}"
        yield Problem(f"{controller}: mtu", message)


def _over_its_ports(iface: Interface, lost: int, before: Host, mtus: Mtus) -> Iterator[Problem]:
    """One that adds something to each frame of its ports' (hsr_dev_change_mtu)."""
    mine, link = mtus.of(iface.name), before.links.get(iface.name)
    for port in mtus.ports(iface.name):
        its, old = mtus.of(port), before.links.get(port)
        if its and mine > its - lost and (link is None or old is None or (link.mtu, old.mtu) != (mine, its)):
            message = f"{mine} is more than the {its} of its port {port}, less {lost} that it needs itself"
            yield Problem(f"{iface.name}: mtu", message)


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
