"""What will work and still surprise: bonds that rewrite a bridge's frames, a default route left without its address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.host import Host
from netkernel.records import MAIN_TABLE, Link, Route
from nncp_agent.errors import Problem
from nncp_agent.model import State
from nncp_agent.resolve import Resolved, kind_of
from nncp_agent.sections.routes import ONLINK
from nncp_agent.target.addresses import is_link_local
from nncp_agent.target.routes import covers

FRAME_CHANGERS: Final = {
    "balance-alb": "it rewrites MAC addresses and ARP in the frames of the machines behind the bridge",
    "balance-tlb": "it rewrites source MAC addresses in the frames of the machines behind the bridge",
    "balance-rr": "it reorders the frames of the machines behind the bridge",
}
"""Bond modes that do not suit a bridge (Documentation/networking/bonding.rst in Linux)."""


def warnings(resolved: Resolved, before: Host, after: Host) -> Iterator[Problem]:
    """Everything surprising about going from `before` to `after`."""
    yield from _options_that_wait(resolved, before)
    yield from _bonds_under_bridges(resolved, before, after)
    yield from _default_routes(before, after)
    yield from _gateways_left_behind(before, after)
    yield from _gateways_off_the_link(before, after)


def _options_that_wait(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """What a link that stays and stays down is told about its kind: what is down has nobody to serve."""
    for name, iface in resolved.wanted.items():
        if iface.state is not State.DOWN or iface.config is None:
            continue
        kind, seen = kind_of(iface, before.links.get(name)), resolved.present[name].config
        merged = resolved.merged[name].config
        if merged is not None and (seen is None or kind.normalise(merged) != kind.normalise(seen)):
            yield Problem(f"{name}: {kind.subtree}", "stays as it is while the state is down: it counts with state up")


def _bonds_under_bridges(resolved: Resolved, before: Host, after: Host) -> Iterator[Problem]:
    touched = dict.fromkeys([*resolved.wanted, *(port for name in resolved.wanted for port in after.ports(name))])
    for name in touched:
        bond = after.links.get(name)
        bridge = after.links.get(bond.master) if bond is not None and bond.kind == "bond" else None
        if bond is not None and bridge is not None and bridge.kind == "bridge" and not _stays_under(bond, before):
            reason = FRAME_CHANGERS.get(str(bond.attrs.get("mode")))
            if reason:
                yield Problem(
                    f"{name}: link-aggregation.mode", f"{bond.attrs['mode']} under the bridge {bridge.name}: {reason}"
                )


def _stays_under(bond: Link, before: Host) -> bool:
    """Whether it is a port of its bridge already, in this mode."""
    old = before.links.get(bond.name)
    return old is not None and (old.master, old.attrs.get("mode")) == (bond.master, bond.attrs.get("mode"))


def _default_routes(before: Host, after: Host) -> Iterator[Problem]:
    """Default routes that go with the addresses of their link, whoever gets those."""
    owners = {(each.ip, each.prefix): name for name, these in after.addresses.items() for each in these}
    families = {route.family for route in after.routes if _is_default(route)}
    left = {hop for route in after.routes if _is_default(route) for hop in route.hops}
    for route in before.routes:
        for hop in route.hops if _is_default(route) else ():
            lost = [each for each in _own_addresses(before, hop.link, route.family) if owners.get(each) != hop.link]
            if hop in left or not (lost or hop.link not in after.links):
                continue
            heirs = [owners[each] for each in lost if each in owners]
            via = f" via {hop.gateway}" if hop.gateway else ""
            if not heirs:
                what = " and ".join(f"{ip}/{prefix}" for ip, prefix in lost)
                nobody = f": nothing takes its address {what}" if what else ""
                yield Problem(hop.link, f"carries the default route{via} and {_fate(hop.link, before, after)}{nobody}")
            elif route.family not in families:
                yield Problem(hop.link, f"the default route{via} goes with its address: state it on {heirs[0]}")


def _own_addresses(host: Host, link: str, family: int) -> list[tuple[str, int]]:
    return [
        (each.ip, each.prefix)
        for each in host.addresses.get(link, ())
        if each.family == family and not is_link_local(each.ip)
    ]


def _fate(name: str, before: Host, after: Host) -> str:
    link = after.links.get(name)
    if link is None:
        return "is deleted"
    if link.master and link.master != before.links[name].master:
        return f"becomes a port of {link.master}"
    return "loses its address" if link.up else "goes down"


def _gateways_left_behind(before: Host, after: Host) -> Iterator[Problem]:
    """Routes that go because their link has no address in the gateway's network any more."""
    if before.routes == after.routes:
        return
    left = {hop for route in after.routes for hop in route.hops}
    for route in before.routes:
        for hop in route.hops if not _is_default(route) and route.family == 4 else ():
            link = after.links.get(hop.link)
            if hop in left or link is None or not link.up or link.master != before.links[hop.link].master:
                continue
            had, has = before.addresses.get(hop.link, ()), after.addresses.get(hop.link, ())
            if covers(had, hop.gateway) and not covers(has, hop.gateway):
                message = f"goes: {hop.link} has no address in the network of {hop.gateway} any more"
                yield Problem(f"routes: {route.destination}", message)


def _gateways_off_the_link(before: Host, after: Host) -> Iterator[Problem]:
    if after.routes == before.routes:
        return
    known = set(before.routes)
    for route in after.routes:
        for hop in route.hops if route not in known else ():
            if hop.flags & ONLINK:
                yield Problem(
                    f"routes: {route.destination}", f"{hop.gateway} is in no network of {hop.link}: used as on the link"
                )


def _is_default(route: Route) -> bool:
    return route.destination in ("0.0.0.0/0", "::/0") and route.table == MAIN_TABLE and route.kind == "unicast"
