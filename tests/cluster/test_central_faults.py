"""The writer's process, when it or the API server dies in the middle of a rollout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab.cluster import PORTS, Server, until
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import ApiError
from nncp_agent.kube.resources import LEASES, POLICIES
from nncp_agent.objects import conditions as c
from nncp_agent.objects import slots
from nncp_agent.objects.policy import Policy
from tests.cluster.fleet import Fleet

pytestmark = pytest.mark.cluster

TREE = Path(__file__).parents[2]
COUNT = 6


def works(node: str, policy: Policy) -> c.Row:
    threading.Event().wait(0.5)
    return c.AVAILABLE


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    server.kubectl("apply", "-k", str(TREE / "deploy" / "crds"))
    server.kubectl("create", "namespace", slots.NAMESPACE)
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    yield made
    made.close()


@pytest.fixture(scope="module")
def fleet(api: Api) -> Iterator[Fleet]:
    made = Fleet(api, COUNT, works)
    made.register()
    made.start()
    yield made
    made.stop()


def central(server: Server, identity: str, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nncp_agent", "central", "--kubeconfig", str(server.kubeconfig())]
    command += ["--identity", identity, "--listen", f"127.0.0.1:{port}"]
    return subprocess.Popen(command, cwd=TREE, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def asked(port: int, path: str) -> str:
    """What it says there; nothing while nobody answers."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())
    return ""


def rolled_out(server: Server, name: str) -> None:
    policy: dict[str, object] = {"apiVersion": "nmstate.io/v1", "kind": POLICIES.kind, "metadata": {"name": name}}
    policy["spec"] = {"maxUnavailable": 1, "desiredState": {}}
    server.kubectl("apply", "-f", "-", stdin=json.dumps(policy))


def finished(api: Api, name: str) -> int:
    with suppress(ApiError):
        return int((api.get(POLICIES, name).get("status") or {}).get("nodes", {}).get("available", 0))
    return 0


def is_over(api: Api, name: str) -> bool:
    with suppress(ApiError):
        held = api.list(LEASES, slots.NAMESPACE, labels="nmstate.io/policy").items
        status = api.get(POLICIES, name).get("status") or {}
        return not held and c.leading(status.get("conditions") or ()) == "Available"
    return False


def test_another_process_goes_on_where_one_was_killed(server: Server, api: Api, fleet: Fleet) -> None:
    port = PORTS.stop + 1 + os.getpid() % 500 * 2
    first, second = central(server, "first", port), None
    try:
        until(lambda: asked(port, "/readyz") == "ok\n", "the first is ready")
        second = central(server, "second", port + 1)
        until(lambda: asked(port + 1, "/readyz") == "ok\n", "the second waits")
        fleet.most_at_once = 0
        rolled_out(server, "killed")
        until(lambda: finished(api, "killed") >= 1, "the rollout has begun")
        first.send_signal(signal.SIGKILL)
        until(lambda: is_over(api, "killed"), "the second ends it", within_s=120.0)
        assert finished(api, "killed") == COUNT and fleet.most_at_once == 1
        until(
            lambda: 'policies_status{status="Available"} 1' in asked(port + 1, "/metrics"), "metrics are the leader's"
        )
    finally:
        for each in (first, second):
            if each is not None:
                each.terminate()
                assert each.wait(60) in (0, -signal.SIGKILL)


def test_the_api_server_may_die_in_the_middle(server: Server, api: Api, fleet: Fleet) -> None:
    port = PORTS.stop + 1200 + os.getpid() % 500
    process = central(server, "third", port)
    try:
        until(lambda: asked(port, "/readyz") == "ok\n", "it is ready")
        fleet.most_at_once = 0
        rolled_out(server, "cut")
        until(lambda: finished(api, "cut") >= 1, "the rollout has begun")
        server.kill_api()
        server.start_api()
        until(lambda: is_over(api, "cut"), "it goes on and ends", within_s=180.0)
        assert finished(api, "cut") == COUNT and fleet.most_at_once == 1
    finally:
        process.terminate()
        assert process.wait(60) == 0
