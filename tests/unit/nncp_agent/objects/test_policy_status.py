"""The status of a policy: kubernetes-nmstate's rules in its order, and what is added to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.frozen import replace
from nncp_agent.objects.conditions import leading
from nncp_agent.objects.members import Member
from nncp_agent.objects.policy_status import Summary, names, says_the_same, status, summary
from tests.unit.nncp_agent.objects.worlds import NOW, ROWS, a_policy, nodes, said, says

LATER = "2026-01-02T03:05:06Z"


def of(count: int, enactments: Mapping[str, Any], **fields: Any) -> Summary:
    return summary(a_policy(**fields), nodes(count), enactments)


@pytest.mark.parametrize(
    ("count", "rows", "type_", "message"),
    [
        (0, {}, "Ignored", "Policy does not match any node"),
        (2, {}, "Progressing", "Policy is progressing 0/2 nodes finished"),
        (2, {"n0": "progressing"}, "Progressing", "Policy is progressing 0/2 nodes finished"),
        (2, {"n0": "available"}, "Progressing", "Policy is progressing 1/2 nodes finished"),
        (3, {"n0": "available", "n1": "pending"}, "Progressing", "Policy is progressing 1/3 nodes finished, 1 pending"),
        (2, {"n0": "available", "n1": "available"}, "Available", "2/2 nodes successfully configured"),
        (2, {"n0": "available 1", "n1": "available"}, "Progressing", "Policy is progressing 1/2 nodes finished"),
        (2, {"n0": "failed 1", "n1": "available"}, "Progressing", "Policy is progressing 1/2 nodes finished"),
        (2, {"n0": "failed", "n1": "available"}, "Degraded", "1/2 nodes failed to configure (failed: n0)"),
        (2, {"n0": "retrying"}, "Degraded", "1/2 nodes failed to configure (failed: n0)"),
        (
            3,
            {"n0": "failed", "n1": "aborted", "n2": "aborted"},
            "Degraded",
            "1/3 nodes failed to configure, 2 nodes aborted configuration (failed: n0)",
        ),
    ],
)
def test_the_first_rule_that_fits_counts(count: int, rows: dict[str, str], type_: str, message: str) -> None:
    told = of(count, said(**rows))
    assert (told.row.name, told.message) == (type_, message)
    assert leading(status(told, NOW)["conditions"]) == type_


def test_nodes_that_are_not_ready_are_skipped_by_name() -> None:
    members = [replace(each, is_ready=each.name != "n1") for each in nodes(2)]
    told = summary(a_policy(), members, said(n0="available", n1="pending"))
    assert told.row.name == "Available" and told.skipped == ("n1",)
    assert told.message == "1/2 nodes successfully configured, 1 nodes ignored due to NotReady state (not ready: n1)"
    assert status(told, NOW)["nodes"]["skipped"] == ["n1"]


def test_a_policy_whose_nodes_are_all_skipped_is_no_success() -> None:
    told = summary(a_policy(), [Member("n0", {}, is_ready=False)], {})
    assert told.row.name == "Progressing"


def test_nodes_without_an_agent_and_nodes_not_meant_do_not_count() -> None:
    members = [Member("n0", {"rack": "1"}), Member("n1", {"rack": "1"}, has_agent=False), Member("n2", {"rack": "2"})]
    told = summary(a_policy(node_selector={"rack": "1"}), members, said(n0="available", n2="failed"))
    assert (told.row.name, told.matching) == ("Available", 1)


def test_a_node_whose_slot_ran_out_has_failed() -> None:
    told = summary(a_policy(), nodes(2), said(n0="progressing"), lost=frozenset({"n0"}), unavailable=1)
    assert told.row.name == "Degraded" and told.failed == ("n0",)
    assert status(told, NOW)["unavailableNodeCountMap"] == {"2": 1}


def test_whose_agent_is_silent_is_named() -> None:
    members = [Member("n0", {}, is_alive=False)]
    assert summary(a_policy(), members, {}).message == "Policy is progressing 0/1 nodes finished (agent silent: n0)"


def test_what_a_user_may_wonder_about_is_told_beside() -> None:
    assert of(1, {}, paused=True).message.endswith("(paused)")
    assert "maxUnavailable '42' is neither" in of(1, {}, max_unavailable="42").message


@given(
    st.dictionaries(
        st.sampled_from([f"n{number}" for number in range(6)]),
        st.tuples(st.sampled_from([*ROWS]), st.sampled_from([1, 2, 2, 2])),
    ),
    st.integers(0, 6),
)
def test_the_maths_are_those_of_the_notes(enactments: dict[str, tuple[str, int]], count: int) -> None:
    """Counted once more, condition by condition; all nodes are ready, where both agree on everything."""
    objects = {node: says(node, *each) for node, each in enactments.items()}
    told = of(count, objects)
    here = [
        {each["type"]: each["status"] for each in objects[node.name]["status"]["conditions"]}
        for node in nodes(count)
        if node.name in objects and objects[node.name]["status"]["policyGeneration"] == 2
    ]

    def true(type_: str) -> int:
        return sum(each[type_] == "True" for each in here)

    finished = true("Available") + true("Failing") + true("Aborted")
    if count == 0:
        wanted = "Ignored"
    elif true("Failing") or true("Aborted"):
        wanted = "Degraded"
    elif finished < count or true("Pending"):
        wanted = "Progressing"
    else:
        wanted = "Available"
    assert told.row.name == wanted
    assert (told.available, len(told.failed), len(told.aborted)) == (
        true("Available"),
        true("Failing"),
        true("Aborted"),
    )


def test_status_says_of_which_generation_it_speaks_and_when_it_changed() -> None:
    first = status(of(1, {}), NOW)
    assert first["observedGeneration"] == 2
    then = status(of(1, said(n0="available")), LATER, first)
    times = {each["type"]: each["lastTransitionTime"] for each in then["conditions"]}
    assert times == {"Available": LATER, "Degraded": LATER, "Progressing": LATER, "Ignored": NOW}
    assert says_the_same(then, status(of(1, said(n0="available")), NOW, then)) and not says_the_same(first, then)
    assert not says_the_same(None, first)


def test_long_lists_of_names_are_cut() -> None:
    assert names(["a", "b", "c"]) == "a, b, c" and names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    told = of(200, {f"n{number}": says(f"n{number}", "failed") for number in range(200)})
    assert len(status(told, NOW)["nodes"]["failed"]) == 50 and len(told.failed) == 200
