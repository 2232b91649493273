"""What a plan touches, remembered as kernel records, and the host with all of that put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Self, TypeVar

from netkernel import settings
from netkernel.errors import NetworkError
from netkernel.files import MANAGERS, beside
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.link_kinds.ip_tunnel import is_tunnel
from netkernel.link_local import is_kernel_made
from netkernel.ops import (
    AddAddress,
    AddClient,
    AddEndpoint,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteClient,
    DeleteEndpoint,
    DeleteLink,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    DeleteVlans,
    MoveLink,
    Op,
    RenameLink,
    SetAddress,
    SetHardware,
    SetLink,
    SetLinkDns,
    SetManager,
    SetPort,
    WriteFile,
    WriteSysctl,
)
from netkernel.records import (
    ENDPOINTS,
    FOREVER,
    VRF_RULES,
    Address,
    Endpoint,
    File,
    Link,
    Manager,
    Neighbour,
    Route,
    Rule,
)  # fmt: skip
from netkernel.simulation import World, step
from netkernel.simulation.route_table import slot
from netkernel.simulation.sysctl import of_link
from netkernel.simulation.world import SMALLEST_IPV6_MTU, number

T = TypeVar("T")
ALONE = 128
"""The prefix of an address from DHCPv6 (RFC 5942 section 4)."""
BY_DHCP = 16
"""RTPROT_DHCP (linux/rtnetlink.h)."""
Slot = tuple[int, str, int, int, str]
"""Table, destination, tos, metric and IPv6 source of a route: the kernel's key but for the legs."""


