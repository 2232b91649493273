"""What the daemon publishes of its node without a cluster."""

from __future__ import annotations

import time
from typing import Any

import pytest

from netkernel.documents import read
from netkernel.kernel import LinuxKernel
from nncp_agent.node_state.sink import NAME
from tests.node.conftest import ip
from tests.node.process import Daemon

pytestmark = pytest.mark.needs_kernel("veth", "dummy", "bonding")


def published(node: Daemon) -> Any:
    return read((node.run / NAME).read_bytes())[0].value


def interfaces(node: Daemon) -> dict[str, Any]:
    return {each["name"]: each for each in published(node)["status"]["currentState"]["interfaces"]}


def test_what_a_policy_made_and_what_it_says_of_it_is_published(kernel: LinuxKernel, node: Daemon) -> None:
    bond = "{name: bond1, type: bond, state: up, description: uplink, link-aggregation: {mode: active-backup}}"
    node.policy("bond1", f"{{interfaces: [{bond}]}}")
    node.start()
    node.until_available("bond1")
    node.until(lambda: "bond1" in interfaces(node) and "description" in interfaces(node)["bond1"])
    said = published(node)
    assert (said["kind"], said["metadata"]["name"]) == ("NodeNetworkState", "node1")
    assert interfaces(node)["bond1"]["description"] == "uplink"
    assert {"eth0", "eth3"} <= interfaces(node).keys()
    assert {"routes", "route-rules", "dns-resolver", "hostname"} <= said["status"]["currentState"].keys()


def test_the_file_of_a_daemon_that_died_grows_old_and_is_right_again_with_the_next(
    kernel: LinuxKernel, node: Daemon
) -> None:
    node.start()
    node.until(lambda: (node.run / NAME).exists())
    node.die()
    ip("link add dummy7 type dummy")
    written = (node.run / NAME).stat().st_mtime
    assert written <= time.time()
    node.start()
    node.until(lambda: "dummy7" in interfaces(node))
    assert (node.run / NAME).stat().st_mtime > written
