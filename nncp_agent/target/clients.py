"""Which clients of address servers should run and where to listen, and what goes with those that stop."""

from __future__ import annotations

from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import LLDP, ROUTERS, Client, Route, Value
from nncp_agent.model import IpStack, State
from nncp_agent.resolve import Resolved
from nncp_agent.target import routers

BY_DHCP: Final = 16
"""RTPROT_DHCP (linux/rtnetlink.h)."""
BY_ROUTERS: Final = 9
"""RTPROT_RA."""
ALWAYS: Final[dict[str, Value]] = {
    "auto-dns": True, "auto-gateway": True, "auto-routes": True, "auto-route-table-id": 0,
}  # fmt: skip
"""Said of every client, with what is meant where a policy says nothing (nmstate.md 4.1)."""
_WHERE_STATED: Final = ("auto-route-metric", "dhcp-client-id", "dhcp-send-hostname", "dhcp-custom-hostname")

KEYS: Final = (*ALWAYS, *_WHERE_STATED)
ROUTER_KEYS: Final = ("auto-dns", "auto-gateway", "auto-routes", "token", "privacy")
"""What of router advertisements can be seen on the host; a kernel before 5.12 has no metric for their routes."""


def clients(resolved: Resolved, before: Host) -> tuple[Client, ...]:
    """Those the policy wants and those it does not speak of; the same tuple where nothing changes."""
    found = {client.key: client for client in before.clients if client.link not in resolved.gone}
    for name, iface in resolved.wanted.items():
        found.pop((name, 4), None)
        stack = resolved.merged[name].ipv4
        if iface.state not in (State.DOWN, State.ABSENT) and stack is not None and stack.enabled and stack.dhcp:
            found[name, 4] = Client(name, 4, _attrs(stack))
        runs = found.pop((name, ROUTERS), None) is not None
        if iface.state not in (State.DOWN, State.ABSENT) and (six := resolved.merged[name].ipv6) is not None:
            stated, seen = iface.ipv6 or IpStack(), before.links.get(name)
            if routers.listens(stated, six, seen, runs):
                found[name, ROUTERS] = Client(name, ROUTERS)
        found.pop((name, LLDP), None)
        if iface.state not in (State.DOWN, State.ABSENT) and (lldp := resolved.merged[name].lldp) and lldp.enabled:
            found[name, LLDP] = Client(name, LLDP)
    after = tuple(found[key] for key in sorted(found))
    return before.clients if after == before.clients else after


def without_their_routes(after: Host, before: Host) -> Host:
    """`after`, whose clients stand, without the routes of those that stop."""
    running = {client.key for client in after.clients}
    stopping = {client.key for client in before.clients} - running
    if not stopping:
        return after
    return replace(after, routes=tuple(route for route in after.routes if not _is_of(route, stopping)))


def _is_of(route: Route, stopping: set[tuple[str, int]]) -> bool:
    family = {BY_DHCP: route.family, BY_ROUTERS: ROUTERS}.get(route.protocol)
    return any((link, family) in stopping for link in route.links)


def _attrs(stack: IpStack) -> dict[str, Value]:
    stated = {key: getattr(stack, key.replace("-", "_")) for key in KEYS}
    return {**ALWAYS, **{key: value for key, value in stated.items() if value not in (None, "")}}
