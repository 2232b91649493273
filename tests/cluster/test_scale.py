"""Two hundred nodes on one API server: what a rollout costs, and how long it takes beside what it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster import Server, until
from nncp_agent.central.writer import Writer
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import LEASES, POLICIES
from nncp_agent.objects import conditions as c
from nncp_agent.objects import slots
from nncp_agent.objects.policy import Policy
from tests.cluster.fleet import Fleet

pytestmark = pytest.mark.cluster

CRDS = Path(__file__).parents[2] / "deploy" / "crds"
COUNT, SHARE, APPLY_S = 200, 20, 0.5


@pytest.fixture(scope="module")
def nodes_api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    server.kubectl("apply", "-k", str(CRDS))
    server.kubectl("create", "namespace", slots.NAMESPACE)
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    yield made
    made.close()


def works(node: str, policy: Policy) -> c.Row:
    threading.Event().wait(APPLY_S)
    return c.AVAILABLE


def test_a_rollout_over_two_hundred_nodes(server: Server, nodes_api: Api) -> None:
    api = Api(Access(str(server.kubeconfig())))
    fleet, writer = Fleet(nodes_api, COUNT, works, workers=SHARE + 4), Writer(api, "one")
    fleet.register()
    fleet.start()
    writer.start()
    try:
        until(lambda: writer.elector.leads and writer.is_ready, "a writer leads")
        told, said = api.tally(), nodes_api.tally()
        policy: dict[str, object] = {"apiVersion": "nmstate.io/v1", "kind": POLICIES.kind, "metadata": {"name": "wide"}}
        policy["spec"] = {"maxUnavailable": "10%", "desiredState": {}}
        began = time.monotonic()
        server.kubectl("apply", "-f", "-", stdin=json.dumps(policy))
        server.kubectl("wait", "nncp", "wide", "--for=condition=Available", "--timeout=300s")
        took_s = time.monotonic() - began
        until(lambda: not api.list(LEASES, slots.NAMESPACE, labels="nmstate.io/policy").items, "slots are given back")
        written, asked = requests(api, told.requests), requests(nodes_api, said.requests)
        at_best_s = COUNT / SHARE * APPLY_S
        print(
            f"\n{COUNT} nodes, {SHARE} at a time, {APPLY_S} s each: {took_s:.1f} s (at best {at_best_s:.1f} s); at "
            f"most {fleet.most_at_once} at once\nthe writer: {written}\nall nodes: {asked}"
        )
        assert fleet.most_at_once <= SHARE
        assert written["create leases"] == written["delete leases"] == COUNT, "one slot each, none twice"
        assert written["patch nodenetworkconfigurationpolicies"] <= 24, "the status is told in steps"
        assert sum(asked.values()) <= 8 * COUNT
        assert api.get(POLICIES, "wide")["status"]["nodes"]["finished"] == COUNT
    finally:
        writer.stop()
        fleet.stop()
        api.close()


def requests(api: Api, before: object) -> dict[str, int]:
    """What was asked since, without the election and signs of life."""
    assert isinstance(before, dict)
    found = {verb: count - before.get(verb, 0) for verb, count in api.tally().requests.items()}
    quiet = ("list", "watch", "get leases", "update leases", "apply leases")
    return {verb: count for verb, count in sorted(found.items()) if count and not verb.startswith(quiet)}
