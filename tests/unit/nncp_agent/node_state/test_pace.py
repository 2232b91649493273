"""When a host is looked at: soon, once for many changes, and never so often that it costs much."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nncp_agent.node_state.pace import AGAIN_S, BEAT_S, CEILING_S, LONGEST_REST_S, QUIET_S, REST, Pace

SLACK_S = 1e-6
GAPS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=80)


def looks(gaps: list[float], took_s: float) -> tuple[list[float], list[float]]:
    """When something came, and when was looked, by a clock that only runs while one waits or looks."""
    pace, now, came = Pace(0.0), 0.0, []
    for gap in gaps:
        came.append((came[-1] if came else 0.0) + gap)
    left, looked = list(came), []
    while left or not pace.listens(now):
        while left and left[0] <= now:
            left.pop(0)
            pace.heard(now)
        if pace.is_due(now):
            looked.append(now)
            now += took_s
            pace.looked(now, took_s)
            continue
        wait_s = pace.wait_s(now)
        if pace.listens(now) and left:
            wait_s = min(wait_s, left[0] - now)
        if pace.beat_is_due(now):
            pace.beaten(now)
        now += max(wait_s, SLACK_S)
    return came, looked


@given(GAPS, st.floats(0.0, 0.2))
def test_whatever_comes_is_seen_by_a_look_that_begins_soon_after_it(gaps: list[float], took_s: float) -> None:
    came, looked = looks(gaps, took_s)
    rest_s = took_s + min(took_s * REST, LONGEST_REST_S)
    for moment in came:
        after = [each for each in looked if each >= moment]
        assert after and after[0] - moment <= rest_s + CEILING_S + 0.01


@given(GAPS, st.floats(0.0, 0.2))
def test_a_storm_costs_a_share_of_one_processor(gaps: list[float], took_s: float) -> None:
    _, looked = looks(gaps, took_s)
    for one, next_one in pairwise(looked):
        assert next_one - one >= 5 * took_s - SLACK_S, "a fifth"
        assert next_one - one >= QUIET_S - SLACK_S


def test_a_burst_is_one_look() -> None:
    _, looked = looks([0.0, *[0.001] * 30], 0.01)
    assert len(looked) == 1


def test_who_asks_does_not_wait_for_quiet() -> None:
    pace = Pace(0.0)
    pace.asked(7.0)
    assert pace.is_due(7.0)


def test_a_look_that_failed_is_made_again_ever_later() -> None:
    pace, now, pauses = Pace(0.0), 0.0, []
    for _ in range(5):
        pace.failed(now)
        pauses.append(pace.wait_s(now))
        assert pace.is_due(now + AGAIN_S[-1])
        assert not pace.is_due(now + AGAIN_S[0] / 2)
        now += 100
        pace.beaten(now)
    assert pauses == [0.5, 2.0, 10.0, BEAT_S, BEAT_S], "it is beaten meanwhile"
    pace.looked(now, 0.0)
    pace.failed(now)
    assert pace.wait_s(now) == AGAIN_S[0]


def test_while_nothing_happens_there_is_a_beat_now_and_then_and_no_look() -> None:
    pace = Pace(0.0)
    assert pace.listens(0.0) and pace.wait_s(0.0) == BEAT_S
    assert pace.beat_is_due(BEAT_S) and not pace.is_due(BEAT_S)
    pace.beaten(BEAT_S)
    assert pace.wait_s(BEAT_S) == BEAT_S
