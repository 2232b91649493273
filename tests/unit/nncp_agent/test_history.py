"""What was applied, and the way back to it."""

from pathlib import Path

import msgspec
import pytest

from netkernel.errors import NetworkError
from nncp_agent import history
from nncp_agent.history import Entry
from nncp_agent.model import Interface, NetworkState, RouteEntry, Routes, State
from nncp_agent.store import Store, document

ONE = Interface(name="dummy1", type="dummy", state=State.UP)
TWO = Interface(name="dummy2", type="dummy", state=State.UP)
ROUTE = RouteEntry(destination="203.0.113.0/24", next_hop_interface="dummy1", next_hop_address="192.0.2.1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def _committed(store: Store, *interfaces: Interface, routes: Routes | None = None) -> None:
    state = NetworkState(interfaces=interfaces, routes=routes)
    store.save_committed(state)
    number = history.next_number(store)
    history.write(
        store,
        Entry(number=number, time="2026-01-01T00:00:00+00:00", outcome="committed", committed=document(state)),
    )


def test_nothing_applied_is_an_empty_history(store: Store) -> None:
    assert history.entries(store) == ()
    assert history.next_number(store) == 1


def test_an_entry_comes_back_whole(store: Store) -> None:
    entry = Entry(
        number=1,
        time="2026-01-01T00:00:00+00:00",
        command="nncp apply -",
        policies=("bond1",),
        plan=("create dummy dummy1",),
        outcome=history.NOT_UNDONE,
        error="x",
        leftovers=("dummy1: still there",),
        seconds={"plan": 0.25},
    )
    history.write(store, entry)
    assert history.entries(store) == (entry,)


def test_an_entry_is_replaced_when_its_outcome_is_known(store: Store) -> None:
    pending = Entry(number=1, time="2026-01-01T00:00:00+00:00", outcome=history.PENDING)
    history.write(store, pending)
    history.write(store, msgspec.structs.replace(pending, outcome=history.COMMITTED))
    assert [entry.outcome for entry in history.entries(store)] == ["committed"]


def test_the_last_fifty_are_kept(store: Store) -> None:
    for number in range(1, 61):
        history.write(store, Entry(number=number, time="2026-01-01T00:00:00+00:00"))
    assert [entry.number for entry in history.entries(store)] == list(range(11, 61))
    assert history.next_number(store) == 61


def test_what_an_entry_committed_is_a_state_again(store: Store) -> None:
    _committed(store, ONE, routes=Routes(config=(ROUTE,)))
    _committed(store, ONE, TWO)
    assert history.committed(store, 1) == NetworkState(interfaces=(ONE,), routes=Routes(config=(ROUTE,)))


def test_asking_for_what_was_never_committed_is_refused(store: Store) -> None:
    history.write(store, Entry(number=1, time="2026-01-01T00:00:00+00:00", outcome=history.ROLLED_BACK))
    with pytest.raises(NetworkError, match="entry 1 was rolled back"):
        history.committed(store, 1)


def test_asking_for_what_is_not_kept_is_refused_saying_what_is(store: Store) -> None:
    with pytest.raises(NetworkError, match="no entry 9: nothing was applied yet"):
        history.committed(store, 9)
    _committed(store, ONE)
    with pytest.raises(NetworkError, match="no entry 9: 1 to 1 are kept"):
        history.committed(store, 9)
