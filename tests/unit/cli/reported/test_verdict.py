"""When a wait for a policy is over."""

from __future__ import annotations

from typing import Any

import pytest

from nncp_agent.cli.reported.verdict import End, verdict
from nncp_agent.objects.conditions import (
    AVAILABLE,
    FAILED,
    POLICY_AVAILABLE,
    POLICY_DEGRADED,
    POLICY_IGNORED,
    POLICY_PROGRESSING,
)
from tests.unit.cli.reported.objects import policy, report


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        (policy("p"), End.NOT_YET),
        (policy("p", POLICY_PROGRESSING), End.NOT_YET),
        (policy("p", POLICY_AVAILABLE), End.WELL),
        (policy("p", POLICY_DEGRADED), End.BADLY),
        (policy("p", POLICY_IGNORED), End.BADLY),
        (policy("p", POLICY_AVAILABLE, generation=2, observed=1), End.NOT_YET),
        (policy("p", POLICY_DEGRADED, generation=2, observed=1), End.NOT_YET),
        (policy("p", POLICY_AVAILABLE, paused=True), End.NOT_YET),
    ],
)
def test_only_what_is_said_of_the_policy_as_it_is_ends_a_wait(asked: Any, end: End) -> None:
    assert verdict(asked, ()).end is end


def test_a_server_that_is_behind_does_not_end_a_wait_for_a_newer_generation() -> None:
    assert verdict(policy("p", POLICY_AVAILABLE), (), generation=2).end is End.NOT_YET
    assert verdict(policy("p", POLICY_AVAILABLE, generation=3, observed=3), (), generation=2).end is End.WELL


def test_each_node_that_failed_with_this_generation_has_a_line() -> None:
    reports = [
        report("b", "p", FAILED, "no eth9", generation=2),
        report("a", "p", FAILED, "no eth8", generation=2),
        report("c", "p", FAILED, "old news", generation=1),
        report("d", "p", AVAILABLE, generation=2),
        report("e", "other", FAILED, generation=2),
    ]
    found = verdict(policy("p", POLICY_DEGRADED, "2/4 nodes failed to configure", generation=2, observed=2), reports)
    assert found.failures == ("a: no eth8", "b: no eth9")
    assert found.line == "p: Degraded: 2/4 nodes failed to configure"
