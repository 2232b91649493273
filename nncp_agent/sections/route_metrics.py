"""What a route tells the TCP connections that take it: `mtu`, `cwnd` …; RTA_METRICS of linux/rtnetlink.h."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nncp_agent.model import RouteEntry

Metrics = tuple[tuple[str, int], ...]
"""Field of RouteEntry and value, only those that say something, in the order of `_NUMBERS`."""

_LOCK: Final = 1
"""RTAX_LOCK: a bit for each number whose value nobody else may change."""
_NUMBERS: Final[Mapping[str, int]] = {
    "mtu": 2, "cwnd": 7, "advmss": 8, "initcwnd": 11, "initrwnd": 14, "quickack": 15,
}  # fmt: skip
"""RTAX_ numbers."""
_LOCKS: Final[Mapping[str, int]] = {"cwnd": 7, "lock_mtu": 2}
"""Fields that set a lock bit. The kernel heeds a cwnd only under lock; one without counts as none (nmstate.md 4.2)."""
_FIELDS: Final = (*_NUMBERS, "lock_mtu")


def stated(entry: RouteEntry) -> Metrics:
    """What a policy's route asks for."""
    return tuple((field, int(value)) for field in _FIELDS if (value := getattr(entry, field)))


def matches(pattern: RouteEntry, metrics: Metrics) -> bool:
    """Whether an absent entry means a route with these: what it does not state matches anything."""
    found = dict(metrics)
    return all(int(value) == found.get(field, 0) for field in _FIELDS if (value := getattr(pattern, field)) is not None)


def read(numbers: tuple[tuple[int, int], ...]) -> Metrics:
    """RTAX_ numbers and values in a policy's words."""
    return tuple(_words(dict(numbers)))


def write(metrics: Metrics) -> tuple[tuple[int, int], ...]:
    """As the kernel dumps them: by number, the locks first."""
    locks = sum(1 << _LOCKS[field] for field, _ in metrics if field in _LOCKS)
    values = sorted((_NUMBERS[field], value) for field, value in metrics if field in _NUMBERS)
    return ((_LOCK, locks), *values) if locks else tuple(values)


def fields(metrics: Metrics) -> dict[str, Any]:
    """Arguments of RouteEntry."""
    return {field: bool(value) if field in ("quickack", "lock_mtu") else value for field, value in metrics}


def _words(numbers: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    locks = numbers.get(_LOCK, 0)
    for field, number in _NUMBERS.items():
        if (value := numbers.get(number, 0)) and (field != "cwnd" or locks & 1 << number):
            yield field, value
    if locks & 1 << _LOCKS["lock_mtu"]:
        yield "lock_mtu", 1
