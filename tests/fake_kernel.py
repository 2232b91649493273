"""A kernel in memory: the model that plans are made with, behind the seam that the real one stands behind."""

from __future__ import annotations

import errno
from collections.abc import Collection, Sequence

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.simulation import World, step


class Crash(BaseException):
    """Stands for the process dying in the middle of a plan: nobody may catch it by accident."""


class FakeKernel:
    """`refuse_at` is the number of the op (counted over all calls) the kernel says no to; `crash_at` the op before
    which the process dies. Both happen once."""

    def __init__(
        self, host: Host, *, refuse_at: int | None = None, crash_at: int | None = None, batch: int = 128
    ) -> None:
        self._macs = 0
        self._world = World(host, self._mac)
        self._batch = batch
        self.refuse_at = refuse_at
        self.crash_at = crash_at
        self.executed: list[Op] = []
        self.count = 0
        self.asked_also: Collection[str] = ()

    def _mac(self) -> str:
        self._macs += 1
        return f"0a:00:00:00:{self._macs // 256:02x}:{self._macs % 256:02x}"

    def snapshot(self, also: Collection[str] = ()) -> Host:
        self.asked_also = also
        host = self._world.host()
        return replace(host, also=host.also | frozenset(also)) if also else host

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        return self.snapshot()

    def execute(self, ops: Sequence[Op]) -> None:
        for start in range(0, len(ops), self._batch):
            self._send(ops, start, min(start + self._batch, len(ops)))

    def _send(self, ops: Sequence[Op], start: int, end: int) -> None:
        """One batch: the kernel goes on after an op it refused, and all is told when the batch is through."""
        failed: dict[int, KernelRefused] = {}
        for position in range(start, end):
            number, self.count = self.count, self.count + 1
            if number == self.crash_at:
                self.crash_at = None
                raise Crash
            try:
                self._do(ops[position], number)
            except KernelRefused as refused:
                failed[position] = refused
        if failed:
            first = failed[min(failed)]
            raise KernelRefused(first.what, first.errno, first.reason, possibly_done=end, failed=frozenset(failed))

    def _do(self, op: Op, number: int) -> None:
        if number == self.refuse_at:
            self.refuse_at = None
            raise KernelRefused(str(op), errno.EIO, "injected")
        step(self._world, op)
        self.executed.append(op)

    def wait(self, timeout_s: float) -> bool:
        return True
