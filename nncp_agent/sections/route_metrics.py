"""What a policy's route tells the TCP connections that take it, and how the kernel keeps it (see `shown`)."""

from __future__ import annotations

from typing import Final

from nncp_agent.model import RouteEntry
from nncp_agent.shown.route_metrics import LOCK, LOCKS, NUMBERS, Metrics

_FIELDS: Final = (*NUMBERS, "lock_mtu")


def stated(entry: RouteEntry) -> Metrics:
    """What a policy's route asks for."""
    return tuple((field, int(value)) for field in _FIELDS if (value := getattr(entry, field)))


def matches(pattern: RouteEntry, metrics: Metrics) -> bool:
    """Whether an absent entry means a route with these: what it does not state matches anything."""
    found = dict(metrics)
    return all(int(value) == found.get(field, 0) for field in _FIELDS if (value := getattr(pattern, field)) is not None)


def write(metrics: Metrics) -> tuple[tuple[int, int], ...]:
    """As the kernel dumps them: by number, the locks first."""
    locks = sum(1 << LOCKS[field] for field, _ in metrics if field in LOCKS)
    values = sorted((NUMBERS[field], value) for field, value in metrics if field in NUMBERS)
    return ((LOCK, locks), *values) if locks else tuple(values)
