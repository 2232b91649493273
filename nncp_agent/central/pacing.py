"""When a policy's status is worth a write: at once when it says another thing, in steps when it only counts.

A rollout over five thousand nodes changes its counts five thousand times, and everybody who watches the policy, each
node among them, is sent every one.
"""

from __future__ import annotations

from typing import Final

from netkernel.frozen import Frozen
from nncp_agent.objects.policy_status import Summary

STEPS: Final = 20
"""Of counting, in one generation."""
STEP_S: Final = 1.0
QUIET_S: Final = 30.0
"""A count that is no step is told all the same when nothing else was for so long."""


class Written(Frozen):
    """What was written, and when on the writer's clock."""

    told: Summary
    at_s: float


def due_s(written: Written | None, told: Summary, now_s: float) -> float:
    """When what differs from what stands there may be written, on the writer's clock."""
    if written is None or _leads(written.told) != _leads(told):
        return now_s
    return written.at_s + (QUIET_S if _step(written.told) == _step(told) else STEP_S)


def _leads(told: Summary) -> tuple[object, ...]:
    return told.generation, told.row.name, bool(told.aborted)


def _step(told: Summary) -> int:
    return told.finished * STEPS // max(told.ready, 1)
