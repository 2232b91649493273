"""Back to a remembered host: observe, reconcile, execute, observe again, and say what is still different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netkernel.errors import KernelRefused, NetworkError
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.reconcile import reconcile
from netkernel.rewind import Remembered, rewind
from netkernel.transaction import Kernel

TRIES = 3
"""Somebody else may be changing the same links meanwhile; after that many looks we say what we found."""


def undo(kernel: Kernel, remembered: Remembered) -> tuple[str, ...]:
    """Put back everything that was remembered; one line for each thing that is still different. Absent is success."""
    refused: list[str] = []
    for _ in range(TRIES):
        now = kernel.snapshot()
        plan = reconcile(now, rewind(now, remembered))
        if not plan:
            return ()
        refused = _execute(kernel, plan)
    now = kernel.snapshot()
    left = tuple(leftovers(now, rewind(now, remembered)))
    return left and (*left, *refused)


def _execute(kernel: Kernel, plan: Sequence[Op]) -> list[str]:
    """All at once; when the kernel refuses something, one by one, each tried whatever became of the others."""
    try:
        kernel.execute(plan)
        return []
    except KernelRefused as error:
        done = error.possibly_done
        refused = [str(error)]
    for op in plan[max(0, done - 1) :]:
        try:
            kernel.execute([op])
        except NetworkError as error:
            refused.append(str(error))
    return refused


def leftovers(now: Host, was: Host) -> Iterator[str]:
    """What of `was` is not so now, in the words of the ops that would mend it."""
    for op in reconcile(now, was):
        yield f"not as it was: would need: {op}"
