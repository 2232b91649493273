"""What the watchdog does about what it sees. Pure."""

from __future__ import annotations

from enum import Enum, auto

from nncp_agent.checkpoint import Checkpoint


class Verdict(Enum):
    LEAVE = auto()  # committed, rolled back or replaced: no longer ours
    WAIT = auto()  # until something happens, or until the deadline
    ROLL_BACK = auto()
    SEIZE = auto()  # the applying process hangs far beyond every deadline of its own: end it, then roll back


def verdict(found: Checkpoint | None, mine: str, committed_by: str, applier_lives: bool, now_s: float) -> Verdict:
    """About the checkpoint `mine`, with `found` in the store. Times are of CLOCK_BOOTTIME."""
    if found is None or found.id != mine or committed_by == mine:
        return Verdict.LEAVE
    overdue = now_s >= found.deadline_s
    if found.stage == "pending":
        return Verdict.ROLL_BACK if overdue else Verdict.WAIT
    if not applier_lives:
        return Verdict.ROLL_BACK
    return Verdict.SEIZE if overdue else Verdict.WAIT
