"""What people say on a node against the daemon: a pause, the end of one, and applies by hand, which are left standing.

`node/paused.json` in the state directory says until when; `node/resumed.json` has the number of the last apply in the
history when somebody said that policies count again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from nncp_agent import checkpoint, history
from nncp_agent.checkpoint import Here
from nncp_agent.files import VERSION
from nncp_agent.node.decision import Manual
from nncp_agent.node.memory import FOLDER
from nncp_agent.store import Store

COMMAND: Final = "nncp daemon"
"""What the history has for applies of ours."""
_PAUSED: Final = f"{FOLDER}/paused.json"
_RESUMED: Final = f"{FOLDER}/resumed.json"
_LASTS: Final = (history.COMMITTED, history.MEMORY_ONLY)


class Pause(msgspec.Struct, frozen=True):
    """`until` in seconds since 1970; None: until `nncp resume`."""

    until: float | None = None
    version: int = VERSION


class _Resumed(msgspec.Struct, frozen=True):
    number: int = 0
    version: int = VERSION


def pause(store: Store, until: float | None) -> None:
    """Nothing is applied or repaired until then. Raises StoreBroken."""
    store.write(_PAUSED, msgspec.json.encode(Pause(until)))


def resume(store: Store) -> bool:
    """End a pause and all holds; gives whether there was a pause. Raises StoreBroken."""
    was = store.read(_PAUSED) is not None
    store.remove(_PAUSED)
    store.write(_RESUMED, msgspec.json.encode(_Resumed(history.next_number(store) - 1)))
    return was


def paused(store: Store, now: float) -> Pause | None:
    """The pause that holds at `now`. Raises StoreBroken."""
    found = store.read_as(_PAUSED, Pause)
    return found if found is not None and (found.until is None or now < found.until) else None


def words(pause: Pause) -> str:
    """What enactments say of it."""
    if pause.until is None:
        return "paused on this node until `nncp resume`"
    return f"paused on this node until {datetime.fromtimestamp(pause.until, UTC):%Y-%m-%d %H:%M:%SZ}"


def resumed(store: Store) -> int:
    """The number of the last apply in the history when holds were ended; 0: never. Raises StoreBroken."""
    found = store.read_as(_RESUMED, _Resumed)
    return found.number if found is not None else 0


def busy(store: Store, here: Here) -> str:
    """Why an apply of somebody else keeps us from ours, or "". Raises StoreBroken."""
    waits = checkpoint.waiting(store, here)
    return str(waits) if waits is not None else ""


class Manuals:
    """The applies of somebody else that the history has. An entry that was read once is not read again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, Manual | None] = {}

    def all(self) -> tuple[Manual, ...]:
        """Oldest first. Raises StoreBroken."""
        numbers = history.numbers(self._store)
        for number in numbers:
            if number not in self._known:
                self._read(number)
        self._known = {number: self._known[number] for number in numbers if number in self._known}
        return tuple(each for each in self._known.values() if each is not None)

    def _read(self, number: int) -> None:
        found = history.kept(self._store, number)
        if found is None or found.outcome == history.PENDING:  # it may still be committed
            return
        theirs = found.outcome in _LASTS and not found.command.startswith(COMMAND)
        self._known[number] = Manual(number, found.command, found.plan) if theirs else None