class Remembered(Frozen):
    """`host` holds the touched part as it was. What is named in the other fields and not in it did not exist.

    `host` also holds what else was on the touched links, in case the kernel drops it: it is put back where it is
    missing. What others have put on them meanwhile stays.
    """

    host: Host
    links: frozenset[str] = frozenset()
    slots: frozenset[Slot] = frozenset()
    rules: tuple[Rule, ...] = ()
    nexthops: frozenset[int] = frozenset()
    addresses: frozenset[tuple[str, str, int]] = frozenset()
    neighbours: frozenset[tuple[str, str]] = frozenset()
    clients: frozenset[tuple[str, int]] = frozenset()
    holds: frozenset[tuple[str, str]] = frozenset()
    endpoints: frozenset[tuple[str, int]] = frozenset()

    def lasting(self) -> Self:
        """What a restart of the machine does not take back by itself."""
        return type(self)(Host(files=self.host.files, also=self.host.also & {MANAGERS}))

    def to_json(self) -> bytes:
        """For the checkpoint on disk."""
        from netkernel import frozen_json  # late: CNI plugins remember nothing on disk

        return frozen_json.encode(self)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raises NetworkError for bytes that are no such thing."""
        from netkernel import frozen_json

        try:
            return frozen_json.decode(data, cls)
        except ValueError as error:
            raise NetworkError(f"not a remembered host: {error}") from error


def joined(first: Remembered, second: Remembered, new: Set[str]) -> Remembered:
    """What undoing two plans at once needs: `second` was remembered after the first.

    The `new` links came with the first and go with it, and whatever is on them: nothing of them is put back.
    """
    was, had = second.host, first.host
    return Remembered(
        Host(
            links={**_without(was.links, new), **had.links},
            addresses={**_without(was.addresses, new), **had.addresses},
            routes=_both(had.routes, [each for each in was.routes if new.isdisjoint(each.links)]),
            rules=_both(had.rules, was.rules),
            neighbours=_both(had.neighbours, [each for each in was.neighbours if each.link not in new]),
            nexthops=_both(had.nexthops, [each for each in was.nexthops if each.link not in new]),
            vlans={**_without(was.vlans, new), **had.vlans},
            sysctls={**{p: value for p, value in was.sysctls.items() if settings.link_of(p) not in new}, **had.sysctls},
            hardware={**_without(was.hardware, new), **had.hardware},
            also=had.also | was.also,
            clients=_both(had.clients, was.clients),
            files={**was.files, **had.files},
            resolver={**_without(was.resolver, new), **had.resolver},
            managers={**was.managers, **had.managers},
            endpoints=_both(had.endpoints, was.endpoints),
        ),
        first.links | (second.links - new),
        first.slots | second.slots,
        _both(first.rules, second.rules),
        first.nexthops | second.nexthops,
        first.addresses | {each for each in second.addresses if each[0] not in new},
        first.neighbours | {each for each in second.neighbours if each[0] not in new},
        first.clients | second.clients,
        first.holds | second.holds,
        first.endpoints | second.endpoints,
    )


def _both(one: Sequence[T], other: Sequence[T]) -> tuple[T, ...]:
    return (*one, *(each for each in other if each not in one))


class Touched:
    """What ops touch, as it is found out.

    `losing` are links that go on the way, or lose their IPv6: with what only /proc/sys tells of them.
    """

    def __init__(self) -> None:
        self.links: set[str] = set()
        self.slots: set[Slot] = set()
        self.rules: list[Rule] = []
        self.nexthops: set[int] = set()
        self.addresses: set[tuple[str, str, int]] = set()
        self.neighbours: set[tuple[str, str]] = set()
        self.sysctls: set[str] = set()
        self.clients: set[tuple[str, int]] = set()
        self.endpoints: set[tuple[str, int]] = set()
        self.losing: set[str] = set()
        self.files: set[str] = set()
        self.holds: set[tuple[str, str]] = set()  # manager and link
        self.managers: set[str] = set()


def remember(before: Host, ops: Sequence[Op], touched: Touched | None = None) -> Remembered:
    """What undoing `ops` needs to know of `before`: everything they touch, by the kernel's own doing too.

    Who has asked what they touch hands it in: that is to walk through the plan.
    """
    touched = touched or touch(before, ops)
    places = {(each.family, each.priority) for each in touched.rules}  # all of a priority: they have an order
    host = Host(
        links={name: before.links[name] for name in sorted(touched.links & before.links.keys())},
        addresses={name: before.addresses[name] for name in sorted(touched.links & before.addresses.keys())},
        routes=tuple(each for each in before.routes if _is_route_touched(each, touched.links, touched.slots)),
        rules=tuple(each for each in before.rules if (each.family, each.priority) in places),
        neighbours=tuple(each for each in before.neighbours if each.link in touched.links),
        nexthops=tuple(each for each in before.nexthops if each.link in touched.links or each.id in touched.nexthops),
        vlans={name: before.vlans[name] for name in sorted(touched.links & before.vlans.keys())},
        sysctls={path: value for path, value in before.sysctls.items() if _is_sysctl_touched(path, touched)},
        hardware={name: before.hardware[name] for name in sorted(touched.links & before.hardware.keys())},
        also=before.also,
        clients=tuple(each for each in before.clients if each.key in touched.clients),
        files={path: before.files.get(path, File()) for path in sorted(touched.files)},
        resolver={name: before.resolver[name] for name in sorted(touched.links & before.resolver.keys())},
        managers={name: _of_links(before.managers[name], name, touched) for name in sorted(touched.managers)},
        endpoints=tuple(
            each for each in before.endpoints if _is_endpoint_touched(each, touched.endpoints, touched.clients)
        ),
    )
    nexthops = touched.nexthops | {each.id for each in host.nexthops}
    return Remembered(
        host,
        frozenset(touched.links),
        frozenset(touched.slots),
        tuple(touched.rules),
        frozenset(nexthops),
        frozenset(touched.addresses),
        frozenset(touched.neighbours),
        frozenset(touched.clients),
        frozenset(touched.holds),
        frozenset(touched.endpoints),
    )


def _of_links(manager: Manager, name: str, touched: Touched) -> Manager:
    return replace(manager, holds={link: hold for link, hold in manager.holds.items() if (name, link) in touched.holds})


def _is_sysctl_touched(path: str, touched: Touched) -> bool:
    return path in touched.sysctls or settings.link_of(path) in touched.links


def touch(before: Host, ops: Sequence[Op]) -> Touched:
    """What `ops` touch of `before` and beside it, in the kernel's model."""
    found = Touched()
    world = World(before)
    for op in ops:
        step(world, op)
        for each in (op, *world.lost):
            match each:
                case CreateLink() | SetPort() | SetHardware():
                    found.links.add(each.name)
                case AddRoute(route) | DeleteRoute(route):
                    found.slots.add(slot(route))
                case AddRule(rule) | DeleteRule(rule):
                    found.rules.append(rule)
                case AddNexthop(nexthop) | DeleteNexthop(nexthop):
                    found.nexthops.add(nexthop.id)
                case AddAddress(address) | DeleteAddress(address) | SetAddress(address):
                    found.addresses.add(address.key)
                    found.links.add(address.link)
                case AddClient(client) | DeleteClient(client):
                    found.clients.add(client.key)
                    found.links.add(client.link)
                case AddEndpoint(endpoint) | DeleteEndpoint(endpoint):
                    found.endpoints.add(endpoint.key)
                case AddNeighbour(neighbour) | DeleteNeighbour(neighbour):
                    found.neighbours.add((neighbour.link, neighbour.ip))
                    found.links.add(neighbour.link)
                case AddVlans(link) | DeleteVlans(link):
                    found.links.add(link)
                case SetLinkDns(link):
                    found.links.add(link)
                case SetManager(name, new, old):
                    found.managers.add(name)
                    found.holds |= {(name, link) for link in (*new.holds, *old.holds)}
                case WriteFile(path):
                    found.files |= {path, beside(path)}
                case WriteSysctl(path) if of_link(path) is None:
                    found.sysctls.add(path)
                case WriteSysctl(path):
                    found.links.add((of_link(path) or ("", ""))[0])
                case DeleteLink(name) | MoveLink(name):
                    found.links.add(name)
                    found.losing.add(name)
                case RenameLink(name, new_name):
                    found.links |= {name, new_name}
                case SetLink(name, _, new) if number(new.get("mtu", SMALLEST_IPV6_MTU)) < SMALLEST_IPV6_MTU:
                    found.links.add(name)
                    found.losing.add(name)
                case SetLink():
                    found.links.add(each.name)
    found.links |= world.touched
    found.losing &= before.links.keys()
    return found


