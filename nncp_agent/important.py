"""Which ops of a plan put the way into this host at risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netkernel import ops
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.records import LLDP

DEFAULTS = ("0.0.0.0/0", "::/0")


def important(plan: Sequence[Op], before: Host, precious: frozenset[str]) -> frozenset[int]:
    """Positions of the ops that touch a default route, its link, a precious link, or what lies below one of them."""
    links = _with_what_lies_below({*precious, *_default_links(before)}, before)
    return frozenset(at for at, op in enumerate(plan) if _is_default(op) or not links.isdisjoint(touches(op)))


def _default_links(before: Host) -> Iterator[str]:
    for route in before.routes:
        if route.destination in DEFAULTS and route.kind == "unicast":
            yield from route.links


def _with_what_lies_below(names: set[str], before: Host) -> set[str]:
    queue = list(names)
    while queue:
        name = queue.pop()
        below = [*before.ports(name), *([before.links[name].link] if name in before.links else [])]
        queue += [each for each in below if each and each not in names]
        names.update(each for each in below if each)
    return names


def _is_default(op: Op) -> bool:
    return isinstance(op, ops.AddRoute | ops.DeleteRoute) and op.route.destination in DEFAULTS


def touches(op: Op) -> tuple[str, ...]:
    """The links an op is about."""
    match op:
        case ops.AddAddress(address) | ops.DeleteAddress(address) | ops.SetAddress(address):
            return (address.link,)
        case ops.AddRoute(route) | ops.DeleteRoute(route):
            return route.links
        case ops.AddNeighbour(neighbour) | ops.DeleteNeighbour(neighbour):
            return (neighbour.link,)
        case ops.AddNexthop(nexthop) | ops.DeleteNexthop(nexthop):
            return (nexthop.link,)
        case ops.AddVlans(link=link) | ops.DeleteVlans(link=link) | ops.SetLinkDns(link=link):
            return (link,)
        case ops.WriteSysctl(path=path):
            return (path.split("/")[3],) if path.startswith(("net/ipv6/conf/", "net/ipv4/conf/")) else ()
        case ops.AddClient(client=client) | ops.DeleteClient(client=client):
            return (client.link,) if client.family != LLDP else ()  # who only listens disturbs nobody
        case ops.SetManager(_, new, old):
            return tuple(sorted({*new.holds, *old.holds}))
        case ops.AddEndpoint(endpoint) | ops.DeleteEndpoint(endpoint):
            return (endpoint.link,)
        case ops.AddRule() | ops.DeleteRule() | ops.WriteFile():
            return ()
        case _:
            return (op.name,)
