"""Which clients of address servers should run and where to listen, and what goes with those that stop."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace as struct_replace

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import ENDPOINT_FLAGS, ENDPOINTS, LLDP, ROUTERS, Client, Route, Value
from nncp_agent.model import Interface, IpStack, State
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
_WHERE_STATED: Final = (
    "auto-route-metric",
    "dhcp-client-id",
    "dhcp-duid",
    "dhcp-send-hostname",
    "dhcp-custom-hostname",
)

KEYS: Final = (*ALWAYS, *_WHERE_STATED)
OF_CLIENTS: Final = ("auto-dns", "dhcp-client-id", "dhcp-duid", "dhcp-send-hostname", "dhcp-custom-hostname")
"""What has nothing to do with routes."""
ROUTER_KEYS: Final = ("auto-dns", "auto-gateway", "auto-routes", "token", "privacy")
"""What of router advertisements can be seen on the host; a kernel before 5.12 has no metric for their routes."""


def clients(resolved: Resolved, before: Host) -> tuple[Client, ...]:
    """Those the policy wants and those it does not speak of; the same tuple where nothing changes."""
    found = {client.key: client for client in before.clients if client.link not in resolved.gone}
    for name, iface in resolved.wanted.items():
        for family, stack in ((4, resolved.merged[name].ipv4), (6, resolved.merged[name].ipv6)):
            found.pop((name, family), None)
            if iface.state not in (State.DOWN, State.ABSENT) and stack is not None and stack.enabled and stack.dhcp:
                found[name, family] = Client(name, family, _attrs(_meant(stack, iface, family, before), family))
        runs = found.pop((name, ROUTERS), None) is not None
        if iface.state not in (State.DOWN, State.ABSENT) and (six := resolved.merged[name].ipv6) is not None:
            stated, seen = _with_names_as_told(iface.ipv6 or IpStack(), before.client(name, 6)), before.links.get(name)
            if routers.listens(stated, six, seen, runs):
                found[name, ROUTERS] = Client(name, ROUTERS)
        had = found.pop((name, ENDPOINTS), None)
        if iface.state not in (State.DOWN, State.ABSENT) and (follower := _follower(resolved.merged[name], had)):
            found[name, ENDPOINTS] = follower
        found.pop((name, LLDP), None)
        if iface.state not in (State.DOWN, State.ABSENT) and (lldp := resolved.merged[name].lldp) and lldp.enabled:
            found[name, LLDP] = Client(name, LLDP)
    after = tuple(found[key] for key in sorted(found))
    return before.clients if after == before.clients else after


def _follower(merged: Interface, had: Client | None) -> Client | None:
    """Addresses that come later are to MPTCP what the policy says of all; `had` stays while nobody speaks of it."""
    if not any(stack and stack.enabled and (stack.dhcp or stack.autoconf) for stack in (merged.ipv4, merged.ipv6)):
        return None
    said = merged.mptcp.address_flags if merged.mptcp is not None else None
    if said is None:
        return had
    words = " ".join(word for word in ENDPOINT_FLAGS if word in said)
    return Client(merged.name, ENDPOINTS, {"address-flags": words}) if words else None


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


def _with_names_as_told(stated: IpStack, client: Client | None) -> IpStack:
    """Where nothing is said of name servers, those of routers are wanted as those of DHCPv6 were."""
    if stated.auto_dns is not None or client is None:
        return stated
    return struct_replace(stated, auto_dns=bool(client.attrs.get("auto-dns", True)))


def _meant(stack: IpStack, iface: Interface, family: int, before: Host) -> IpStack:
    """What is not stated stays as a client was told, or our policy told the link of routers; what the kernel does by
    itself where nobody told it anything is no wish."""
    seen, stated = before.links.get(iface.name), iface.ipv6 or IpStack()
    if family == 4 or before.client(iface.name, 6) is not None or routers.is_told(seen):
        return stack
    fields = [key.replace("-", "_") for key in (*ALWAYS, "auto-route-metric")]
    return struct_replace(stack, **{field: getattr(stated, field) for field in fields})


def _attrs(stack: IpStack, family: int) -> dict[str, Value]:
    """What a client is told. One of IPv6 asks when routers say so, or without any, where what is said of routes is kept
    for who asks; else settings of the link have it."""
    said = {**ALWAYS, **{key: value for key in KEYS if (value := _stated(stack, key)) not in (None, "")}}
    if family == 4:
        return said
    if stack.autoconf:
        said = {key: value for key, value in said.items() if key in OF_CLIENTS}
    return {**said, "autoconf": bool(stack.autoconf)}


def _stated(stack: IpStack, key: str) -> Value:
    value: Value = getattr(stack, key.replace("-", "_"))
    return value
