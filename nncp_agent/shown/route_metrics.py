"""What a route tells the TCP connections that take it: `mtu`, `cwnd` …; RTA_METRICS of linux/rtnetlink.h."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netkernel.typed import Final

Metrics = tuple[tuple[str, int], ...]
"""Field of a model's RouteEntry and value, only those that say something, in the order of `NUMBERS`."""

LOCK: Final = 1
"""RTAX_LOCK: a bit for each number whose value nobody else may change."""
NUMBERS: Final[Mapping[str, int]] = {
    "mtu": 2, "cwnd": 7, "advmss": 8, "initcwnd": 11, "initrwnd": 14, "quickack": 15,
}  # fmt: skip
"""RTAX_ numbers."""
LOCKS: Final[Mapping[str, int]] = {"cwnd": 7, "lock_mtu": 2}
"""Fields that set a lock bit. The kernel heeds a cwnd only under lock; one without counts as none (nmstate.md 4.2)."""


def read(numbers: tuple[tuple[int, int], ...]) -> Metrics:
    """RTAX_ numbers and values in a policy's words."""
    return tuple(_words(dict(numbers))) if numbers else ()


def _words(numbers: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    locks = numbers.get(LOCK, 0)
    for field, number in NUMBERS.items():
        if (value := numbers.get(number, 0)) and (field != "cwnd" or locks & 1 << number):
            yield field, value
    if locks & 1 << LOCKS["lock_mtu"]:
        yield "lock_mtu", 1
