"""The state directory keeps its promises or says why not, before anybody relies on it."""

import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from nncp_agent import checkpoint, history
from nncp_agent.errors import StoreBroken
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.store import COMMITTED, NEXT, Store

STATE = NetworkState(interfaces=(Interface(name="dummy0", type="dummy", state=State.UP, mtu=1400),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def test_an_empty_directory_holds_the_empty_state(store: Store) -> None:
    assert store.committed() == NetworkState()
    assert store.committed_by() == ""
    assert not store.directory.exists()


def test_a_committed_state_comes_back(store: Store) -> None:
    store.save_committed(STATE)
    assert store.committed() == STATE


def test_the_directory_is_its_owners_alone(store: Store) -> None:
    store.save_committed(STATE)
    assert store.directory.stat().st_mode & 0o777 == 0o700
    assert store.path(COMMITTED).stat().st_mode & 0o777 == 0o600


def test_a_commit_is_one_rename_and_names_its_checkpoint(store: Store) -> None:
    store.prepare_commit(STATE, "c1")
    assert store.committed() == NetworkState()
    store.commit("c1")
    assert store.committed() == STATE
    assert store.committed_by() == "c1"
    assert os.listdir(store.directory) == [COMMITTED]


def test_a_commit_of_another_checkpoint_is_refused_and_changes_nothing(store: Store) -> None:
    store.prepare_commit(STATE, "c1")
    with pytest.raises(StoreBroken, match="not of checkpoint c2"):
        store.commit("c2")
    assert store.committed() == NetworkState()


GARBAGE = [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"version": "1"}', b'{"version": 1}', b"{}", b"\0" * 4096]


@pytest.mark.parametrize("data", GARBAGE)
@pytest.mark.parametrize("name", [COMMITTED, checkpoint.NAME, "history/000001.json"])
def test_a_corrupt_file_is_refused_with_its_path(store: Store, name: str, data: bytes) -> None:
    store.write(name, data)
    with pytest.raises(StoreBroken, match=name):
        _read_all(store)
    assert store.read(name) == data


@pytest.mark.parametrize("name", [COMMITTED, checkpoint.NAME, "history/000001.json"])
def test_a_file_of_a_newer_format_is_refused_saying_which_we_read(store: Store, name: str) -> None:
    store.write(name, json.dumps({"version": 2, "state": {}}).encode())
    with pytest.raises(StoreBroken, match="format 2: wanted 1"):
        _read_all(store)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "directory"])
@pytest.mark.parametrize("name", [COMMITTED, checkpoint.NAME])
def test_what_is_no_regular_file_is_refused_and_does_not_hang(
    store: Store, name: str, make: Callable[[Path], None]
) -> None:
    store.prepare()
    make(store.path(name))
    with pytest.raises(StoreBroken, match=name):
        _read_all(store)


def test_a_fifo_where_a_file_is_to_be_written_does_not_hang(store: Store) -> None:
    store.prepare()
    os.mkfifo(store.path(COMMITTED + ".tmp"))
    with pytest.raises(StoreBroken, match="cannot write"):
        store.save_committed(STATE)


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreBroken, match="cannot make it: Not a directory"):
        Store(tmp_path / "file" / "state").save_committed(STATE)


def test_a_slow_directory_is_refused_with_the_time_it_took(tmp_path: Path) -> None:
    ticks = count(0, 11)
    store = Store(tmp_path, clock=lambda: float(next(ticks)))
    with pytest.raises(StoreBroken, match=r"took 11\.0 s"):
        store.prepare_commit(STATE, "c1")


def test_removing_what_is_not_there_is_success(store: Store) -> None:
    store.remove(NEXT)
    checkpoint.remove(store)


def _read_all(store: Store) -> None:
    store.committed()
    checkpoint.read(store)
    history.entries(store)
