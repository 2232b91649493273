"""The daemon of one node on a real API server and a real kernel; the writer's part is played by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.cluster import Server
from nncp_agent.kube.resources import ENACTMENTS, EVENTS, LEASES, NODES, STATES
from nncp_agent.objects import slots
from tests.cluster.cluster_node import ClusterNode, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "dummy")]

BOND = (
    "{interfaces: [{name: bond1, type: bond, state: up, link-aggregation: {mode: active-backup, port: [eth1, eth2]}}]}"
)
BRIDGE = "{interfaces: [{name: br1, type: linux-bridge, state: up, bridge: {port: [{name: bond1}]}}]}"
WRONG = "{interfaces: [{name: bond1, type: bond, state: up, link-aggregation: {mode: no-such-mode, port: [eth1]}}]}"


def test_a_policy_is_applied_when_leave_is_given_and_not_before(node: ClusterNode) -> None:
    generation = node.policy("p", BOND)
    node.until_row("p", "Pending")
    assert "bond1" not in node.links()
    node.grant("p", generation)
    node.until_row("p", "Available", generation)
    assert node.links()["bond1"]["linkinfo"]["info_data"]["mode"] == "active-backup"


def test_what_became_of_it_stands_in_its_enactment_and_in_events(node: ClusterNode, installed: Server) -> None:
    node.apply("p", BOND)
    node.until_row("p", "Available")
    found = node.enactment("p")
    owner = found["metadata"]["ownerReferences"]
    assert found["metadata"]["name"] == "node1.p"
    assert found["metadata"]["labels"] == {"nmstate.io/policy": "p", "nmstate.io/node": "node1"}
    assert [(each["kind"], each["uid"]) for each in owner] == [
        ("Node", node.api.get(NODES, "node1")["metadata"]["uid"])
    ]
    assert found["status"]["desiredState"]["interfaces"][0]["name"] == "bond1"
    types = [each["type"] for each in found["status"]["conditions"]]
    assert types[:5] == ["Available", "Failing", "Progressing", "Pending", "Aborted"]
    assert "bond1" in json.dumps(found["status"].get("plan", found["status"]))
    wait_for(lambda: {"Waiting", "Applying", "Applied"} <= reasons(node), "an event for each phase")
    assert "Applied" in installed.kubectl("get", "events", "--field-selector", "involvedObject.name=p")
    assert "Available" in installed.kubectl("get", "nnce", "node1.p")


def test_a_policy_that_changes_nothing_needs_no_leave(node: ClusterNode) -> None:
    generation = node.policy("p", "{interfaces: [{name: eth1, type: ethernet, state: up}]}")
    node.until_row("p", "Available", generation)
    assert not node.api.list(LEASES, slots.NAMESPACE, labels="nmstate.io/policy=p").items


def test_a_policy_that_is_wrong_is_failing_with_the_place_and_nothing_is_asked(node: ClusterNode) -> None:
    generation = node.policy("p", WRONG)
    took_s = node.until_row("p", "Failed", generation)
    assert "link-aggregation.mode" in node.message("p")
    assert took_s < 20
    assert "bond1" not in node.links()


def test_an_edit_supersedes_the_generation_that_waits(node: ClusterNode) -> None:
    node.policy("p", WRONG)
    node.until_row("p", "Failed")
    generation = node.policy("p", BOND)
    node.until_row("p", "Pending", generation)
    node.grant("p", generation)
    node.until_row("p", "Available", generation)


def test_leave_for_another_generation_is_none(node: ClusterNode) -> None:
    first = node.policy("p", BOND)
    node.grant("p", first, aborted=True)
    node.until_row("p", "Aborted", first)
    second = node.policy("p", BOND.replace("eth2", "eth3"))
    node.until_row("p", "Pending", second)
    assert "bond1" not in node.links()
    node.grant("p", second)
    node.until_row("p", "Available", second)
    assert node.links()["eth3"]["master"] == "bond1"


def test_who_may_never_begin_is_aborted(node: ClusterNode) -> None:
    node.grant("p", node.policy("p", BOND), aborted=True)
    node.until_row("p", "Aborted")
    assert "bond1" not in node.links()


def test_a_slot_is_renewed_while_the_node_works_and_left_when_it_is_through(node: ClusterNode) -> None:
    generation = node.policy("p", BOND)
    node.grant("p", generation)
    node.until_row("p", "Available")
    name = slots.slot_name("p", node.name)
    spec = node.api.get(LEASES, name, slots.NAMESPACE)["spec"]
    assert spec["renewTime"] > spec["acquireTime"]


def test_a_bridge_over_a_bond_that_no_policy_provides_yet_waits_for_it(node: ClusterNode) -> None:
    bridge = node.policy("a-bridge", BRIDGE)
    node.until_row("a-bridge", "Pending")
    assert "bond1" in node.message("a-bridge")
    node.apply("b-bond", BOND)
    node.grant("a-bridge", bridge)
    node.until_row("b-bond", "Available")
    node.until_row("a-bridge", "Available")
    assert node.links()["bond1"]["master"] == "br1"


def test_a_selector_that_no_longer_fits_takes_the_enactment_away_and_one_that_fits_brings_it(node: ClusterNode) -> None:
    node.policy("p", BOND, nodeSelector={"bond": "yes"})
    node.policy("other", "{interfaces: [{name: d1, type: dummy, state: up}]}")
    node.until_row("other", "Pending")
    assert not node.enactment("p")
    node.api.patch(NODES, node.name, {"metadata": {"labels": {"bond": "yes"}}})
    node.until_row("p", "Pending")
    node.api.patch(NODES, node.name, {"metadata": {"labels": {"bond": None}}})
    wait_for(lambda: not node.enactment("p"), "the enactment is gone")


def test_a_policy_that_is_deleted_takes_its_enactment_along_and_leaves_the_host(
    node: ClusterNode, installed: Server
) -> None:
    node.apply("p", BOND)
    node.until_row("p", "Available")
    installed.kubectl("delete", "nncp", "p", "--wait=false")
    wait_for(lambda: not node.enactment("p"), "the enactment is gone")
    assert "bond1" in node.links()


def test_an_enactment_of_a_policy_that_went_while_the_daemon_was_off_goes_when_it_is_back(
    node: ClusterNode, installed: Server
) -> None:
    node.apply("p", BOND)
    node.until_row("p", "Available")
    node.end()
    installed.kubectl("delete", "nncp", "p")
    node.start()
    wait_for(lambda: not node.enactment("p"), "the enactment is gone")


def test_an_enactment_that_somebody_deletes_is_made_again(node: ClusterNode) -> None:
    node.apply("p", BOND)
    node.until_row("p", "Available")
    node.api.delete(ENACTMENTS, "node1.p")
    node.until_row("p", "Available")


def test_a_daemon_that_starts_again_applies_nothing_and_says_what_it_said(node: ClusterNode) -> None:
    node.apply("p", BOND)
    node.until_row("p", "Available")
    before = node.enactment("p")
    index = node.links()["bond1"]["ifindex"]
    node.end()
    node.start()
    node.apply("q", "{interfaces: [{name: d1, type: dummy, state: up}]}")
    node.until_row("q", "Available")
    assert node.enactment("p")["status"] == before["status"]
    assert node.links()["bond1"]["ifindex"] == index


def test_a_policy_of_the_older_version_is_applied(node: ClusterNode, installed: Server) -> None:
    text = (
        "apiVersion: nmstate.io/v1beta1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: p}\n"
        f"spec:\n  desiredState: {BOND}\n"
    )
    installed.kubectl("apply", "-f", "-", stdin=text)
    node.grant("p", 1)
    node.until_row("p", "Available")


def test_a_node_says_that_it_is_alive(node: ClusterNode) -> None:
    lease = wait_for(
        lambda: next(iter(node.api.list(LEASES, slots.NAMESPACE, fields="metadata.name=nncp-node.node1").items), None),
        "a heartbeat",
    )
    assert lease["spec"]["holderIdentity"] == "node1"
    assert lease["metadata"]["labels"] == {"nmstate.io/node": "node1"}


def test_a_policy_that_cuts_the_node_off_its_api_server_is_taken_back(node: ClusterNode) -> None:
    state = "{interfaces: [{name: eth0, type: ethernet, state: up, ipv4: {enabled: false}}]}"
    node.apply("p", state, checks={"apiServer": {"timeoutSeconds": 5}})
    node.until_row("p", "Failed")
    assert "API server" in node.message("p")
    assert node.address in node.ip("addr show eth0")


def test_a_node_that_was_not_ready_before_a_change_does_not_fail_for_it(make_node: Callable[..., ClusterNode]) -> None:
    node = make_node()
    node.ready(False)
    node.start()
    node.apply("p", BOND)
    node.until_row("p", "Available")


def test_the_state_of_the_node_is_published_and_made_again_when_somebody_deletes_it(node: ClusterNode) -> None:
    first = wait_for(lambda: published(node), "a state")
    assert {"eth0", "eth1"} <= {each["name"] for each in first["status"]["currentState"]["interfaces"]}
    assert first["metadata"]["ownerReferences"][0]["kind"] == "Node"
    assert first["status"]["handlerNmstateVersion"]
    node.api.delete(STATES, node.name)
    again = wait_for(lambda: published(node), "a new one")
    assert again["metadata"]["uid"] != first["metadata"]["uid"]


def test_the_published_state_follows_the_host_and_is_left_alone_when_nothing_changed(node: ClusterNode) -> None:
    first = wait_for(lambda: published(node), "a state")
    node.api.patch(STATES, node.name, {"metadata": {"labels": {"nmstate.io/force-nns-refresh": "1"}}})
    node.ip("link add new0 type bridge")
    wait_for(lambda: "new0" in names(node), "the new interface is published")
    node.ip("link del new0")
    wait_for(lambda: "new0" not in names(node), "it is gone")
    last = published(node)
    assert last["metadata"]["uid"] == first["metadata"]["uid"]
    assert last["metadata"]["labels"]["nmstate.io/force-nns-refresh"] == "1"


def test_bridges_are_resources_of_the_node_for_as_long_as_they_exist(node: ClusterNode) -> None:
    node.ip("link add br7 type bridge")
    wait_for(lambda: resources(node).get("bridge.network.kubevirt.io/br7") == "1k", "a resource")
    node.ip("link del br7")
    wait_for(lambda: "bridge.network.kubevirt.io/br7" not in resources(node), "it is gone")


def published(node: ClusterNode) -> dict[str, Any]:
    """Once it has a status."""
    found = next(iter(node.api.list(STATES, fields=f"metadata.name={node.name}").items), {})
    return found if found.get("status") else {}


def names(node: ClusterNode) -> set[str]:
    return {each["name"] for each in published(node)["status"]["currentState"]["interfaces"]}


def resources(node: ClusterNode) -> dict[str, str]:
    found: dict[str, str] = (node.api.get(NODES, node.name).get("status") or {}).get("capacity") or {}
    return found


def reasons(node: ClusterNode) -> set[str]:
    found = node.api.list(EVENTS, "default", fields="involvedObject.name=p").items
    return {each["reason"] for each in found}
