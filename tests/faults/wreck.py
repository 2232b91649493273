"""An apply that dies: counts the steps it takes, kernel and disk alike, and kills itself before step N.

python -m tests.faults.wreck STATE_DIR SCENE STEP [wait] [still]     (run by the tests beside this file)

STEP is a number, or how the step's line begins. Prints each step it comes to. With `wait` it leaves the change
uncommitted; its deadline is a minute away. With `still` it stands still instead of dying, and says so.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

from netkernel.documents import Document
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import Op
from nncp_agent import wire
from nncp_agent.apply import apply
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.keeping.door import Door
from nncp_agent.options import Options
from nncp_agent.store import Store
from nncp_agent.watchdog.start import guarding
from tests.faults.scenes import APART, SCENES

STILL: Final = "standing still before:"


class Steps:
    """Counts, prints, and kills this process (as the kernel does it: no handler, no clean-up) before step `fatal`."""

    def __init__(self, fatal: str, *, stands_still: bool) -> None:
        self._taken = 0
        self._fatal = fatal
        self._stands_still = stands_still

    def step(self, what: str) -> None:
        if str(self._taken) == self._fatal or what.startswith(self._fatal):
            while self._stands_still:
                print(f"{STILL} {what}", flush=True)
                signal.pause()
            os.kill(os.getpid(), signal.SIGKILL)
        self._taken += 1
        print(what, flush=True)


class WreckedKernel:
    """Executes op by op, so that it can die between any two."""

    namespace = None

    def __init__(self, kernel: LinuxKernel, steps: Steps) -> None:
        self._kernel = kernel
        self._steps = steps
        self.root = kernel.root

    def snapshot(self, also: Collection[str] = ()) -> Host:
        self._steps.step("snapshot")
        return self._kernel.snapshot(also)

    def execute(self, ops: Sequence[Op]) -> None:
        for op in ops:
            self._steps.step(f"op {op}")
            self._kernel.execute([op])

    def wait(self, timeout_s: float) -> bool:
        return self._kernel.wait(timeout_s)


class WreckedStore(Store):
    """Dies before it touches a file, and before it returns."""

    def __init__(self, directory: str, steps: Steps) -> None:
        super().__init__(directory)
        self._steps = steps

    def write(self, name: str, data: bytes) -> None:
        self._steps.step(f"before write {name}")
        super().write(name, data)
        self._steps.step(f"after write {name}")

    def remove(self, name: str) -> None:
        self._steps.step(f"before remove {name}")
        super().remove(name)
        self._steps.step(f"after remove {name}")

    def commit(self, checkpoint: str) -> None:
        self._steps.step("before commit")
        super().commit(checkpoint)
        self._steps.step("after commit")


@contextmanager
def _guarding(steps: Steps, store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    with guarding(store, point, namespace):
        steps.step("guarded")
        yield


def died(*arguments: str, root: str = "/") -> tuple[int, list[str]]:
    """Status of an apply with these arguments of `main` (as waitpid(2) has it), and the steps it took.

    It is forked: an interpreter started anew for each of a hundred deaths would take most of the time.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.dup2(writing, 1)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            main(*arguments, root=root)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        steps = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), steps
    return status, steps


def main(directory: str, scene: str, fatal: str, *words: str, root: str = "/") -> None:
    steps = Steps(fatal, stands_still="still" in words)
    policy = next(each.policy for each in (*SCENES, *APART) if each.name == scene)
    options = Options(
        check=False, commit="wait" not in words, guard=partial(_guarding, steps), command="wreck", verify_timeout_s=20
    )
    with LinuxKernel(root=root, keepers=Door(directory)) as kernel:
        desired = wire.decode([Document(policy)]).desired
        apply(desired, WreckedKernel(kernel, steps), WreckedStore(directory, steps), options=options)
    steps.step("end")


if __name__ == "__main__":
    main(*sys.argv[1:])
