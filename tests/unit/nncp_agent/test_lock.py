"""Two changes never run at once, and the one that waits says for whom."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nncp_agent import lock
from nncp_agent.errors import Busy, StoreBroken
from nncp_agent.store import Store

HOLD = """
import signal, sys
from nncp_agent import lock
from nncp_agent.store import Store
with lock.held(Store(sys.argv[1]), "nncp apply a.yaml"):
    print("held", flush=True)
    signal.pause()
"""


def test_the_one_who_waits_in_vain_says_who_holds_the_lock(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with (
        lock.held(store, "nncp apply bond1"),
        pytest.raises(Busy, match=rf"process {os.getpid()} \(nncp apply bond1\), since 20.*; gave up after 0.2 s"),
        lock.held(store, "nncp apply", timeout_s=0.2),
    ):
        pass


def test_the_one_who_waits_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    store, order = Store(tmp_path), []

    def second() -> None:
        with lock.held(store, "second", timeout_s=30):
            order.append("second")

    with lock.held(store, "first"):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=r"nncp apply a\.yaml"), lock.held(Store(tmp_path), "second", timeout_s=0):
            pass
        process.send_signal(signal.SIGKILL)
        with lock.held(Store(tmp_path), "second", timeout_s=30):
            pass


def test_a_holder_who_could_not_sign_is_still_waited_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with lock.held(store, "first"):
        store.path(lock.NAME).write_bytes(b"\xff{")
        with pytest.raises(Busy, match="did not leave its name"), lock.held(store, "second", timeout_s=0):
            pass


def test_a_directory_without_room_for_a_lock_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreBroken, match="cannot lock it"), lock.held(Store(tmp_path / "file"), "first"):
        pass
