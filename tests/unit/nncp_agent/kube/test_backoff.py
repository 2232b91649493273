"""Pauses between tries."""

from __future__ import annotations

import pytest

from nncp_agent.kube import errors
from nncp_agent.kube.backoff import Backoff
from nncp_agent.kube.resources import LEASES, NODES, POLICIES


def test_pauses_double_up_to_the_longest_and_begin_anew_when_it_worked() -> None:
    backoff = Backoff(1, 6, chance=lambda: 1.0)
    assert [backoff.pause_s() for _ in range(5)] == [1, 2, 4, 6, 6]
    backoff.reset()
    assert backoff.pause_s() == 1


def test_half_of_a_pause_is_chance() -> None:
    assert (Backoff(4, 8, lambda: 0.0).pause_s(), Backoff(4, 8, lambda: 1.0).pause_s()) == (2, 4)


def test_who_wants_to_be_left_alone_longer_is() -> None:
    assert Backoff(1, 8, chance=lambda: 0.5).pause_s(at_least_s=7) == 7.25


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (404, {}, errors.NotFound),
        (409, {"reason": "AlreadyExists"}, errors.AlreadyExists),
        (409, {"reason": "Conflict"}, errors.Conflict),
        (410, {"reason": "Expired"}, errors.Gone),
        (422, {}, errors.Invalid),
        (504, {"details": {"retryAfterSeconds": 3}}, errors.Unavailable),
        (418, {}, errors.ApiError),
    ],
)
def test_each_refusal_is_an_error_of_its_own(code: int, status: dict[str, object], kind: type) -> None:
    made = errors.of(code, status)
    assert type(made) is kind
    assert made.code == code
    assert made.retry_after_s == (3 if "details" in status else 0)


def test_where_resources_stand() -> None:
    assert NODES.path("a/b") == "/api/v1/nodes/a%2Fb"
    assert LEASES.path("x", "ns") == "/apis/coordination.k8s.io/v1/namespaces/ns/leases/x"
    assert LEASES.path() == "/apis/coordination.k8s.io/v1/leases"
    assert POLICIES.path("p", subresource="status").endswith("nodenetworkconfigurationpolicies/p/status")
