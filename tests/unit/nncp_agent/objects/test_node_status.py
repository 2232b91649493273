"""Bridges as resources of a node, and its network's health: patches that make a Node say so, and nothing else."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.objects import node_status as ns

NOW, LATER = "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z"
KEY = "bridge.network.kubevirt.io/"
WELL = ns.NodeStatus(frozenset())


def a_node(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n1", "resourceVersion": "7"}, "status": status}


def patched(node: dict[str, Any], patch: ns.Patch) -> dict[str, Any]:
    """RFC 6902, as far as it is used here; refuses what an API server would."""
    made = copy.deepcopy(node)
    for op in patch:
        assert re.fullmatch("(/([^~/]|~[01])*)+", op["path"]), "a JSON pointer"
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in op["path"].split("/")[1:]]
        place: Any = made
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        if op["op"] == "test":
            assert place[last] == op["value"]
        elif op["op"] == "remove":
            del place[last]
        elif isinstance(place, list):
            if last == "-":
                place.append(op["value"])
            else:
                place[int(last)] = op["value"]
        else:
            assert op["op"] == "add" or last in place
            place[last] = op["value"]
    return made


NAMES = st.frozensets(st.text("abz019-._~/é", min_size=1, max_size=15), max_size=5)
RESOURCES = st.dictionaries(
    st.sampled_from(["cpu", KEY + "br1", KEY + "a~b", KEY + "cni0"]), st.sampled_from(["1k", "1000", "5"])
)
PROBLEMS = st.lists(st.sampled_from(["bond1: no carrier", "br1: no carrier"]), unique=True).map(tuple)


@given(NAMES, RESOURCES, RESOURCES, PROBLEMS, st.booleans())
def test_after_the_patch_a_node_says_it_and_there_is_nothing_left_to_do(
    names: frozenset[str], capacity: dict[str, str], allocatable: dict[str, str], problems: tuple[str, ...], bare: bool
) -> None:
    node = a_node() if bare else a_node(capacity=capacity, allocatable=allocatable, conditions=[{"type": "Ready"}])
    wanted = ns.NodeStatus(names, problems)
    made = patched(node, ns.patch(node, wanted, NOW))
    said = {KEY + name for name in names} - {KEY + name for name in ns.unnameable(names)}
    for part, before in (("capacity", capacity), ("allocatable", allocatable)):
        found = made["status"].get(part) or {}
        assert {key for key in found if key.startswith(KEY)} == said
        if not bare:
            assert found.get("cpu") == before.get("cpu"), "what is not a bridge is left alone"
    assert ns.patch(made, wanted, LATER) == []


def test_a_patch_is_for_the_node_that_was_looked_at() -> None:
    [guard, *_] = ns.patch(a_node(), ns.NodeStatus(frozenset({"br1"})), NOW)
    assert guard == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}


def test_the_resource_is_the_one_that_bridge_marker_writes() -> None:
    made = patched(a_node(capacity={"cpu": "4"}), ns.patch(a_node(capacity={"cpu": "4"}), bridged("br1"), NOW))
    assert made["status"]["capacity"] == {"cpu": "4", "bridge.network.kubevirt.io/br1": "1000"}


def bridged(*names: str) -> ns.NodeStatus:
    return ns.NodeStatus(frozenset(names))


def test_what_kubelet_writes_for_a_thousand_is_a_thousand() -> None:
    said = {KEY + "br1": "1k"}
    assert ns.patch(a_node(capacity=said, allocatable=said), bridged("br1"), NOW) == []


@pytest.mark.parametrize("name", ["br 0", "br\N{SNOWMAN}", "-br", "br-", "br$", "br\udcff"])
def test_a_bridge_that_cannot_be_a_resource_spoils_nothing(name: str) -> None:
    assert ns.unnameable(["br1", name]) == [name]
    made = patched(a_node(), ns.patch(a_node(), bridged("br1", name), NOW))
    assert list(made["status"]["capacity"]) == [KEY + "br1"]


POD = {"metadata": {"labels": {"app": "bridge-marker"}}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("pod", "runs"),
    [
        (POD, True),
        ({**POD, "status": {"phase": "Pending"}}, True),
        ({**POD, "status": {"phase": "Succeeded"}}, False),
        ({"metadata": {"labels": {"app": "else"}}, "status": {"phase": "Running"}}, False),
        ({}, False),
    ],
)
def test_bridge_marker_is_known_by_its_label(pod: dict[str, Any], runs: bool) -> None:
    assert ns.marker_runs([{}, pod]) is runs


def test_while_bridge_marker_runs_its_resources_are_its_own() -> None:
    node = a_node(capacity={KEY + "old": "1k"})
    assert ns.patch(node, bridged("br1"), NOW, marker_runs=True) == []
    assert ns.patch(node, ns.status(Host(), tells_bridges=False), NOW) == []


def test_a_network_that_was_always_well_is_not_spoken_of() -> None:
    assert ns.patch(a_node(), WELL, NOW) == []


def test_a_cut_cable_is_a_condition_and_stays_one_that_is_false_afterwards() -> None:
    cut = ns.NodeStatus(frozenset(), ("bond1: no carrier",))
    node = patched(a_node(), ns.patch(a_node(), cut, NOW))
    assert node["status"]["conditions"] == [
        {
            "type": "NetworkUnhealthy",
            "status": "True",
            "reason": "NoCarrier",
            "message": "bond1: no carrier",
            "lastHeartbeatTime": NOW,
            "lastTransitionTime": NOW,
        }
    ]
    worse = ns.NodeStatus(frozenset(), ("bond1: no carrier", "br1: no carrier"))
    node = patched(node, ns.patch(node, worse, LATER))
    [said] = node["status"]["conditions"]
    assert (said["message"], said["lastTransitionTime"]) == ("bond1: no carrier; br1: no carrier", NOW)
    node = patched(node, ns.patch(node, WELL, LATER))
    [said] = node["status"]["conditions"]
    assert (said["status"], said["reason"], said["lastTransitionTime"]) == ("False", "AllWell", LATER)


def link(name: str, kind: str = "", *, master: str = "", up: bool = True, carrier: bool = True) -> Link:
    return Link(name, kind, {"up": up, "master": master}, carrier=carrier)


@pytest.mark.parametrize(
    ("links", "problems"),
    [
        ([link("bond1", "bond", carrier=False)], ["bond1: no carrier"]),
        ([link("bond1", "bond")], []),
        ([link("bond1", "bond", up=False, carrier=False)], []),
        ([link("eth0", carrier=False)], []),
        ([link("br1", "bridge", carrier=False)], []),
        ([link("br1", "bridge", carrier=False), link("v1", "veth", master="br1", carrier=False)], []),
        ([link("br1", "bridge", carrier=False), link("eth0", master="br1", carrier=False)], ["br1: no carrier"]),
        ([link("br1", "bridge", carrier=False), link("b.5", "vlan", master="br1")], ["br1: no carrier"]),
    ],
)
def test_what_is_up_and_lost_its_uplink_is_not_well(links: list[Link], problems: list[str]) -> None:
    assert ns.problems(Host(links={each.name: each for each in links})) == problems


def test_every_bridge_of_the_kernel_counts() -> None:
    links = [link("br1", "bridge"), link("cni0", "bridge", up=False), link("eth0"), link("bond1", "bond")]
    found = ns.status(Host(links={each.name: each for each in links}))
    assert found == ns.NodeStatus(frozenset({"br1", "cni0"}), ())
