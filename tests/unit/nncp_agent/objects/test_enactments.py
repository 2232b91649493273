"""Enactments: the object that a node writes, and what others read in it."""

from __future__ import annotations

from typing import Any

import pytest

from netkernel.documents import Document
from netkernel.frozen import replace
from nncp_agent.objects import conditions as c
from nncp_agent.objects.enactment import (
    Told,
    enactment,
    generation_of,
    message_of,
    node_of,
    policy_of,
    row_of,
    says_the_same,
)
from nncp_agent.objects.policy import Policy

POLICY = Policy(name="bond1", generation=4, desired=Document({}))
STATE: dict[str, Any] = {"interfaces": [{"name": "bond1", "state": "up"}]}
NOW, LATER = "2026-01-02T03:04:05Z", "2026-01-02T03:05:06Z"


def test_an_enactment_is_named_labelled_and_owned_as_in_kubernetes_nmstate() -> None:
    made = enactment("worker-1", "uid-1", POLICY, Told(row=c.AVAILABLE, desired=STATE, features=["bond"]), NOW)
    assert made["apiVersion"] == "nmstate.io/v1beta1" and made["kind"] == "NodeNetworkConfigurationEnactment"
    assert made["metadata"]["name"] == "worker-1.bond1"
    assert made["metadata"]["labels"] == {"nmstate.io/policy": "bond1", "nmstate.io/node": "worker-1"}
    assert made["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": "worker-1", "uid": "uid-1"}
    ]
    assert made["status"]["policyGeneration"] == 4 and made["status"]["desiredState"] == STATE
    assert made["status"]["features"] == ["bond"] and made["status"]["retryCount"] == {}


def test_without_a_cluster_nobody_owns_it() -> None:
    assert "ownerReferences" not in enactment("worker-1", "", POLICY, Told(row=c.PENDING), NOW)["metadata"]


def test_it_is_read_back() -> None:
    made = enactment(
        "worker.example.org", "", POLICY, Told(row=c.FAILED, message="no interface 'eth9'", retries=2), NOW
    )
    assert (node_of(made), policy_of(made), generation_of(made)) == ("worker.example.org", "bond1", 4)
    assert row_of(made, 4) is c.FAILED and message_of(made) == "no interface 'eth9'"
    assert made["status"]["retryCount"] == {"4": 2}


@pytest.mark.parametrize("found", [None, {}, {"status": None}, {"status": {"policyGeneration": 3}}])
def test_what_speaks_of_another_generation_says_nothing(found: dict[str, Any] | None) -> None:
    assert row_of(found, 4) is c.UNSAID


def test_a_new_generation_begins_with_times_of_its_own() -> None:
    first = enactment("n", "", POLICY, Told(row=c.AVAILABLE), NOW)
    same = enactment("n", "", POLICY, Told(row=c.AVAILABLE), LATER, first)
    assert {each["lastTransitionTime"] for each in same["status"]["conditions"]} == {NOW}
    newer = enactment("n", "", replace(POLICY, generation=5), Told(row=c.AVAILABLE), LATER, first)
    assert {each["lastTransitionTime"] for each in newer["status"]["conditions"]} == {LATER}


def test_times_alone_are_no_reason_to_write() -> None:
    told = Told(row=c.AVAILABLE, timings={"plan": 0.1})
    first = enactment("n", "", POLICY, told, NOW)
    assert says_the_same(first, enactment("n", "", POLICY, replace(told, timings={"plan": 0.2}), LATER, first))
    for other in (replace(told, row=c.FAILED), replace(told, drifted="mtu"), replace(told, differences=["mtu"])):
        assert not says_the_same(first, enactment("n", "", POLICY, other, LATER, first))
