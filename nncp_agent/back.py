"""The way back to what an earlier apply left: every apply since, newest first, taken back at once.

What it goes by are the kernel's records from before each apply, not policies: a policy cannot say how an interface was
that it only changed, and one that no policy made must never go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.link_kinds import KINDS
from netkernel.reconcile import irreversible, reconcile
from netkernel.rewind import Remembered, rewind
from netkernel.undo import leftovers
from nncp_agent import history
from nncp_agent.change import Change
from nncp_agent.errors import Problem, StoreBroken
from nncp_agent.history import Entry
from nncp_agent.important import DEFAULTS
from nncp_agent.model import NetworkState, RouteEntry, Routes, State
from nncp_agent.store import Store

_LEFT_SOMETHING: Final = (history.COMMITTED, history.MEMORY_ONLY, history.NOT_UNDONE)


def back_to(store: Store, number: int, now: Host) -> Change:
    """How to come back from `now` to what apply `number` committed; 0 is before the first of all.

    Raises NetworkError when it committed nothing or when it, or an apply since, is not kept; StoreBroken.
    """
    kept = history.entries(store)
    since = [entry for entry in kept if entry.number > number]
    if number == 0:
        if since and since[0].number > 1:
            raise NetworkError(f"history: the first apply is not kept any more: {since[0].number} is the oldest")
        then = NetworkState()
    else:
        then = history.committed(store, number)
    ways = tuple(_remembered(store, entry) for entry in reversed(since) if entry.outcome in _LEFT_SOMETHING)
    return by(ways, now, then)


def by(ways: Sequence[Remembered], now: Host, then: NetworkState) -> Change:
    """How to come back from `now` by `ways`, newest first, to a host of which `then` is committed."""
    target = _as_it_was(now, ways)
    ops = reconcile(now, target, exact=True)
    return Change(
        before=now,
        target=target,
        ops=ops,
        asked=_given_up(target, ways),
        following=then,
        differences=partial(_differences, ways=ways),
        warnings=tuple(
            Problem(name, "is gone, and only who made it can bring it back") for name in sorted(_lost(now, ways))
        ),
        irreversible=irreversible(now, ops),
    )


def _remembered(store: Store, entry: Entry) -> Remembered:
    if not entry.plan:
        return Remembered(Host())
    if bytes(entry.remembered) == b"null":
        raise NetworkError(f"history: entry {entry.number} does not say how the host was before it")
    try:
        return Remembered.from_json(bytes(entry.remembered))
    except NetworkError as error:
        raise StoreBroken(f"{store.path(history.FOLDER)}: entry {entry.number}: {error}") from error


def _as_it_was(now: Host, ways: Sequence[Remembered]) -> Host:
    return _without(_rewound(now, ways), _lost(now, ways))


def _rewound(now: Host, ways: Sequence[Remembered]) -> Host:
    for remembered in ways:
        now = rewind(now, remembered)
    return now


def _differences(host: Host, ways: Sequence[Remembered]) -> tuple[str, ...]:
    return tuple(leftovers(host, _as_it_was(host, ways)))


def _lost(now: Host, ways: Sequence[Remembered]) -> frozenset[str]:
    """Links that were there and that we cannot make (a NIC, a tap, a pod's veth), and what sat on them."""
    links = _rewound(now, ways).links
    lost = {
        name
        for name, link in links.items()
        if name not in now.links and (link.kind not in KINDS or link.netnsid is not None)
    }
    while above := {name for name, link in links.items() if link.link in lost and name not in lost}:
        lost |= above
    return frozenset(lost)


def _without(host: Host, lost: frozenset[str]) -> Host:
    if not lost:
        return host
    return replace(
        host,
        links={name: link for name, link in host.links.items() if name not in lost},
        addresses={name: these for name, these in host.addresses.items() if name not in lost},
        routes=tuple(each for each in host.routes if lost.isdisjoint(each.links)),
        neighbours=tuple(each for each in host.neighbours if each.link not in lost),
        nexthops=tuple(each for each in host.nexthops if each.link not in lost),
        vlans={name: these for name, these in host.vlans.items() if name not in lost},
    )


def _given_up(target: Host, ways: Sequence[Remembered]) -> NetworkState:
    """The default routes that an apply since has brought. One that would be lost by the way is not among them."""
    return NetworkState(routes=Routes(config=tuple(_absent_defaults(target, ways))))


def _absent_defaults(target: Host, ways: Sequence[Remembered]) -> Iterator[RouteEntry]:
    left = {route.destination for route in target.routes}
    touched = {destination for remembered in ways for _, destination, *_ in remembered.slots}
    for destination in DEFAULTS:
        if destination in touched and destination not in left:
            yield RouteEntry(destination=destination, state=State.ABSENT)
