"""The routes of a host, found by link, by source address and by nexthop object without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netkernel.records import Route

_Key = tuple[str, object]


class RouteTable:
    """An ordered set of routes. The index is built at the first question: most plans never ask."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[Route, None] = dict.fromkeys(routes)
        self._index: dict[_Key, dict[Route, None]] | None = None

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __contains__(self, route: object) -> bool:
        return route in self._routes

    def get(self, route: Route) -> Route | None:
        """The equal route held here, which has its own state."""
        return route if route in self._routes else None

    def add(self, route: Route) -> None:
        self._routes[route] = None
        if self._index is not None:
            for key in _keys(route):
                self._index.setdefault(key, {})[route] = None

    def remove(self, route: Route) -> None:
        """Raises KeyError for one that is not there."""
        del self._routes[route]
        if self._index is not None:
            for key in _keys(route):
                self._index.get(key, {}).pop(route, None)

    def on(self, link: str) -> tuple[Route, ...]:
        """Routes with a leg over `link`."""
        return self._found(("link", link))

    def with_source(self, ip: str) -> tuple[Route, ...]:
        """Routes with this preferred source address."""
        return self._found(("source", ip))

    def through(self, nexthop: int) -> tuple[Route, ...]:
        """Routes of a nexthop object."""
        return self._found(("nexthop", nexthop))

    def same_slot(self, route: Route) -> tuple[Route, ...]:
        """Routes the kernel keeps in the same place: same table, destination, tos and metric (and IPv6 source)."""
        return self._found(("slot", slot(route)))

    def _found(self, key: _Key) -> tuple[Route, ...]:
        if self._index is None:
            self._index = {}
            for route in self._routes:
                for each in _keys(route):
                    self._index.setdefault(each, {})[route] = None
        return tuple(self._index.get(key, ()))


def slot(route: Route) -> tuple[int, str, int, int, str]:
    """The kernel's key of a route but for its legs."""
    return route.table, route.destination, route.tos, route.metric, route.source_prefix


def _keys(route: Route) -> Iterator[_Key]:
    yield "slot", slot(route)
    for hop in route.hops:
        if hop.link:
            yield "link", hop.link
    if route.source:
        yield "source", route.source
    if route.nexthop:
        yield "nexthop", route.nexthop
