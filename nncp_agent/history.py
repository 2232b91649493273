"""Every apply with its plan, outcome and timing; the way back to an earlier committed state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from netkernel.errors import NetworkError
from nncp_agent.model import Interface, NetworkState, RouteEntry, Routes, State
from nncp_agent.store import VERSION, Store

FOLDER: Final = "history"
KEEP: Final = 50

COMMITTED: Final = "committed"
MEMORY_ONLY: Final = "applied in memory only"
PENDING: Final = "pending"
ROLLED_BACK: Final = "rolled back"
NOT_UNDONE: Final = "not fully undone"
GONE: Final = "gone with a restart of the machine"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One apply. `plan` has the ops' lines; `seconds` says how long each stage took; `committed` is the whole committed
    state after it, in nmstate form, None unless it was committed."""

    number: int
    time: str  # ISO 8601, UTC
    command: str = ""
    policies: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    outcome: str = ROLLED_BACK
    error: str = ""
    leftovers: tuple[str, ...] = ()
    seconds: Mapping[str, float] = {}
    committed: dict[str, Any] | None = None
    version: int = VERSION


def entries(store: Store) -> tuple[Entry, ...]:
    """All that are kept, oldest first. Raises StoreBroken."""
    found = (store.read_as(f"{FOLDER}/{_name(number)}", Entry) for number in _numbers(store))
    return tuple(entry for entry in found if entry is not None)


def entry(store: Store, number: int) -> Entry:
    """Entry `number`. Raises NetworkError when it is not kept, StoreBroken."""
    found = store.read_as(f"{FOLDER}/{_name(number)}", Entry)
    if found is None:
        kept = _numbers(store)
        there = f"{kept[0]} to {kept[-1]} are kept" if kept else "nothing was applied yet"
        raise NetworkError(f"history: no entry {number}: {there}")
    return found


def next_number(store: Store) -> int:
    """The number for the next entry; only for the holder of the lock. Raises StoreBroken."""
    return max(_numbers(store), default=0) + 1


def write(store: Store, entry: Entry) -> None:
    """Add or replace an entry and forget those beyond the last KEEP. Raises StoreBroken."""
    store.write(f"{FOLDER}/{_name(entry.number)}", msgspec.json.encode(entry))
    for number in _numbers(store)[:-KEEP]:
        store.remove(f"{FOLDER}/{_name(number)}")


def back_to(store: Store, number: int) -> NetworkState:
    """The state to apply to come back to what was committed after entry `number`; 0 is before the first of all.

    Interfaces and routes committed since become absent. Raises NetworkError when the entry is not kept or committed
    nothing, StoreBroken.
    """
    now = store.committed()
    if number == 0:
        return _back(NetworkState(), now)
    then = entry(store, number)
    if then.committed is None:
        raise NetworkError(f"history: entry {number} was {then.outcome}: wanted one that was committed")
    return _back(store.state_of(then.committed, f"{FOLDER}/{_name(number)}"), now)


def _back(then: NetworkState, now: NetworkState) -> NetworkState:
    interfaces = then.interfaces or ()
    kept = {interface.name for interface in interfaces}
    made_since = tuple(
        Interface(name=interface.name, type=interface.type, state=State.ABSENT)
        for interface in now.interfaces or ()
        if interface.name not in kept
    )
    routes = _config(then)
    gone = {interface.name for interface in made_since}
    routes_since = tuple(
        _absent(route) for route in _config(now) if route not in routes and route.next_hop_interface not in gone
    )
    config = (*routes_since, *routes)
    return NetworkState(interfaces=(*interfaces, *made_since), routes=Routes(config=config) if config else None)


def _config(state: NetworkState) -> tuple[RouteEntry, ...]:
    return (state.routes.config if state.routes else None) or ()


def _absent(route: RouteEntry) -> RouteEntry:
    return msgspec.structs.replace(route, state=State.ABSENT)


def _numbers(store: Store) -> list[int]:
    stems = (name.removesuffix(".json") for name in store.names(FOLDER) if name.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def _name(number: int) -> str:
    return f"{number:06}.json"
