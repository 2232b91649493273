"""Who may begin: `maxUnavailable`, canaries and the abort rule, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.frozen import replace
from nncp_agent.objects.rollout import Rollout, asks, is_understood, limit, rollout
from nncp_agent.objects.slots import lease, read, slot_name
from tests.unit.nncp_agent.objects.worlds import a_policy, holding, nodes, said, says


@pytest.mark.parametrize(
    ("stated", "count", "allowed"),
    [
        (None, 5, 3), (None, 6, 3), (None, 1, 1), (None, 0, 1), ("50%", 5, 3), ("10%", 200, 20), ("10%", 5, 1),
        ("1%", 5000, 50), ("34%", 3, 2), ("100%", 3, 3), ("0%", 5, 1), (0, 5, 1), (1, 5, 1), (3, 5, 3), (-2, 5, 1),
        ("0", 5, 3), ("42", 6, 3), ("many", 6, 3), ("%", 6, 3), ("", 6, 3), ("1.5%", 6, 3), ("-10%", 6, 1),
        (" 5%", 6, 3),
    ],
)  # fmt: skip
def test_the_limit_is_that_of_kubernetes_nmstate(stated: int | str | None, count: int, allowed: int) -> None:
    assert limit(stated, count) == allowed


def test_what_is_not_understood_is_known_as_such() -> None:
    assert [is_understood(each) for each in (None, 3, 0, "10%", "10", "many")] == [True, True, True, True, False, False]


@given(st.one_of(st.none(), st.integers(), st.text(max_size=6)), st.integers(0, 10000))
def test_one_node_may_always_begin_whatever_is_written_there(stated: Any, count: int) -> None:
    assert limit(stated, count) >= 1


def of(count: int, enactments: dict[str, Any], *, slots: Any = (), silent: Any = (), **fields: Any) -> Rollout:
    """A rollout with maxUnavailable 2; `silent` are nodes whose slots ran out."""
    silent_s = {slot_name("bond1", node): 31.0 for node in silent}
    return rollout(a_policy(max_unavailable=2, **fields), nodes(count), enactments, slots, silent_s)


def test_nodes_that_ask_get_slots_up_to_the_limit() -> None:
    found = of(4, said(n0="pending", n1="pending", n2="pending"))
    assert found.grant == ("n0", "n1") and found.taken == {"n0", "n1"} and not found.drop and not found.abort


def test_who_waits_longest_goes_first() -> None:
    enactments = {
        node: says(node, "pending", since=f"2026-01-02T03:04:{second}Z") for node, second in [("n0", 30), ("n1", 20)]
    }
    assert of(3, enactments, slots=holding("n2")).grant == ("n1",)


def test_who_waits_for_something_else_gets_none() -> None:
    enactments = {"n0": says("n0", "pending", reason="WaitingForInterface"), "n1": says("n1", "pending", 1)}
    assert of(2, enactments).grant == () and not asks(enactments["n0"], 2) and not asks(None, 2)


def test_a_slot_goes_back_when_its_node_is_done_and_the_next_has_it_at_once() -> None:
    enactments = said(n0="available", n1="progressing", n2="pending", n3="pending")
    found = of(4, enactments, slots=holding("n0", "n1"))
    assert found.drop == (slot_name("bond1", "n0"),) and found.grant == ("n2",)


def test_a_failed_node_keeps_its_place_though_not_its_slot() -> None:
    found = of(4, said(n0="failed", n1="pending", n2="pending"), slots=holding("n0"))
    assert found.drop == (slot_name("bond1", "n0"),) and found.grant == ("n1",) and found.taken == {"n0", "n1"}


def test_as_many_failures_as_are_allowed_make_the_waiting_give_up() -> None:
    found = of(5, said(n0="failed", n1="failed", n2="pending", n3="pending"))
    assert found.abort == ("n2", "n3") and not found.grant
    again = of(5, said(n0="failed", n1="failed", n2="pending"), slots=holding("n2", aborted=True))
    assert not again.abort and not again.drop
    told = of(5, said(n0="failed", n1="failed", n2="aborted"), slots=holding("n2", aborted=True))
    assert told.drop == (slot_name("bond1", "n2"),)


def test_a_slot_whose_holder_fell_silent_counts_as_failed_until_it_reports() -> None:
    enactments = said(n0="progressing", n1="pending", n2="pending")
    found = of(3, enactments, slots=holding("n0"), silent=["n0"])
    assert found.lost == {"n0"} and found.grant == ("n1",) and not found.drop
    both = of(4, said(n0="progressing", n1="progressing", n2="pending"), slots=holding("n0", "n1"), silent=["n0", "n1"])
    assert both.abort == ("n2",)
    back = of(3, said(n0="available", n1="pending", n2="pending"), slots=holding("n0"), silent=["n0"])
    assert not back.lost and back.drop == (slot_name("bond1", "n0"),) and back.grant == ("n1", "n2")


def test_a_silent_slot_of_a_node_that_asks_and_lives_was_never_used() -> None:
    found = of(3, said(n0="pending"), slots=holding("n0"), silent=["n0"])
    assert found.drop == (slot_name("bond1", "n0"),) and not found.lost
    dead = [replace(each, is_alive=False) for each in nodes(3)]
    silent = {slot_name("bond1", "n0"): 31.0}
    found = rollout(a_policy(), dead, said(n0="pending"), holding("n0"), silent)
    assert found.lost == {"n0"} and not found.drop


def test_nobody_is_given_a_slot_who_may_be_dead() -> None:
    dead = [replace(each, is_alive=each.name != "n0") for each in nodes(2)]
    assert rollout(a_policy(max_unavailable=2), dead, said(n0="pending", n1="pending"), [], {}).grant == ("n1",)


def test_who_works_without_a_slot_counts() -> None:
    assert of(4, said(n0="progressing", n1="retrying", n2="pending")).grant == ()


def test_a_new_generation_drops_the_slots_of_the_old_one_and_forgets_its_failures() -> None:
    enactments = said(n0="pending", n1="failed 1", n2="failed 1")
    found = of(3, enactments, slots=holding("n0", generation=1))
    assert found.drop == (slot_name("bond1", "n0"),) and found.grant == ("n0",)


def test_who_still_works_on_the_old_generation_counts_until_it_falls_silent() -> None:
    enactments = said(n0="progressing 1", n1="progressing 1", n2="pending")
    slots = holding("n0", "n1", generation=1)
    assert of(3, enactments, slots=slots).grant == () and not of(3, enactments, slots=slots).drop
    gone = of(3, enactments, slots=slots, silent=["n0"])
    assert gone.grant == ("n2",) and gone.drop == (slot_name("bond1", "n0"),)


def test_slots_of_nodes_that_are_gone_or_no_longer_meant_go() -> None:
    found = of(2, said(n0="pending"), slots=holding("n7", "n8"))
    assert found.drop == (slot_name("bond1", "n7"), slot_name("bond1", "n8")) and found.grant == ("n0",)
    busy = of(2, {"n7": says("n7", "progressing"), **said(n0="pending")}, slots=holding("n7"))
    assert not busy.drop and busy.taken == {"n7", "n0"}


def test_canaries_go_first_and_alone() -> None:
    waiting = said(n0="pending", n1="pending", n2="pending")
    assert of(3, waiting, canaries=("n2", "elsewhere")).grant == ("n2",)
    assert of(3, said(n0="pending", n2="progressing"), slots=holding("n2"), canaries=("n2",)).grant == ()
    assert of(3, said(n0="pending", n2="available"), canaries=("n2",)).grant == ("n0",)
    assert of(3, said(n0="pending", n2="failed"), canaries=("n2",)).abort == ("n0",)


def test_a_canary_that_is_not_ready_is_not_waited_for() -> None:
    members = [replace(each, is_ready=each.name != "n2") for each in nodes(4)]
    policy = a_policy(max_unavailable=2, canaries=("n2", "n3"))
    assert rollout(policy, members, said(n0="pending", n3="available"), [], {}).grant == ("n0",)
    assert rollout(replace(policy, canaries=("n2",)), members, said(n0="pending"), [], {}).grant == ()


def test_a_paused_policy_gives_no_leave_and_takes_back_what_is_done() -> None:
    found = of(3, said(n0="available", n1="pending"), slots=holding("n0"), paused=True)
    assert not found.grant and found.drop == (slot_name("bond1", "n0"),)


def test_a_slot_is_read_back_from_its_lease() -> None:
    made = lease("bond1", "worker-1", 7, "2026-01-02T03:04:05.000000Z")
    slot = read(made)
    assert slot is not None and (slot.policy, slot.node, slot.generation) == ("bond1", "worker-1", 7)
    assert made["spec"]["holderIdentity"] == "worker-1" and made["spec"]["leaseDurationSeconds"] == 30
    told = read(lease("bond1", "worker-1", 7, "", aborted=True))
    assert told is not None and told.is_aborted and not slot.is_aborted
    assert read({"metadata": {"name": "nncp-node.worker-1"}}) is None


@given(st.text("ab.", min_size=1, max_size=253), st.text("ab.", min_size=1, max_size=253))
def test_a_slots_name_is_short_enough_for_any_node(policy: str, node: str) -> None:
    assert len(slot_name(policy, node)) <= 253
