"""The lock that ports hold while they join: one at a time, in time or with words."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from cni.bridge.lock import JoiningLock
from cni.types.errors import CniError

WAIT_S = 30.0


def test_it_is_held_by_one_thread_at_a_time(tmp_path: Path) -> None:
    lock = JoiningLock(str(tmp_path / "run" / "lock"))
    inside: list[int] = []
    most: list[int] = []

    def join(number: int) -> None:
        with lock.held():
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=join, args=(number,)) for number in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_S)
    assert most == [1] * 20


def test_another_process_that_lets_go_in_time_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    lock = JoiningLock(str(file), WAIT_S)
    other = os.open(file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    threading.Timer(0.05, os.close, (other,)).start()
    with lock.held(), pytest.raises(BlockingIOError):
        fcntl.flock(os.open(file, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_one_that_does_not_is_named_and_leaves_the_lock_to_others(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    lock = JoiningLock(str(file), 0.05)
    other = os.open(file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(CniError, match=r"for 0\.05 s") as refused, lock.held():
        pass
    assert refused.value.code == 11
    assert str(file) in refused.value.details
    os.close(other)  # whoever waited in vain has it for a moment now, and lets go
    with JoiningLock(str(file), WAIT_S).held():
        pass


def test_a_thread_that_does_not_let_go_is_named_too(tmp_path: Path) -> None:
    lock = JoiningLock(str(tmp_path / "lock"), 0.05)
    with lock.held(), pytest.raises(CniError, match=r"for 0\.05 s"), lock.held():
        pass
    with lock.held():
        pass
