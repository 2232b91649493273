"""The metrics of one node, for Prometheus: what the parts of its daemon tell, counted.

Nobody who counts nothing pays: the parts are given somebody to tell only where metrics are asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nncp_agent.metrics import news

_PHASES_S: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120)
_CALLS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_COMMANDS: Final = ("ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION")
_ENACTMENTS: Final = ("Available", "Failing", "Progressing", "Pending", "Aborted", "Drifted", "Conflict")


class NodeMetrics:
    """For any thread. `now` is the time of day in seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector  # late: 10 MB

        self._now = now
        self._lock = threading.Lock()
        self._enactments: dict[str, Mapping[str, Any]] = {}
        self._collided: set[str] = set()
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._phases = Histogram(
            "nncp_apply_phase_seconds", "Phases of applies.", ["phase"], buckets=_PHASES_S, registry=registry
        )
        self._events = Counter(
            "nncp_policy_events", "What became of policies, by the event told of it.", ["reason"], registry=registry
        )
        self._rollbacks = Counter("nncp_rollbacks", "Applies that failed and were taken back.", registry=registry)
        self._checks = Counter("nncp_failed_checks", "What answered before an apply and not after.", registry=registry)
        self._status = Gauge(
            "nncp_enactments", "Enactments of this node by the condition that is true.", ["status"], registry=registry
        )
        self._differences = Gauge(
            "nncp_drift_differences", "Fields in which the host differs from a policy.", ["policy"], registry=registry
        )
        self._calls = Histogram(
            "nncp_cni_seconds",
            "Calls of CNI plugins, while they are done.",
            ["plugin", "command", "result"],
            buckets=_CALLS_S,
            registry=registry,
        )
        self._looked = Gauge(
            "nncp_state_checked_timestamp_seconds",
            "When the host was last known to be as published.",
            registry=registry,
        )
        self._published = Gauge(
            "nncp_state_changed_timestamp_seconds", "When its state was last published.", registry=registry
        )
        self._writes = Counter("nncp_state_writes", "How often its state was published.", registry=registry)
        self._failing = Gauge("nncp_state_failing", "1 while the host cannot be looked at.", registry=registry)
        self._truncated = Gauge(
            "nncp_state_truncated", "1 while its state is too large for all of it.", registry=registry
        )
        self._problems = Gauge("nncp_network_problems", "Bonds and bridges without carrier.", registry=registry)
        self._collisions = Gauge(
            "nncp_mac_collisions", "Who has this MAC address, beside others.", ["mac"], registry=registry
        )
        for status in _ENACTMENTS:
            self._status.labels(status)

    def text(self) -> str:
        """As Prometheus scrapes it (text format 0.0.4)."""
        from prometheus_client import generate_latest  # late, as above

        return generate_latest(self.registry).decode()

    def knew(self, policy: str, enactment: Mapping[str, Any]) -> None:
        """What was said before this process began, and counted by that one."""
        with self._lock:
            self._enactments[policy] = enactment
        self._count()

    def told(self, policy: str, enactment: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
        """What is said of a policy from now on; `before` is what stood there, maybe of an earlier process."""
        with self._lock:
            found = news.of(self._enactments.get(policy) or before, enactment)
            self._enactments[policy] = enactment
        for phase, seconds in found.timings.items():
            self._phases.labels(phase).observe(seconds)
        self._rollbacks.inc(found.rollbacks)
        self._checks.inc(found.failed_checks)
        self._differences.labels(policy).set(len((enactment.get("status") or {}).get("differences") or ()))
        self._count()

    def forgot(self, policy: str) -> None:
        with self._lock:
            known = self._enactments.pop(policy, None)
        if known is not None:
            self._differences.remove(policy)
            self._count()

    def event(self, reason: str) -> None:
        self._events.labels(reason).inc()

    def _count(self) -> None:
        with self._lock:
            counts = news.statuses(self._enactments.values())
        for status in _ENACTMENTS:
            self._status.labels(status).set(counts[status])

    def published(self, state: Mapping[str, Any]) -> None:
        conditions = (state.get("status") or {}).get("conditions") or ()
        true = {each.get("type") for each in conditions if each.get("status") == "True"}
        self._writes.inc()
        self._failing.set("Failing" in true)
        self._truncated.set("Truncated" in true)
        self._published.set(self._now())
        self.checked()

    def checked(self) -> None:
        self._looked.set(self._now())

    def problems(self, found: Sequence[str]) -> None:
        self._problems.set(len(found))

    def collided(self, holders: Mapping[str, int]) -> None:
        """By MAC address, how many have it."""
        with self._lock:
            gone, self._collided = self._collided - holders.keys(), set(holders)
        for mac in gone:
            self._collisions.remove(mac)
        for mac, count in holders.items():
            self._collisions.labels(mac).set(count)

    def called(self, plugin: str, command: str, status: int, seconds: float) -> None:
        """A call of a CNI plugin; `status` is that of its process, 0 for well."""
        self._calls.labels(plugin, command if command in _COMMANDS else "other", "error" if status else "ok").observe(
            seconds
        )
