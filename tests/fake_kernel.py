"""A kernel in memory: the model that plans are made with, behind the seam that the real one stands behind."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.simulation import World, step


class Crash(BaseException):
    """Stands for the process dying in the middle of a plan: nobody may catch it by accident."""


class FakeKernel:
    """`refuse_at` is the number of the op (counted over all calls) the kernel says no to; `crash_at` the op before
    which the process dies. Both happen once."""

    def __init__(self, host: Host, *, refuse_at: int | None = None, crash_at: int | None = None) -> None:
        self._macs = 0
        self._world = World(host, self._mac)
        self.refuse_at = refuse_at
        self.crash_at = crash_at
        self.executed: list[Op] = []
        self.count = 0

    def _mac(self) -> str:
        self._macs += 1
        return f"0a:00:00:00:{self._macs // 256:02x}:{self._macs % 256:02x}"

    def snapshot(self) -> Host:
        return self._world.host()

    def execute(self, ops: Sequence[Op]) -> None:
        for position, op in enumerate(ops):
            number, self.count = self.count, self.count + 1
            if number == self.crash_at:
                self.crash_at = None
                raise Crash
            if number == self.refuse_at:
                self.refuse_at = None
                raise self._refusal(op, position, errno.EIO, "injected")
            try:
                step(self._world, op)
            except KernelRefused as refused:
                raise self._refusal(op, position, refused.errno, refused.reason) from refused
            self.executed.append(op)

    def wait(self, timeout_s: float) -> bool:
        return True

    @staticmethod
    def _refusal(op: Op, position: int, number: int, reason: str) -> KernelRefused:
        return KernelRefused(str(op), number, reason, possibly_done=position + 1, failed=frozenset({position}))
