"""Doors of the daemon's parts that also count what goes through them, where somebody wants metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from netkernel.host import Host
from nncp_agent.daemon import Part
from nncp_agent.metrics.node import NodeMetrics
from nncp_agent.node.doors import Reports
from nncp_agent.node_state.doors import Publisher
from nncp_agent.objects import node_status
from nncp_agent.objects.enactment import policy_of
from nncp_agent.objects.mac_collisions import Collision
from nncp_agent.objects.node_state import About

PATIENCE_S: Final = 5.0


class CountingReports:
    """Implements `Reports`."""

    def __init__(self, reports: Reports, metrics: NodeMetrics) -> None:
        self._reports = reports
        self._metrics = metrics
        for policy, enactment in reports.enactments().items():
            metrics.knew(policy, enactment)

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        return self._reports.enactments()

    def tell(self, enactment: dict[str, Any]) -> None:
        policy = policy_of(enactment)
        before = self._reports.enactments().get(policy)
        self._reports.tell(enactment)
        self._metrics.told(policy, enactment, before)

    def forget(self, policy: str) -> None:
        self._reports.forget(policy)
        self._metrics.forgot(policy)

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        self._reports.event(policy, kind, reason, message)
        self._metrics.event(reason)


class CountingPublisher:
    """Implements `Publisher`, and is a listener."""

    def __init__(self, publisher: Publisher, metrics: NodeMetrics) -> None:
        self._publisher = publisher
        self._metrics = metrics

    def start(self, refresh: Callable[[], None]) -> None:
        self._publisher.start(refresh)

    def stop(self) -> None:
        self._publisher.stop()

    def about(self) -> About | None:
        return self._publisher.about()

    def published(self) -> Mapping[str, Any] | None:
        return self._publisher.published()

    def tell(self, state: dict[str, Any]) -> None:
        self._publisher.tell(state)
        self._metrics.published(state)

    def beat(self) -> None:
        self._publisher.beat()
        self._metrics.checked()

    def seen(self, host: Host) -> None:
        self._metrics.problems(node_status.problems(host))


def collisions(metrics: NodeMetrics) -> Callable[[Sequence[Collision]], None]:
    """What counts MAC addresses that two have."""
    return lambda found: metrics.collided({each.mac: len(each.uses) for each in found})


class Liveness:
    """Whether parts come round when they are asked to, as far as can be known from one question to the next.

    For any thread. `clock` is in seconds.
    """

    def __init__(self, parts: Sequence[Part], clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = [(part.looks(), clock()) for part in parts]

    def is_alive(self) -> bool:
        """False when one has not come round since it was asked to, longer than PATIENCE_S ago."""
        with self._lock:
            now = self._clock()
            looks = [part.looks() for part in self._parts]
            self._seen = [
                (number, since if number == before else now)
                for number, (before, since) in zip(looks, self._seen, strict=True)
            ]
            return all(now - since <= PATIENCE_S for _, since in self._seen)
