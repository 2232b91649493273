"""What an enactment says that the one before did not: what is worth counting. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.objects.conditions import FAILED, PROGRESSING, RETRYING, TRUE
from nncp_agent.objects.enactment import conditions_of, generation_of, message_of, row_of

_UNREACHABLE: Final = "no longer reachable: "
"""How an apply begins to say that checks failed (errors.Unreachable)."""


class News(Frozen):
    """`timings` are seconds by phase of an apply that was not told of before."""

    timings: Mapping[str, float] = {}
    rollbacks: int = 0
    failed_checks: int = 0


def of(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> News:
    """What is new. An apply that fails was under way before, and is taken back."""
    generation = generation_of(new)
    row, before = row_of(new, generation), row_of(old, generation)
    timings = (new.get("status") or {}).get("timings") or {}
    if timings == ((old or {}).get("status") or {}).get("timings"):
        timings = {}
    is_rollback = row in (FAILED, RETRYING) and before == PROGRESSING
    message = message_of(new)
    failed = message.partition(_UNREACHABLE)[2]
    return News(timings, int(is_rollback), failed.count("; ") + 1 if is_rollback and failed else 0)


def statuses(enactments: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many have each condition."""
    return Counter(
        str(each.get("type")) for found in enactments for each in conditions_of(found) if each.get("status") == TRUE
    )
