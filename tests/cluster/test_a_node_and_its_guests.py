"""What the daemon of a node in a cluster tells of the pods on it."""

from __future__ import annotations

import pytest

from lab.cluster import until
from nncp_agent.kube.resources import EVENTS, PODS
from tests.cluster.cluster_node import ClusterNode
from tests.cluster.test_mac_collisions import MAC, a_pod

pytestmark = [pytest.mark.cluster, pytest.mark.needs_kernel("veth")]


def test_a_pod_that_has_the_address_of_a_bridge_is_told_with_it(node: ClusterNode) -> None:
    node.ip(f"link add br9 address {MAC} type bridge")
    node.api.create(PODS, a_pod("here", node.name), "default")

    def told() -> set[str]:
        found = node.api.list(EVENTS).items
        return {each["involvedObject"]["kind"] for each in found if each.get("reason") == "MACCollision"}

    until(lambda: told() == {"Node", "Pod"}, "both are told", within_s=90.0)
    node.api.patch(PODS, "here", {"status": {"phase": "Succeeded"}}, "default", subresource="status")