def _is_route_touched(route: Route, links: frozenset[str] | set[str], slots: frozenset[Slot] | set[Slot]) -> bool:
    return slot(route) in slots or any(link in links for link in route.links)


def _is_endpoint_touched(endpoint: Endpoint, keys: Set[tuple[str, int]], clients: Set[tuple[str, int]]) -> bool:
    """By an op, or by a process of ours that an op started or stopped."""
    return endpoint.key in keys or (endpoint.link, ENDPOINTS) in clients


def rewind(now: Host, remembered: Remembered) -> Host:
    """The host with everything touched as it was, and everything else as it is now."""
    was, touched = _with_what_managers_set(now, remembered), remembered.links
    links = {name: link for name, link in now.links.items() if name not in touched} | dict(was.links)
    orphans = {name: link for name, link in links.items() if link.master and link.master not in links}
    links |= {name: replace(link, attrs={**link.attrs, "master": ""}, port={}) for name, link in orphans.items()}
    links = {
        name: link if name in was.links else _let_go(link, links)
        for name, link in links.items()
        if name in was.links or is_tunnel(link.kind) or all(below in links for below in link.below)
    }
    ours = {*remembered.rules, *was.rules}
    if any(link.kind == "vrf" for link in links.values()):
        ours -= {*VRF_RULES} - {*was.rules}  # by now somebody else's VRF needs them
    nexthops = [each for each in now.nexthops if each.id not in remembered.nexthops and each.link in {"", *links}]
    return Host(
        links=links,
        addresses=_without(now.addresses, touched) | _addresses(now, remembered),
        routes=_routes(now, remembered, links),
        rules=(*was.rules, *(each for each in now.rules if each not in ours)),
        neighbours=(*_neighbours(now, remembered, links), *was.neighbours),
        nexthops=(*nexthops, *was.nexthops),
        vlans={name: vlans for name, vlans in _without(now.vlans, touched).items() if name not in orphans}
        | dict(was.vlans),
        sysctls=dict(now.sysctls) | {path: was.sysctls[path] for path in was.sysctls if _is_comparable(path, now)},
        hardware=dict(now.hardware) | dict(was.hardware),
        also=now.also,
        clients=(*(each for each in now.clients if each.key not in remembered.clients), *was.clients),
        files=dict(now.files) | dict(was.files),
        resolver={name: dns for name, dns in {**now.resolver, **was.resolver}.items() if name in links},
        managers=_managers(now, remembered),
        endpoints=(
            *(e for e in now.endpoints if not _is_endpoint_touched(e, remembered.endpoints, remembered.clients)),
            *was.endpoints,
        ),
        mptcp=now.mptcp,
    )


def _managers(now: Host, remembered: Remembered) -> dict[str, Manager]:
    """One that is not there any more has nothing to take back."""
    found = dict(now.managers)
    for name, was in remembered.host.managers.items():
        if name in now.managers:
            theirs = {k: hold for k, hold in now.managers[name].holds.items() if (name, k) not in remembered.holds}
            found[name] = replace(was, holds={**theirs, **was.holds})
    return found


