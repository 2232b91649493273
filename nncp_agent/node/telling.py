"""Tells what became of policies: enactments when they say something new, and an event for each phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from netkernel.frozen import replace
from nncp_agent.node.doors import Reports, ThisNode
from nncp_agent.objects import conditions as rows
from nncp_agent.objects import enactment as enactments
from nncp_agent.objects.conditions import CONFLICT, DRIFTED, TRUE
from nncp_agent.objects.enactment import Told
from nncp_agent.objects.policy import Policy

_EVENTS: Final = {
    rows.PROGRESSING: ("Normal", "Applying"),
    rows.AVAILABLE: ("Normal", "Applied"),
    rows.RETRYING: ("Warning", "Retrying"),
    rows.FAILED: ("Warning", "ReconcileFailed"),
    rows.ABORTED: ("Warning", "ReconcileFailed"),
    rows.PENDING: ("Normal", "Waiting"),
}


class Telling:
    """`now` is the time of day in seconds."""

    def __init__(self, reports: Reports, now: Callable[[], float]) -> None:
        self._reports = reports
        self._now = now
        self._timings: dict[str, tuple[int, Mapping[str, float]]] = {}

    def timed(self, policy: Policy, seconds: Mapping[str, float]) -> None:
        """How long each phase of an apply took, for what is told from now on of this generation."""
        self._timings[policy.name] = (policy.generation, seconds)

    def tell(self, policy: Policy, told: Told, node: ThisNode) -> None:
        """Say it, if that is news."""
        old = self._reports.enactments().get(policy.name)
        told = replace(told, timings=self._timings_of(policy, old))
        new = enactments.enactment(node.name, node.uid, policy, told, self._time(), old)
        if old is not None and enactments.says_the_same(old, new):
            return
        self._reports.tell(new)
        self._events(policy, told, old)

    def _timings_of(self, policy: Policy, old: Mapping[str, Any] | None) -> Mapping[str, float] | None:
        generation, seconds = self._timings.get(policy.name, (0, {}))
        if generation == policy.generation:
            return seconds
        if old is None or enactments.generation_of(old) != policy.generation:
            return None
        found: Mapping[str, float] | None = (old.get("status") or {}).get("timings")
        return found

    def forget(self, policy: str) -> None:
        self._reports.forget(policy)

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        self._reports.event(policy, kind, reason, message)

    def _events(self, policy: Policy, told: Told, old: Mapping[str, Any] | None) -> None:
        if enactments.row_of(old, policy.generation) != told.row or (told.row is rows.PENDING and _is_other(told, old)):
            kind, reason = _EVENTS[told.row]
            self._reports.event(policy.name, kind, reason, told.message or told.row.message)
        before = enactments.conditions_of(old) if old is not None else ()
        for type_, words in ((DRIFTED, told.drifted), (CONFLICT, told.conflict)):
            if words and rows.status(before, type_) != TRUE:
                self._reports.event(policy.name, "Warning", type_, words)

    def _time(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_other(told: Told, old: Mapping[str, Any] | None) -> bool:
    return old is None or enactments.message_of(old) != (told.message or told.row.message)
