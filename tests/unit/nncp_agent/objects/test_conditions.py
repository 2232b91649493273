"""Conditions are those of kubernetes-nmstate: every row of its table, and what kubectl makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncp_agent.objects import conditions as c

LETTERS = {"T": "True", "F": "False", "U": "Unknown"}
TABLE = [
    # row, Available Failing Progressing Pending Aborted, reason, message
    (c.PENDING, "F F F T F", "MaxUnavailableLimitReached", "Waiting for progressing nodes to finish"),
    (c.PROGRESSING, "U U T F F", "ConfigurationProgressing", "Applying desired state"),
    (c.RETRYING, "F T T F F", "Retrying", ""),
    (c.FAILED, "F T F F F", "FailedToConfigure", ""),
    (c.ABORTED, "F F F F T", "ConfigurationAborted", ""),
    (c.AVAILABLE, "T F F F F", "SuccessfullyConfigured", "successfully reconciled"),
]
POLICY_TABLE = [
    # row, Available Degraded Progressing Ignored, reason
    (c.POLICY_IGNORED, "F F F T", "NoMatchingNode"),
    (c.POLICY_DEGRADED, "F T F F", "FailedToConfigure"),
    (c.POLICY_PROGRESSING, "U U T F", "ConfigurationProgressing"),
    (c.POLICY_AVAILABLE, "T F F F", "SuccessfullyConfigured"),
]
ROWS = st.sampled_from([*c.ROWS, *c.POLICY_ROWS])
NOW = "2026-01-02T03:04:05Z"


def by_type(made: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in made}


@pytest.mark.parametrize(("row", "letters", "reason", "message"), TABLE, ids=[row.name for row, *_ in TABLE])
def test_an_enactments_row_is_that_of_the_table(row: c.Row, letters: str, reason: str, message: str) -> None:
    made = c.conditions(row, "", NOW)
    assert [each["type"] for each in made] == ["Available", "Failing", "Progressing", "Pending", "Aborted"]
    assert [each["status"] for each in made] == [LETTERS[each] for each in letters.split()]
    assert {each["reason"] for each in made} == {reason}
    assert all(each.get("message", "") == message for each in made if each["status"] == "True")


@pytest.mark.parametrize(("row", "letters", "reason"), POLICY_TABLE, ids=[row.name for row, *_ in POLICY_TABLE])
def test_a_policys_row_is_that_of_the_table(row: c.Row, letters: str, reason: str) -> None:
    made = c.conditions(row, "so it is", NOW)
    assert [each["type"] for each in made] == ["Available", "Degraded", "Progressing", "Ignored"]
    assert [each["status"] for each in made] == [LETTERS[each] for each in letters.split()]
    assert {each["reason"] for each in made} == {reason}
    assert [each["message"] for each in made if each["status"] == "True"] == ["so it is"]


def test_a_pending_enactment_tells_why_beside_progressing_too() -> None:
    made = by_type(c.conditions(c.PENDING, "waiting for bond1 (no policy provides it)", NOW))
    assert made["Progressing"]["message"] == made["Pending"]["message"] == "waiting for bond1 (no policy provides it)"
    assert "message" not in made["Available"]


@given(ROWS, st.text(max_size=5), st.text(max_size=5))
def test_kubectl_shows_the_rows_own_state_whatever_drifts_or_conflicts(row: c.Row, drifted: str, conflict: str) -> None:
    made = c.conditions(row, "", NOW, drifted=drifted, conflict=conflict)
    plain = c.conditions(row, "", NOW)
    assert c.leading(made) == c.leading(plain) != ""
    assert made[: len(plain)] == plain
    true = [each["type"] for each in plain if each["status"] == "True"]
    assert len(true) == 1 or true == ["Failing", "Progressing"] == true[: 2 * (row is c.RETRYING)]


@given(st.lists(st.tuples(st.sampled_from(c.ROWS), st.booleans()), min_size=1, max_size=12))
def test_a_transition_is_when_a_status_was_another_before_and_a_heartbeat_is_always_now(steps: list[Any]) -> None:
    stands: list[dict[str, Any]] = []
    for second, (row, drifts) in enumerate(steps):
        now = f"2026-01-02T03:04:{second:02}Z"
        before, stands = by_type(stands), c.conditions(row, "", now, stands, drifted="mtu" if drifts else "")
        for each in stands:
            old = before.get(each["type"])
            assert each["lastHeartbeatTime"] == now
            if old is None or old["status"] != each["status"]:
                assert each["lastTransitionTime"] == now
            else:
                assert each["lastTransitionTime"] == old["lastTransitionTime"] < now


def test_what_drifted_once_says_that_it_no_longer_does() -> None:
    drifted = c.conditions(c.AVAILABLE, "", NOW, drifted="bond1: mtu is 1500, wanted 9000")
    assert drifted[-1]["type"] == "Drifted" and drifted[-1]["status"] == "True"
    settled = c.conditions(c.AVAILABLE, "", NOW, drifted)
    assert (settled[-1]["status"], settled[-1]["reason"], "message" in settled[-1]) == ("False", "NoDrifted", False)
    assert [each["type"] for each in c.conditions(c.AVAILABLE, "", NOW)] == [*c.ENACTMENT_TYPES]


@given(st.sampled_from(c.ROWS), st.booleans())
def test_a_row_is_read_back_whoever_wrote_it_and_whatever_drifts(row: c.Row, drifts: bool) -> None:
    assert c.row_of(c.conditions(row, "any", NOW, drifted="x" if drifts else "")) is row


@pytest.mark.parametrize("strange", [[], [{"type": "Available"}], [{"type": "Available", "status": "maybe"}]])
def test_conditions_of_no_row_say_nothing(strange: list[dict[str, Any]]) -> None:
    assert c.row_of(strange) is c.UNSAID
