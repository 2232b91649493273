"""What all fault tests stand on: a throw-away namespace, a state directory, and ways to see that something is over."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from netkernel import inotify
from netkernel.kernel import LinuxKernel
from nncp_agent import lock
from nncp_agent.store import Store
from tests.faults import raw
from tests.faults.scenes import Scene

PATIENCE_S = 30.0
IFA_F_TENTATIVE = 0x40  # linux/if_addr.h


@pytest.fixture
def store(netns: str, tmp_path: Path) -> Store:
    """A state directory, while the test stands in a namespace of its own."""
    store = Store(tmp_path / "state")
    store.prepare()
    return store


def param(scene: Scene, *more: object) -> ParameterSet:
    """A scene as a parameter of tests, with `more` of them, for kernels that have what it needs."""
    words = [scene.name, *(f"every {each}" for each in more)]
    return pytest.param(scene, *more, id="-".join(words), marks=pytest.mark.needs_kernel(*scene.needs))


def until(store: Store, holds: Callable[[], bool], what: str) -> None:
    """Wait until `holds`, looking again whenever a file of the store is put in place or removed."""
    deadline = time.monotonic() + PATIENCE_S
    with inotify.of(store.directory) as news:
        poll = select.poll()
        poll.register(news, select.POLLIN)
        while not holds():
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"{what}: not within {PATIENCE_S:g} s; {_log(store)}"
            poll.poll(left_s * 1000)
    with lock.held(store, "test", timeout_s=PATIENCE_S):  # whoever did it is through with it
        pass


def settled(host: raw.Dump) -> raw.Dump:
    """The dump of this namespace, as soon as it equals `host`, or when patience ends: DAD and carrier take theirs."""
    deadline = time.monotonic() + PATIENCE_S
    with LinuxKernel() as kernel:
        while True:
            kernel.snapshot()
            if (now := raw.dump()) == host or (left_s := deadline - time.monotonic()) <= 0:
                return now
            kernel.wait(min(left_s, 1.0))


def at_rest() -> raw.Dump:
    """The dump of this namespace once duplicate address detection is over."""
    deadline = time.monotonic() + PATIENCE_S
    with LinuxKernel() as kernel:
        while (addresses := kernel.snapshot().addresses) and (left_s := deadline - time.monotonic()) > 0:
            if not any(each.state & IFA_F_TENTATIVE for ours in addresses.values() for each in ours):
                break
            kernel.wait(left_s)
    return raw.dump()


def _log(store: Store) -> str:
    return (store.read("watchdog.log") or b"no watchdog.log").decode(errors="replace")