_MANAGERS_OWN = "addr_gen_mode"


def _with_what_managers_set(now: Host, remembered: Remembered) -> Host:
    """`remembered.host` with the IPv6 settings that a manager gives a link which it has taken back already."""
    was, links = remembered.host, dict(remembered.host.links)
    for name, manager in was.managers.items():
        for link in manager.holds.keys() & links.keys() & now.links.keys():
            if link in now.managers.get(name, Manager()).holds:
                seen = now.links[link]
                own = {key: value for key, value in seen.attrs.items() if key == _MANAGERS_OWN}
                links[link] = replace(links[link], attrs={**links[link].attrs, **own}, conf6=seen.conf6)
    return replace(was, links=links) if was.managers else was


def _is_comparable(path: str, now: Host) -> bool:
    """Whether a sysctl of `now` would be known: a link's own are, where they were read or the link is not there."""
    link = settings.link_of(path)
    return not link or link not in now.links or f"{settings.PART}{link}" in now.also


def _let_go(link: Link, links: Mapping[str, Link]) -> Link:
    """A tunnel whose base is gone goes on without one."""
    return link if all(below in links for below in link.below) else replace(link, attrs={**link.attrs, "link": ""})


def _addresses(now: Host, remembered: Remembered) -> dict[str, tuple[Address, ...]]:
    """Of each touched link that was there: what it had, and what others have given it meanwhile."""
    found = {}
    for name, link in remembered.host.links.items():
        had = remembered.host.addresses.get(name, ())
        known = {each.key for each in had} | remembered.addresses
        seen = now.links.get(name, link)
        present = now.addresses.get(name, ())
        theirs = [each for each in present if each.key not in known and not is_kernel_made(each, seen)]
        theirs = [each for each in theirs if not _is_lent(each, remembered)]
        found[name] = _with_theirs(_running_on(had, present, remembered), theirs, present)
    return found


def _running_on(had: tuple[Address, ...], present: tuple[Address, ...], remembered: Remembered) -> tuple[Address, ...]:
    """Those that no op was about have the lifetimes that they have by now: somebody renews them, or nobody does."""
    seen = {(each.key, each.peer): each for each in present if each.key not in remembered.addresses}
    return tuple(now if each == (now := seen.get((each.key, each.peer))) else each for each in had)


def _with_theirs(
    had: tuple[Address, ...], theirs: Sequence[Address], present: tuple[Address, ...]
) -> tuple[Address, ...]:
    """What others have added stays before what it stands before now: nothing need move to make room for it."""
    whole = list(had)
    for each in reversed(theirs):
        behind = present[present.index(each) + 1 :]
        at = next((whole.index(other) for other in behind if other in whole), len(whole))
        whole.insert(at, each)
    return tuple(whole)


def _routes(now: Host, remembered: Remembered, links: Mapping[str, Link]) -> tuple[Route, ...]:
    """In the order they have now, but for those whose place is touched."""
    had = set(remembered.host.routes)
    stay = [each for each in now.routes if slot(each) not in remembered.slots]
    stay = [each for each in stay if each in had or _may_stay(each, remembered, links)]
    known = set(stay)
    return (*stay, *(each for each in remembered.host.routes if each not in known))


def _may_stay(route: Route, remembered: Remembered, links: Mapping[str, Link]) -> bool:
    return all(link in links for link in route.links) and not _is_of_a_lease(route, remembered)


def _is_lent(address: Address, remembered: Remembered) -> bool:
    """Whether a client that was not there then has put it on the link; routers give whole networks."""
    can_be = address.valid_s != FOREVER and (address.family == 4 or address.prefix == ALONE)
    return can_be and (address.link, address.family) in remembered.clients


def _is_of_a_lease(route: Route, remembered: Remembered) -> bool:
    return route.protocol == BY_DHCP and any((link, route.family) in remembered.clients for link in route.links)


def _neighbours(now: Host, remembered: Remembered, links: Mapping[str, Link]) -> list[Neighbour]:
    known = {(each.link, each.ip) for each in remembered.host.neighbours} | remembered.neighbours
    return [each for each in now.neighbours if (each.link, each.ip) not in known and each.link in links]


def _without(table: Mapping[str, T], names: Set[str]) -> dict[str, T]:
    return {name: value for name, value in table.items() if name not in names}
