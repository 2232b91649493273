"""What becomes of a node in a cluster when its API server, its store, its identity or the daemon itself goes away."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster import Server
from nncp_agent.kube.resources import STATES
from tests.cluster.cluster_node import DAEMON, ClusterNode, wait_for
from tests.cluster.conftest import install

pytestmark = [pytest.mark.cluster, pytest.mark.needs_kernel("bridge", "veth")]

BRIDGE = "{interfaces: [{name: br1, type: linux-bridge, state: up, bridge: {port: []}}]}"


def test_a_server_that_dies_while_the_node_waits_is_found_again_and_nothing_is_lost(
    node: ClusterNode, installed: Server
) -> None:
    generation = node.policy("p", BRIDGE)
    node.until_row("p", "Pending")
    installed.kill_api()
    assert "br1" not in node.links()
    installed.start_api()
    node.grant("p", generation)
    node.until_row("p", "Available", generation)


def test_what_happens_while_the_server_is_away_is_said_when_it_is_back(node: ClusterNode, installed: Server) -> None:
    wait_for(lambda: state(node), "a state")
    installed.kill_api()
    node.ip("link add meanwhile type bridge")
    installed.start_api()
    wait_for(lambda: "meanwhile" in str(state(node)), "the state says so")


def test_a_daemon_that_is_killed_while_it_waits_goes_on_when_it_is_back(node: ClusterNode) -> None:
    generation = node.policy("p", BRIDGE)
    node.until_row("p", "Pending")
    node.die()
    node.grant("p", generation)
    node.start()
    node.until_row("p", "Available", generation)


def test_a_daemon_that_is_killed_with_its_slot_in_hand_goes_on_under_it(node: ClusterNode) -> None:
    generation = node.policy("p", BRIDGE)
    node.grant("p", generation)
    node.die()
    node.start()
    node.until_row("p", "Available", generation)
    assert "br1" in node.links()


def test_an_identity_that_is_replaced_is_read_again(node: ClusterNode, installed: Server) -> None:
    installed.revoke_tokens()
    installed.kubeconfig(DAEMON, address="192.0.2.1")
    generation = node.policy("p", BRIDGE)
    node.grant("p", generation)
    node.until_row("p", "Available", generation)


def test_a_store_that_was_wiped_gets_back_what_the_node_has_to_say(node: ClusterNode, installed: Server) -> None:
    node.apply("p", BRIDGE)
    node.until_row("p", "Available")
    wait_for(lambda: state(node), "a state")
    installed.wipe()
    install(installed)
    node.register(role="worker")
    wait_for(lambda: state(node), "the state is back")
    generation = node.policy("p", BRIDGE)
    node.until_row("p", "Available", generation)


def state(node: ClusterNode) -> dict[str, Any]:
    found = next(iter(node.api.list(STATES, fields=f"metadata.name={node.name}").items), {})
    status: dict[str, Any] = found.get("status") or {}
    return status
