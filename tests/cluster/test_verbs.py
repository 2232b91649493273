"""Verbs of `nncp` on a real API server: what is there, plans for another node, policies sent and waited for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from lab import cluster
from lab.cluster import Server, until
from nncp_agent import shown
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import ENACTMENTS, POLICIES, STATES
from nncp_agent.objects.conditions import AVAILABLE, FAILED, POLICY_AVAILABLE, POLICY_DEGRADED, POLICY_PROGRESSING
from nncp_agent.objects.node_state import current_state
from tests.unit.cli.command import NODE, Result, nncp
from tests.unit.cli.reported.objects import node, policy, report

pytestmark = pytest.mark.cluster

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
RESOURCES: Final = {each.kind: each for each in (POLICIES, ENACTMENTS, STATES)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two nodes; worker-1 has told its state."""
    with cluster.running(tmp_path_factory.mktemp("api")) as running:
        running.kubectl("apply", "-k", str(DEPLOY / "crds"))
        running.kubectl("wait", "--for=condition=established", "crd", "--all")
        for name in ("worker-1", "worker-2"):
            running.kubectl("create", "-f", "-", stdin=json.dumps(node(name)))
        told = {"currentState": current_state(shown.state(NODE))}
        stand(
            running,
            {
                "apiVersion": "nmstate.io/v1beta1",
                "kind": "NodeNetworkState",
                "metadata": {"name": "worker-1"},
                "status": told,
            },
        )
        yield running


def stand(server: Server, thing: Any) -> None:
    """Have it there with its status, as whoever writes that would."""
    api = Api(Access(str(server.kubeconfig())))
    status = thing.get("status")
    for each in (status or {}).get("conditions", ()):
        each.update(message=each.get("message") or "nothing more")
    api.apply(RESOURCES[thing["kind"]], {key: each for key, each in thing.items() if key != "status"}, "test")
    if status is not None:
        api.patch(RESOURCES[thing["kind"]], thing["metadata"]["name"], {"status": status}, subresource="status")
    api.close()


def run(server: Server, *words: str, **more: Any) -> Result:
    return nncp(*words, "--kubeconfig", str(server.kubeconfig()), **more)


def test_policies_enactments_and_nodes_are_those_of_the_cluster(server: Server) -> None:
    stand(server, policy("bond1", POLICY_DEGRADED, "1/2 nodes failed to configure"))
    stand(server, report("worker-1", "bond1", AVAILABLE))
    stand(server, report("worker-2", "bond1", FAILED, "bond1: no eth9"))
    (_, row) = run(server, "policies", "bond1").out.splitlines()
    assert row.split()[:3] == ["bond1", "Degraded", "FailedToConfigure"]
    assert "bond1: no eth9" in run(server, "enactments", "--of-node", "worker-2").out
    rows = {line.split()[0]: line.split() for line in run(server, "nodes").out.splitlines()[1:]}
    assert rows["worker-1"][1:3] == ["yes", "1/1"]
    assert rows["worker-2"][1:5] == ["yes", "none", "0/1", "bond1"]
    listed = json.loads(run(server, "enactments", "-o", "json").out)
    assert {each["metadata"]["name"] for each in listed["items"]} == {"worker-1.bond1", "worker-2.bond1"}


def test_a_policy_is_sent_and_waited_for_of_its_new_generation_only(server: Server, tmp_path: Path) -> None:
    stand(server, policy("sent", POLICY_AVAILABLE, "2/2 nodes successfully configured"))
    file = tmp_path / "sent.yaml"
    file.write_text(json.dumps(policy("sent", maxUnavailable=1)))

    def work() -> None:
        until(
            lambda: (
                json.loads(server.kubectl("get", POLICIES.plural, "sent", "-o", "json"))["metadata"]["generation"] == 2
            ),
            "sent",
        )
        stand(server, policy("sent", POLICY_PROGRESSING, "1/2 nodes finished", observed=2, maxUnavailable=1))
        stand(server, policy("sent", POLICY_AVAILABLE, "all of them", observed=2, maxUnavailable=1))

    writer = threading.Thread(target=work)
    writer.start()
    done = run(server, "apply", "--wait", "60", str(file))
    writer.join()
    assert done.code == 0, done.err
    first, *_, last = done.out.splitlines()
    assert first == "nodenetworkconfigurationpolicy.nmstate.io/sent serverside-applied"
    assert "2/2 nodes" not in done.out, "that was said of what it was before"
    assert last == "sent: Available: all of them"


def test_nothing_is_sent_where_something_is_wrong_with_it(server: Server, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        json.dumps(policy("bad") | {"spec": {"desiredState": {"interfaces": [{"name": "b", "type": "bnod"}]}}})
    )
    done = run(server, "apply", str(bad))
    assert done.code == 3
    assert "bnod" in done.err
    assert "NotFound" in server.kubectl("get", POLICIES.plural, "bad", check=False)
    state = tmp_path / "state.yaml"
    state.write_text("interfaces: []")
    assert "wanted a NodeNetworkConfigurationPolicy with a name" in run(server, "apply", str(state)).err


def test_another_node_is_shown_and_planned_for(server: Server, tmp_path: Path) -> None:
    shown_there = run(server, "show", "--node", "worker-1", "-o", "tree").out
    assert "bond0" in shown_there
    assert "└─" in shown_there
    file = tmp_path / "mtu.yaml"
    file.write_text("interfaces: [{name: eth2, type: ethernet, state: up, mtu: 9000}]")
    done = run(server, "plan", "--node", "worker-1", "--exit-code", str(file))
    assert (done.code, done.out) == (10, "set eth2 mtu 1500 -> 9000\n")
    assert "its daemon has told no state yet" in run(server, "plan", "--node", "worker-2", str(file)).err
    assert "there is no such node; states are of worker-1" in run(server, "show", "--node", "worker-9").err


def test_a_server_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    done = nncp("policies", "--kubeconfig", str(tmp_path / "none"))
    assert done.code == 1
    assert done.err.count("\n") == 1
