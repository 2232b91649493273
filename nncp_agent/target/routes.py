"""Which routes, neighbours and nexthops are left when links and addresses change, and which the policy adds."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import cache, lru_cache

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address, Route
from nncp_agent.resolve import Resolved
from nncp_agent.sections import routes
from nncp_agent.target.addresses import has, is_link_local


def routed(after: Host, resolved: Resolved, before: Host) -> Host:
    """`after`, whose links and addresses stand, with the routes that can stay and those the policy wants."""
    lost = _Losses(before, after, {*resolved.wanted, *resolved.gone})
    remaining = [left for route in before.routes if (left := lost.remainder(route)) is not None]
    return replace(
        after,
        routes=routes.target(resolved.routes, remaining, reaches(after, remaining)),
        neighbours=tuple(each for each in before.neighbours if not lost.is_down(each.link)),
        nexthops=tuple(each for each in before.nexthops if not each.link or not lost.is_down(each.link)),
    )


class _Losses:
    """What the policy's links and addresses cost the routes; everything it does not touch costs nothing."""

    def __init__(self, before: Host, after: Host, touched: Iterable[str]) -> None:
        self._before = before
        self._after = after
        self._down = {name for name in before.links if _goes_down(name, before, after)}
        self._changed = {
            name for name in touched if before.addresses.get(name, ()) != after.addresses.get(name, ())
        } | self._down
        self._joined = {
            name
            for name in touched
            if name in before.links and name in after.links and _becomes_port(name, before, after)
        }

    def is_down(self, link: str) -> bool:
        return link in self._down

    def remainder(self, route: Route) -> Route | None:
        """The route with the legs that can stay; None without any. The same object when nothing changes."""
        if not any(name in self._changed or name in self._joined for name in route.links):
            return None if self._source_goes(route) else route
        hops = tuple(hop for hop in route.hops if not hop.link or not self._loses(hop.link, hop.gateway, route))
        if not hops or self._source_goes(route):
            return None
        return route if hops == route.hops else replace(route, hops=hops)

    def _loses(self, link: str, gateway: str, route: Route) -> bool:
        if link in self._down or link in self._joined:
            return True
        if link not in self._changed:
            return False
        if has(self._before, link, route.family) and not has(self._after, link, route.family):
            return True
        onlink = any(hop.flags & routes.ONLINK for hop in route.hops if hop.gateway == gateway)
        return (
            route.family == 4
            and not onlink
            and covers(self._before.addresses.get(link, ()), gateway)
            and not covers(self._after.addresses.get(link, ()), gateway)
        )

    def _source_goes(self, route: Route) -> bool:
        """IPv4 routes go with the address they name as source; IPv6 ones would silently lose it."""
        if not route.source or not self._changed:
            return False
        gone = {each.ip for name in self._changed for each in self._before.addresses.get(name, ())}
        kept = {each.ip for name in self._changed for each in self._after.addresses.get(name, ())}
        return route.source in gone - kept


def _goes_down(name: str, before: Host, after: Host) -> bool:
    link = after.links.get(name)
    return link is None or (link is not before.links[name] and before.links[name].up and not link.up)


def _becomes_port(name: str, before: Host, after: Host) -> bool:
    master = after.links[name].master
    controller = after.links.get(master)
    return bool(master) and master != before.links[name].master and (controller is None or controller.kind != "vrf")


def covers(addresses: Iterable[Address], gateway: str) -> bool:
    """Whether one of the addresses has the gateway in its network."""
    return bool(gateway) and any(
        _ip(gateway) in _network(each.ip, each.prefix) for each in addresses if (":" in each.ip) == (":" in gateway)
    )


def reaches(host: Host, remaining: Iterable[Route]) -> routes.Reaches:
    """Answers whether a gateway is on a link: by its addresses, or by a route that needs no gateway itself."""
    networks: dict[str, list[str]] = {}
    for route in remaining:
        for hop in route.hops if route.kind == "unicast" else ():
            if not hop.gateway:
                networks.setdefault(hop.link, []).append(route.destination)

    @cache
    def answer(link: str, gateway: str) -> bool:
        return (
            is_link_local(gateway)
            or covers(host.addresses.get(link, ()), gateway)
            or any(
                _ip(gateway) in ipaddress.ip_network(each)
                for each in networks.get(link, ())
                if (":" in each) == (":" in gateway)
            )
        )

    return answer


@lru_cache(maxsize=4096)
def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


@lru_cache(maxsize=4096)
def _network(ip: str, prefix: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{ip}/{prefix}", strict=False)
