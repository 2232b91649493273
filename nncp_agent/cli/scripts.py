"""Dispatch scripts around an apply: which were there before, and those that are due after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nncp_agent import notes, shown
from nncp_agent.cli.call import Call
from nncp_agent.shown import Note

if TYPE_CHECKING:
    from netkernel.transaction import Kernel
    from nncp_agent.options import Outcome


def remembered(call: Call, kernel: Kernel) -> Mapping[str, Note]:
    """What is committed of each interface, by the kernel's names. Raises StoreBroken."""
    found = notes.read(call.state_directory())
    if not any(note.dispatch and note.identity[0] for note in found.values()):
        return found
    return shown.by_kernel_name(kernel.snapshot(), found)  # some are known by something else than a name


def run_new(call: Call, before: Mapping[str, Note]) -> None:
    """Run those that a commit made, which could not be remembered while it was waited for. Raises StoreBroken."""
    after = notes.read(call.state_directory())
    if any(note.dispatch for note in after.values()):
        from nncp_agent import dispatch  # late: hardly anybody has scripts

        dispatch.run(dispatch.due((), before, after), call.warn)


def run(call: Call, kernel: Kernel, outcome: Outcome, before: Mapping[str, Note]) -> None:
    """Run what is due. A change that waits for its commit is not remembered yet: see `run_new`."""
    after = remembered(call, kernel)
    if not any(note.dispatch for note in (*before.values(), *after.values())):
        return
    from nncp_agent import dispatch  # late: hardly anybody has scripts

    dispatch.run(dispatch.due(outcome.ops, before, after), call.warn)
