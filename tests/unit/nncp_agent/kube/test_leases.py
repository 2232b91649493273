"""When a lease is over, by nobody's clock but our own."""

from __future__ import annotations

from typing import Any

from nncp_agent.kube.lease import Freshness


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def lease(renewed: str, name: str = "slot", uid: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid}, "spec": {"leaseDurationSeconds": 30, "renewTime": renewed}}


def test_a_lease_is_over_when_it_was_not_renewed_for_its_duration() -> None:
    freshness = Freshness(clock := Clock())
    assert not freshness.expired(lease("a"))
    clock.now += 29
    assert not freshness.expired(lease("a"))
    clock.now += 1
    assert freshness.expired(lease("a"))


def test_a_renewal_counts_whatever_time_it_says() -> None:
    freshness = Freshness(clock := Clock())
    freshness.expired(lease("2026-01-01T00:00:00.000000Z"))
    clock.now += 29
    assert not freshness.expired(lease("1999-01-01T00:00:00.000000Z"))
    clock.now += 29
    assert not freshness.expired(lease("1999-01-01T00:00:00.000000Z"))


def test_a_lease_that_says_no_time_is_over_as_well() -> None:
    freshness = Freshness(clock := Clock())
    assert not freshness.expired(lease(""))
    clock.now += 30
    assert freshness.expired(lease(""))


def test_another_lease_of_the_same_name_starts_anew() -> None:
    freshness = Freshness(clock := Clock())
    freshness.expired(lease("a"))
    clock.now += 30
    assert not freshness.expired(lease("a", uid="2"))
    assert freshness.expired(lease("a"))
    freshness.forget_all_but((lease("a", uid="2"),))
    assert not freshness.expired(lease("a"))
