"""All of it, or none of it with a list of what could not be undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Protocol, Self

from netkernel.errors import KernelRefused, NetworkError, NotUndone
from netkernel.host import Host
from netkernel.ops import Op, SetAddress, SetHardware, SetLink, SetPort, inverse


class Kernel(Protocol):
    """The seam: one namespace's kernel as a thing that can be looked at and told. Tests have another one."""

    def snapshot(self, also: Collection[str] = ()) -> Host:
        """The whole configuration now, with what `also` names (see `Host.also`)."""
        ...

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        """What people look at: links, addresses, bridge VLANs, rules, routes of these protocols (RTPROT_ numbers)."""
        ...

    def execute(self, ops: Sequence[Op]) -> None:
        """Do the ops in order, batched.

        Raises KernelRefused at the first send that had a failing op; its `possibly_done` says how many ops may have
        taken effect. Nothing after that send was sent.
        """
        ...

    def wait(self, timeout_s: float) -> bool:
        """True as soon as something changed since the last snapshot began; False after `timeout_s` seconds."""
        ...


Undo = Callable[[Sequence[Op]], Sequence[str]]
"""Takes back ops that may have been done; returns one line for each thing that is not as it was."""


class Transaction:
    """Leaving the block normally keeps the changes; leaving it by exception undoes them.

    Without `undo` the inverses run in reverse, one by one, each tried whatever became of the others. Whoever can
    observe the whole host passes an `undo` that compares and reverts what differs. What was left behind is added to
    the exception as a note, and is in `leftovers`.
    """

    def __init__(self, kernel: Kernel, undo: Undo | None = None) -> None:
        self._kernel = kernel
        self._undo = undo or self._inverses
        self._possibly_done: list[Op] = []
        self.leftovers: tuple[str, ...] = ()

    def do(self, plan: Sequence[Op]) -> None:
        """Execute `plan`. Raises KernelRefused."""
        try:
            self._kernel.execute(plan)
        except KernelRefused as refused:
            self._possibly_done += _may_have_taken_effect(plan, refused)
            raise
        except BaseException:
            self._possibly_done += plan
            raise
        self._possibly_done += plan

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        self.leftovers = tuple(self._undo(self._possibly_done))
        if self.leftovers:
            error.add_note(str(NotUndone(self.leftovers)))

    def _inverses(self, done: Sequence[Op]) -> list[str]:
        leftovers = []
        for op in inverse(done):
            try:
                self._kernel.execute([op])
            except NetworkError as error:
                leftovers.append(f"{op}: {error}")
        return leftovers


def _may_have_taken_effect(plan: Sequence[Op], refused: KernelRefused) -> list[Op]:
    """A refused create or add did nothing, and its inverse would hit a stranger; a refused set may be half done."""
    return [
        op
        for position, op in enumerate(plan[: refused.possibly_done])
        if position not in refused.failed or isinstance(op, SetAddress | SetHardware | SetLink | SetPort)
    ]
