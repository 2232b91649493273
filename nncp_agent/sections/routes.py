"""The `routes` section: append, absent with wildcards, equal-cost legs (nmstate.md 4.2), to and from kernel routes."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.records import MAIN_TABLE, Hop, Route
from nncp_agent.model import RouteEntry, State
from nncp_agent.sections import route_metrics
from nncp_agent.shown.route_metrics import Metrics
from nncp_agent.shown.route_metrics import read as read_metrics
from nncp_agent.shown.routes import LINK_SCOPE, STATIC, UNIVERSE, is_config

ONLINK: Final = 4
"""RTNH_F_ONLINK: the gateway is reached on the link although no address says so."""
IPV6_METRIC: Final = 1024
"""What the kernel makes of metric 0 in IPv6 (IP6_RT_PRIO_USER)."""

Reaches = Callable[[str, str], bool]
"""`reaches(link, gateway)`: whether the gateway is on the link."""


class Leg(Frozen):
    """One stated route with every default filled in: what can be compared with one hop of a kernel route."""

    destination: str
    link: str
    gateway: str
    table: int
    metric: int
    kind: str
    metrics: Metrics
    source: str
    weight: int | None  # None: not stated

    @property
    def family(self) -> int:
        return 6 if ":" in self.destination else 4

    def is_like(self, other: Leg) -> bool:
        """Whether both name the same leg. The metric does not count, nor a weight nobody stated (nmstate.md 4.2)."""
        mine = (self.destination, self.link, self.gateway, self.table, self.kind, self.metrics, self.source)
        its = (other.destination, other.link, other.gateway, other.table, other.kind, other.metrics, other.source)
        return mine == its and (None in (self.weight, other.weight) or self.weight == other.weight)

    def __str__(self) -> str:
        kind = "" if self.kind == "unicast" else f"{self.kind} "
        via = f" via {self.gateway}" if self.gateway else ""
        on = f" on {self.link}" if self.link else ""
        return f"{kind}{self.destination}{via}{on}" + (f" table {self.table}" if self.table != MAIN_TABLE else "")


def stated(config: Sequence[RouteEntry] | None) -> list[Leg]:
    """The routes a policy wants, each once. Entries that are absent, ignored or wrong are left out."""
    legs = [leg(entry) for entry in config or () if is_wanted(entry) and entry.destination]
    return list(dict.fromkeys(legs))


def is_wanted(entry: RouteEntry) -> bool:
    """Whether it asks for a route: neither for its absence nor, being ignored, for nothing at all."""
    return entry.state not in (State.ABSENT, State.IGNORE)


def absent(config: Sequence[RouteEntry] | None) -> list[RouteEntry]:
    """The patterns a policy wants no route to match."""
    return [entry for entry in config or () if entry.state is State.ABSENT]


def leg(entry: RouteEntry) -> Leg:
    """Raises ValueError for a destination that is no network."""
    destination = network(entry.destination or "")
    metric = entry.metric if entry.metric is not None and entry.metric > 0 else 0
    return Leg(
        destination=destination,
        link="" if entry.route_type else entry.next_hop_interface or "",
        gateway=_gateway(entry.next_hop_address),
        table=entry.table_id or MAIN_TABLE,
        metric=metric or (IPV6_METRIC if ":" in destination else 0),
        kind=entry.route_type or "unicast",
        metrics=route_metrics.stated(entry),
        source=str(ipaddress.ip_address(entry.source)) if entry.source else "",
        weight=entry.weight,
    )


def network(text: str) -> str:
    """`10.1.2.3/8` -> `10.0.0.0/8`, a bare address is a host route. Raises ValueError."""
    return str(ipaddress.ip_network(text, strict=False))


def matches(pattern: RouteEntry, leg: Leg) -> bool:
    """Whether an absent entry means this leg: what it does not state matches anything; the metric never counts.

    "" is any destination, as nothing, and elsewhere only none (nmstate.md 4.2).
    """
    return (
        (not pattern.destination or network(pattern.destination) == leg.destination)
        and (pattern.next_hop_interface in (None, leg.link) or bool(pattern.route_type))
        and (pattern.next_hop_address is None or _gateway(pattern.next_hop_address) == leg.gateway)
        and (not pattern.table_id or pattern.table_id == leg.table)
        and (pattern.route_type is None or pattern.route_type == leg.kind)
        and (pattern.weight is None or pattern.weight == (leg.weight or 1))
        and route_metrics.matches(pattern, leg.metrics)
        and (pattern.source is None or _gateway(pattern.source) == leg.source)
    )


class Patterns:
    """Absent entries, found by their destination: a policy may take away thousands of routes one by one."""

    def __init__(self, patterns: Iterable[RouteEntry]) -> None:
        self._by_destination: dict[str, list[RouteEntry]] = {}
        for pattern in patterns:
            key = network(pattern.destination) if pattern.destination else ""
            self._by_destination.setdefault(key, []).append(pattern)

    def __bool__(self) -> bool:
        return bool(self._by_destination)

    def match(self, leg: Leg) -> bool:
        """Whether one of them means this leg."""
        candidates = self._by_destination.get(leg.destination, ()), self._by_destination.get("", ())
        return any(matches(pattern, leg) for these in candidates for pattern in these)


def legs(route: Route) -> list[Leg]:
    """A kernel route, leg by leg. Typed routes have one, whatever device the kernel hangs them on."""
    typed = route.kind != "unicast"
    metrics = read_metrics(route.metrics)
    return [
        Leg(
            destination=route.destination,
            link="" if typed else hop.link,
            gateway="" if typed else hop.gateway,
            table=route.table,
            metric=route.metric,
            kind=route.kind,
            metrics=metrics,
            source=route.source,
            weight=hop.weight,
        )
        for hop in (route.hops[:1] if typed else route.hops) or (Hop(),)
    ]


def _seen(route: Route) -> list[Leg]:
    """As `legs`; the weight of one by itself is not kept by the kernel, and as good as any."""
    found = legs(route)
    return [replace(found[0], weight=None)] if len(found) == 1 else found


def _unweighted(route: Route) -> Route:
    """The route without the weight of a leg that is by itself, maybe only since another's link is gone."""
    if len(route.hops) != 1 or route.hops[0].weight == 1:
        return route
    return replace(route, hops=(replace(route.hops[0], weight=1),))


