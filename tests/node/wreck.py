"""A daemon that dies: takes turns over this namespace, counts the steps it takes (kernel, disk, words), kills itself
before step N. It is a fork, because an interpreter for each of a hundred deaths would take most of the time.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from netkernel.kernel import LinuxKernel
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.keeping.door import Door
from nncp_agent.node.directory import Directory
from nncp_agent.node.sink import FileReports, NoSlots
from nncp_agent.node.turn import Doors, Turns
from nncp_agent.options import Options
from nncp_agent.store import Store
from nncp_agent.watchdog.start import guarding
from tests.faults.wreck import Steps, WreckedKernel, WreckedStore


class WreckedReports(FileReports):
    """Dies before it tells, and before it returns."""

    def __init__(self, run: Path, steps: Steps) -> None:
        super().__init__(run)
        self._steps = steps

    def tell(self, enactment: dict[str, Any]) -> None:
        name = enactment["metadata"]["name"]
        self._steps.step(f"before telling {name}")
        super().tell(enactment)
        self._steps.step(f"after telling {name}")

    def forget(self, policy: str) -> None:
        self._steps.step(f"before forgetting {policy}")
        super().forget(policy)


class OverviewedKernel(WreckedKernel):
    """Captures look at it, too."""

    def overview(self, protocols: Any, also: Any = ()) -> Any:
        return self._kernel.overview(protocols, also)


@contextmanager
def _guarding(steps: Steps, store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    with guarding(store, point, namespace):
        steps.step("guarded")
        yield


def died(folder: Path, fatal: int) -> tuple[int, list[str]]:
    """Status of a daemon's turns on the directories of `folder`, and the steps it took."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.dup2(writing, 1)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            steps = Steps(str(fatal), stands_still=False)
            with LinuxKernel(keepers=Door(folder / "state")) as kernel:
                take_turns(folder, OverviewedKernel(kernel, steps), steps)
            steps.step("end")
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), lines
    return status, lines


def take_turns(folder: Path, kernel: Any, steps: Steps | None = None) -> None:
    """What the daemon does when it begins, until there is nothing to do."""
    store = WreckedStore(str(folder / "state"), steps) if steps else Store(folder / "state")
    reports = WreckedReports(folder / "run", steps) if steps else FileReports(folder / "run")
    source = Directory(str(folder / "policies"), str(folder / "node.yaml"), Store(folder / "state"))
    guard = partial(_guarding, steps) if steps else guarding
    options = Options(check=False, guard=guard, verify_timeout_s=20)
    Turns(Doors(source, reports, NoSlots()), kernel, store, options).run()
