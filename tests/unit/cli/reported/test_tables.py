"""Tables of policies, enactments and nodes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nncp_agent.cli.reported import tables
from nncp_agent.cli.terminal import Style
from nncp_agent.objects.conditions import AVAILABLE, FAILED, POLICY_AVAILABLE, POLICY_DEGRADED
from tests.unit.cli.reported.objects import node, policy, report, state

NOW = datetime(2026, 11, 25, 12, 5, tzinfo=UTC)
PLAIN = Style()


def lines(text: str) -> list[list[str]]:
    return [line.split("  ") for line in text.splitlines()]


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-11-25T12:04:15Z", "45s"),
        ("2026-11-25T12:03:01Z", "119s"),
        ("2026-11-25T12:03:00Z", "2m"),
        ("2026-11-25T10:05:00.000000Z", "2h"),
        ("2026-11-23T12:04:00Z", "2d"),
        ("2026-11-25T13:00:00Z", "0s"),
        (None, ""),
        ("soon", ""),
    ],
)
def test_an_age_is_as_kubectl_says_it_and_never_negative(time: object, said: str) -> None:
    assert tables.age(time, NOW) == said


def test_policies_have_the_words_of_their_leading_condition() -> None:
    done = policy("bond1", POLICY_AVAILABLE, "3/3 nodes successfully configured")
    failed = policy("br1", POLICY_DEGRADED, "1/3 nodes failed to configure", paused=True)
    text = tables.policies([done, failed, policy("new")], NOW, PLAIN)
    assert text == (
        "NAME   STATUS             REASON                  AGE  MESSAGE\n"
        "bond1  Available          SuccessfullyConfigured  2h   3/3 nodes successfully configured\n"
        "br1    Degraded (paused)  FailedToConfigure       2h   1/3 nodes failed to configure\n"
        "new                                               2h\n"
    )


def test_what_was_said_before_an_edit_is_no_status_of_it() -> None:
    edited = policy("bond1", POLICY_AVAILABLE, generation=2, observed=1)
    assert "Available" not in tables.policies([edited], NOW, PLAIN)


def test_enactments_stand_by_node_and_say_what_is_so_beside_their_status() -> None:
    reports = [
        report("worker-2", "bond1", FAILED, "bond1: the kernel refused"),
        report("worker-1", "bond1", AVAILABLE, drifted="eth2 is down"),
    ]
    assert tables.enactments(reports, NOW, PLAIN) == (
        "NODE      POLICY  STATUS     REASON                  SINCE  ALSO     MESSAGE\n"
        "worker-1  bond1   Available  SuccessfullyConfigured  5m     Drifted  successfully reconciled\n"
        "worker-2  bond1   Failing    FailedToConfigure       5m              bond1: the kernel refused\n"
    )


def test_nodes_say_who_is_ready_alive_and_failing() -> None:
    nodes = [node("a", **{"bridge.network.kubevirt.io/br1": "1k"}), node("b", "False"), node("c", "Unknown"), node("d")]
    reports = [report("a", "p", AVAILABLE), report("a", "q", FAILED), report("b", "p", AVAILABLE)]
    beats = {"a": "2026-11-25T12:04:55.000000Z", "b": "2026-11-25T12:01:00.000000Z"}
    text = tables.nodes(nodes, [state("a", "eth0", "lo"), state("c")], reports, beats, NOW, PLAIN)
    assert text == (
        "NAME  READY  AGENT              POLICIES  FAILING  INTERFACES  STATE CHANGED  BRIDGES\n"
        "a     yes    alive              1/2       q        2           5m             br1\n"
        "b     no     no, silent for 4m  1/1\n"
        "c                                                  0           5m\n"
        "d     yes    none\n"
    )


def test_a_narrow_terminal_loses_messages_first() -> None:
    text = tables.policies([policy("bond1", POLICY_AVAILABLE, "x" * 90)], NOW, Style(columns=60))
    assert "MESSAGE" not in text
    assert "SuccessfullyConfigured" in text
