"""`routes`: kernel routes as `show` prints them, one entry per leg (nmstate.md 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.host import Host
from netkernel.records import Hop, Route
from netkernel.typed import Final
from nncp_agent.shown import route_metrics
from nncp_agent.shown.base import Tree

TYPES: Final = ("blackhole", "unreachable", "prohibit")
BOOT, STATIC = 3, 4
RUNNING_PROTOCOLS: Final = frozenset({BOOT, STATIC, 9, 16, 17, 18, 42})
"""RTPROT_BOOT, _STATIC, _RA, _DHCP, _MROUTED, _KEEPALIVED, _BABEL (linux/rtnetlink.h): what nmstate shows."""
UNIVERSE, LINK_SCOPE = 0, 253


def read(host: Host) -> Tree:
    """All that are shown and those of them that somebody configured, in nmstate's order: IPv6 first, by interface."""
    running = [route for route in host.routes if is_shown(route)]
    return {
        "running": sorted([entry for route in running for entry in _entries(route)], key=_place),
        "config": sorted([entry for route in running if is_config(route) for entry in _entries(route)], key=_place),
    }


def is_config(route: Route) -> bool:
    """Whether somebody configured it, so that a policy may take it away."""
    return route.protocol in (BOOT, STATIC) and is_shown(route)


def is_shown(route: Route) -> bool:
    """Whether it is a route as users know them."""
    return (
        route.protocol in RUNNING_PROTOCOLS
        and route.scope in (UNIVERSE, LINK_SCOPE)
        and (route.kind == "unicast" or route.kind in TYPES)
    )


def _place(entry: Tree) -> tuple[object, ...]:
    destination = entry["destination"]
    return (
        *(":" not in destination, entry.get("next-hop-interface", "lo"), destination),
        *(entry.get("next-hop-address", ""), entry.get("source", ""), entry["table-id"], entry["metric"]),
    )


def _entries(route: Route) -> Iterator[Tree]:
    """Typed routes have one leg, whatever device the kernel hangs them on."""
    typed = route.kind != "unicast"
    nowhere = "::" if route.family == 6 else "0.0.0.0"
    weighted = route.family == 4 and len(route.hops) > 1
    metrics = dict(route_metrics.read(route.metrics))
    for hop in (Hop(),) if typed else route.hops or (Hop(),):
        entry = {
            "destination": route.destination,
            "next-hop-interface": hop.link or None,
            "next-hop-address": hop.gateway or (None if typed else nowhere),
            "metric": route.metric,
            "table-id": route.table,
            "weight": hop.weight if weighted else None,
            "route-type": route.kind if typed else None,
            "cwnd": metrics.get("cwnd"),
            "source": route.source or None,
            "initcwnd": metrics.get("initcwnd"),
            "initrwnd": metrics.get("initrwnd"),
            "mtu": metrics.get("mtu"),
            "lock-mtu": True if "lock_mtu" in metrics else None,
            "quickack": True if "quickack" in metrics else None,
            "advmss": metrics.get("advmss"),
        }
        yield {key: value for key, value in entry.items() if value is not None}
