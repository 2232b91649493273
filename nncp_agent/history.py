"""Every apply with its plan, outcome and timing, and what `back` needs to come back to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from netkernel.errors import NetworkError
from nncp_agent.files import VERSION
from nncp_agent.model import NetworkState
from nncp_agent.shown import secrets
from nncp_agent.store import Store

FOLDER: Final = "history"
KEEP: Final = 50

COMMITTED: Final = "committed"
MEMORY_ONLY: Final = "applied in memory only"
PENDING: Final = "pending"
ROLLED_BACK: Final = "rolled back"
NOT_UNDONE: Final = "not fully undone"
GONE: Final = "gone with a restart of the machine"
NOTHING: Final = msgspec.Raw(b"null")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One apply. `plan` has the ops' lines; `seconds` says how long each stage took; `committed` is the whole committed
    state after it, in nmstate form, None unless it was committed. `remembered` is what its plan touched, as it was
    before (`netkernel.rewind.Remembered` in JSON); null when nothing of the apply is left on the host."""

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
    remembered: msgspec.Raw = NOTHING
    version: int = VERSION


def entries(store: Store) -> tuple[Entry, ...]:
    """All that are kept, oldest first. Raises StoreBroken."""
    found = (kept(store, number) for number in numbers(store))
    return tuple(entry for entry in found if entry is not None)


def entry(store: Store, number: int) -> Entry:
    """Entry `number`. Raises NetworkError when it is not kept, StoreBroken."""
    found = kept(store, number)
    if found is None:
        there = f"{known[0]} to {known[-1]} are kept" if (known := numbers(store)) else "nothing was applied yet"
        raise NetworkError(f"history: no entry {number}: {there}")
    return found


def kept(store: Store, number: int) -> Entry | None:
    """Entry `number`, None where it is not there. Raises StoreBroken."""
    return store.read_as(f"{FOLDER}/{_name(number)}", Entry)


def document(entry: Entry) -> dict[str, Any]:
    """The entry as plain values, for people: without what it leaves empty, without the kernel records that take it
    back, and without secrets.
    """
    hidden = ("version", "remembered")
    stated = {key: value for key in entry.__struct_fields__ if key not in hidden and (value := getattr(entry, key))}
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(stated))
    for interface in (fields.get("committed") or {}).get("interfaces") or ():
        interface.get(interface.get("type"), {}).update(secrets.hidden(secrets.of(interface)))
    return fields


def next_number(store: Store) -> int:
    """The number for the next entry; only for the holder of the lock. Raises StoreBroken."""
    return max(numbers(store), default=0) + 1


def write(store: Store, entry: Entry) -> None:
    """Add or replace an entry and forget those beyond the last KEEP. Raises StoreBroken."""
    store.write(f"{FOLDER}/{_name(entry.number)}", msgspec.json.encode(entry))
    for number in numbers(store)[:-KEEP]:
        store.remove(f"{FOLDER}/{_name(number)}")


def committed(store: Store, number: int) -> NetworkState:
    """The whole committed state after entry `number`.

    Raises NetworkError when the entry is not kept or committed nothing, StoreBroken.
    """
    found = entry(store, number)
    if found.committed is None:
        raise NetworkError(f"history: entry {number} was {found.outcome}: wanted one that was committed")
    return store.state_of(found.committed, f"{FOLDER}/{_name(number)}")


def numbers(store: Store) -> list[int]:
    """Of all entries that are kept, in order. Raises StoreBroken."""
    stems = (name.removesuffix(".json") for name in store.names(FOLDER) if name.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def _name(number: int) -> str:
    return f"{number:06}.json"
