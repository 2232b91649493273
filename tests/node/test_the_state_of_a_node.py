"""What the daemon publishes of its node without a cluster."""

from __future__ import annotations

import http.client
import json
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


def test_who_asks_hears_how_the_node_is_and_the_log_is_json(
    kernel: LinuxKernel, node: Daemon, capfd: pytest.CaptureFixture[str]
) -> None:
    bond = "{name: bond1, type: bond, state: up, link-aggregation: {mode: active-backup, port: [eth2]}}"
    node.policy("bond1", f"{{interfaces: [{bond}]}}")
    node.start("--listen", "127.0.0.1:18089", "--log-format", "json")
    node.until_available("bond1")
    node.until(lambda: _asked("/readyz")[0] == 200)
    assert _asked("/healthz") == (200, "ok\n")
    node.until(lambda: "nncp_network_problems 0.0" in _asked("/metrics")[1])
    ip("link set peth2 down")
    node.until(lambda: "nncp_network_problems 1.0" in _asked("/metrics")[1])
    text = _asked("/metrics")[1]
    assert 'nncp_apply_phase_seconds_count{phase="execute"} 1.0' in text, text
    assert 'nncp_policy_events_total{reason="Applied"} 1.0' in text
    assert 'nncp_enactments{status="Available"} 1.0' in text
    node.end()
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert any(each["message"].startswith("keeping the policies of") for each in said)
    assert any(each["logger"].startswith("nncp_agent.node") for each in said)


def _asked(path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", 18089, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