def target(config: Sequence[RouteEntry] | None, remaining: Iterable[Route], reaches: Reaches) -> tuple[Route, ...]:
    """`remaining` (what the interfaces leave of the routes) with the policy's absent ones gone and its own added.

    A gateway that is not on its link is used all the same, as NetworkManager does (RTNH_F_ONLINK).
    """
    patterns, wanted = Patterns(absent(config)), stated(config)
    if not patterns and not wanted:
        return tuple(_unweighted(route) for route in remaining)
    routes = [left for route in remaining if (left := _without(route, patterns)) is not None]
    weighted = Counter((each.destination, each.table) for each in wanted if each.weight is not None)
    present: dict[str, list[Leg]] = {}
    for route in routes:
        if is_config(route):
            stay_alone = weighted[route.destination, route.table] < 2
            present.setdefault(route.destination, []).extend(_seen(route) if stay_alone else legs(route))
    positions: dict[str, list[int]] = {}
    for position, route in enumerate(routes):
        positions.setdefault(route.destination, []).append(position)
    for each in wanted:
        if any(each.is_like(other) for other in present.get(each.destination, ())):
            continue
        _add(routes, positions.setdefault(each.destination, []), each, reaches)
    return tuple(_unweighted(route) for route in routes)


def conflicts(routes: Sequence[Route]) -> Iterator[tuple[Route, Route]]:
    """Pairs the kernel would not hold side by side: same destination, table, metric and tos."""
    seen: dict[tuple[str, int, int, int], Route] = {}
    for route in routes:
        key = (route.destination, route.table, route.metric, route.tos)
        if key in seen and route != seen[key]:
            yield seen[key], route
        seen[key] = route


def differences(config: Sequence[RouteEntry] | None, host: Host) -> Iterator[str]:
    """What the policy says about routes and the host does not show."""
    wanted, patterns = stated(config), Patterns(absent(config))
    if not wanted and not patterns:
        return
    found = [each for route in host.routes if is_config(route) for each in _seen(route)]
    by_destination: dict[str, list[Leg]] = {}
    for each in found:
        by_destination.setdefault(each.destination, []).append(each)
    for each in wanted:
        if not any(each.is_like(other) for other in by_destination.get(each.destination, ())):
            yield f"routes: {each}: wanted, not found"
    asked: dict[str, list[Leg]] = {}
    for each in wanted:
        asked.setdefault(each.destination, []).append(each)
    for each in found:
        if patterns.match(each) and not any(want.is_like(each) for want in asked.get(each.destination, ())):
            yield f"routes: {each}: wanted absent, found"


def _add(routes: list[Route], positions: list[int], wanted: Leg, reaches: Reaches) -> None:
    """Append a route for the leg, or join it to the one of those at `positions` that it shares the cost with."""
    onlink = wanted.gateway and wanted.link and not reaches(wanted.link, wanted.gateway)
    hop = Hop(link=wanted.link, gateway=wanted.gateway, weight=wanted.weight or 1, flags=ONLINK if onlink else 0)
    for position in positions:
        route = routes[position]
        if _shares_cost(route, wanted):
            others = [each for each in route.hops if (each.link, each.gateway) != (hop.link, hop.gateway)]
            routes[position] = replace(route, hops=(*others, hop))
            return
    positions.append(len(routes))
    routes.append(
        Route(
            destination=wanted.destination,
            hops=(hop,) if wanted.link else (),
            table=wanted.table,
            metric=wanted.metric,
            kind=wanted.kind,
            protocol=STATIC,
            scope=LINK_SCOPE if wanted.family == 4 and wanted.link and not wanted.gateway else UNIVERSE,
            source=wanted.source,
            metrics=route_metrics.write(wanted.metrics),
        )
    )


def _shares_cost(route: Route, wanted: Leg) -> bool:
    """Whether the leg belongs to this very route: IPv4 says so with weights, IPv6 routes with gateways always join."""
    return (
        (route.destination, route.table, route.metric, route.kind, route.source, read_metrics(route.metrics))
        == (wanted.destination, wanted.table, wanted.metric, "unicast", wanted.source, wanted.metrics)
        and wanted.kind == "unicast"
        and is_config(route)
        and not route.nexthop
        and (
            wanted.weight is not None
            if wanted.family == 4
            else bool(wanted.gateway) and all(hop.gateway for hop in route.hops)
        )
    )


def _without(route: Route, patterns: Patterns) -> Route | None:
    """The route less the legs that a pattern matches."""
    if not patterns or not is_config(route):
        return route
    doomed = [patterns.match(each) for each in legs(route)]
    if not any(doomed):
        return route
    if all(doomed):
        return None
    hops = tuple(hop for hop, gone in zip(route.hops, doomed, strict=True) if not gone)
    return replace(route, hops=tuple(replace(hop, weight=1) for hop in hops) if len(hops) == 1 else hops)


def _gateway(text: str | None) -> str:
    """Canonical text of an address; "" for none, which nmstate writes 0.0.0.0 or ::."""
    if not text:
        return ""
    address = ipaddress.ip_address(text)
    return "" if address.is_unspecified else str(address)
