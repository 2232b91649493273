"""The one writer on a real API server: status, slots, and what kubectl makes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cluster import Server, until
from nncp_agent.central.writer import Writer
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, POLICIES, SETTINGS
from nncp_agent.objects import conditions as c
from nncp_agent.objects import slots
from nncp_agent.objects.policy import Policy, read
from tests.cluster.fleet import Fleet

pytestmark = pytest.mark.cluster

CRDS = Path(__file__).parents[2] / "deploy" / "crds"
COUNT = 5


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    server.kubectl("apply", "-k", str(CRDS))
    server.kubectl("create", "namespace", slots.NAMESPACE)
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    yield made
    made.close()


@pytest.fixture(scope="module")
def mine(server: Server, api: Api) -> Iterator[Api]:
    """The writer's own identity, which may do what its manifests say and nothing else."""
    server.kubectl("apply", "-f", str(CRDS.parent / "base" / "rbac-central.yaml"))
    server.kubectl("create", "clusterrolebinding", "central", "--clusterrole", "nncp-central", "--user", "central")
    namespace = ("-n", slots.NAMESPACE)
    server.kubectl(*namespace, "create", "rolebinding", "central", "--role", "nncp-central", "--user", "central")
    made = Api(Access(str(server.kubeconfig("central"))))
    yield made
    made.close()


@pytest.fixture(scope="module")
def fleet(api: Api) -> Iterator[Fleet]:
    made = Fleet(api, COUNT)
    made.register()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def writer(api: Api, mine: Api, fleet: Fleet) -> Iterator[Writer]:
    made = Writer(mine, "one", with_states=True)
    made.start()
    yield made
    made.stop()
    for policy in api.list(POLICIES).items:
        api.patch(POLICIES, policy["metadata"]["name"], {"metadata": {"finalizers": []}})
        api.delete(POLICIES, policy["metadata"]["name"])
    for lease in api.list(LEASES, slots.NAMESPACE, labels="nmstate.io/policy").items:
        api.delete(LEASES, lease["metadata"]["name"], slots.NAMESPACE)
    for each in api.list(ENACTMENTS).items:
        api.delete(ENACTMENTS, each["metadata"]["name"])
    fleet.outcome = lambda node, policy: c.AVAILABLE
    fleet.dead = set()
    fleet.forget()


def manifest(name: str, **spec: Any) -> str:
    kind = {"apiVersion": "nmstate.io/v1", "kind": "NodeNetworkConfigurationPolicy", "metadata": {"name": name}}
    state = {"interfaces": [{"name": name, "type": "dummy", "state": "up"}]}
    return json.dumps({**kind, "spec": {"desiredState": state, **spec}})


def status(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(POLICIES, name).get("status") or {}
    return found


def shown(api: Api, name: str) -> str:
    return c.leading(status(api, name).get("conditions") or ())


def enactments(api: Api, name: str) -> list[str]:
    found = api.list(ENACTMENTS, labels=f"nmstate.io/policy={name}").items
    return sorted(c.row_of(each["status"]["conditions"]).name for each in found if each.get("status"))


def held(api: Api) -> list[str]:
    found = api.list(LEASES, slots.NAMESPACE, labels="nmstate.io/policy").items
    return sorted(each["metadata"]["labels"]["nmstate.io/node"] for each in found)


def test_a_policy_becomes_available_and_kubectl_shows_it(server: Server, api: Api, writer: Writer) -> None:
    server.kubectl("apply", "-f", "-", stdin=manifest("dummy1"))
    server.kubectl("wait", "nncp", "dummy1", "--for=condition=Available", "--timeout=60s")
    columns = server.kubectl("get", "nncp", "dummy1", "--no-headers").split()
    assert columns == ["dummy1", "Available", "SuccessfullyConfigured"]
    assert status(api, "dummy1")["observedGeneration"] == 1
    assert server.kubectl("get", "nnce", "n000.dummy1", "--no-headers").split()[1] == "Available"
    until(lambda: not held(api), "all slots are given back")


def test_waiting_after_an_apply_is_for_the_new_generation_every_time(
    server: Server, api: Api, writer: Writer, fleet: Fleet
) -> None:
    """What kubernetes-nmstate needs a mutating webhook for."""
    done: dict[int, int] = {}

    def counted(node: str, policy: Policy) -> c.Row:
        done[policy.generation] = done.get(policy.generation, 0) + 1
        return c.AVAILABLE

    fleet.outcome = counted
    for number in range(1, 13):
        server.kubectl("apply", "-f", "-", stdin=manifest("again", maxUnavailable=number))
        server.kubectl("wait", "nncp", "again", "--for=condition=Available", "--timeout=60s")
        assert done.get(number) == COUNT, "it returned for an older generation"


def test_never_more_nodes_work_than_allowed(server: Server, api: Api, writer: Writer, fleet: Fleet) -> None:
    fleet.most_at_once = 0
    fleet.outcome = lambda node, policy: c.AVAILABLE if len(fleet.at_work) <= 2 else c.FAILED
    server.kubectl("apply", "-f", "-", stdin=manifest("some", maxUnavailable=2))
    server.kubectl("wait", "nncp", "some", "--for=condition=Available", "--timeout=60s")
    assert 1 <= fleet.most_at_once <= 2


def test_failures_stop_the_rollout_and_the_policy_is_degraded_at_once(
    server: Server, api: Api, writer: Writer, fleet: Fleet
) -> None:
    fleet.outcome = lambda node, policy: c.FAILED
    server.kubectl("apply", "-f", "-", stdin=manifest("bad", maxUnavailable=2))
    until(lambda: "Failed" in enactments(api, "bad"), "a node fails")
    began = time.monotonic()
    until(lambda: shown(api, "bad") == "Degraded", "the policy is degraded")
    assert time.monotonic() - began < 2.0
    until(lambda: enactments(api, "bad") == ["Aborted"] * 3 + ["Failed"] * 2, "the others give up")
    until(lambda: "2/5 nodes failed to configure, 3 nodes aborted" in str(status(api, "bad")), "it is counted")
    fleet.outcome = lambda node, policy: c.AVAILABLE
    server.kubectl("apply", "-f", "-", stdin=manifest("bad", maxUnavailable=3))
    server.kubectl("wait", "nncp", "bad", "--for=condition=Available", "--timeout=60s")


def test_an_edit_supersedes_what_is_under_way(server: Server, api: Api, writer: Writer, fleet: Fleet) -> None:
    fleet.outcome = lambda node, policy: c.FAILED if policy.generation == 1 else c.AVAILABLE
    server.kubectl("apply", "-f", "-", stdin=manifest("edited", maxUnavailable=1))
    server.kubectl("apply", "-f", "-", stdin=manifest("edited", maxUnavailable=4))
    server.kubectl("wait", "nncp", "edited", "--for=condition=Available", "--timeout=60s")
    assert status(api, "edited")["observedGeneration"] == 2
    until(lambda: not held(api), "slots of the old generation are gone, too")


def test_another_writer_takes_over_at_once_and_nothing_is_lost(
    server: Server, api: Api, fleet: Fleet, writer: Writer
) -> None:
    other = Writer(api, "two")
    other.start()
    try:
        until(lambda: writer.elector.leads, "the first leads")
        server.kubectl("apply", "-f", "-", stdin=manifest("handed", maxUnavailable=1))
        until(lambda: status(api, "handed"), "the first writes")
        writer.elector.stop()
        until(lambda: other.elector.leads, "the other is elected")
        server.kubectl("wait", "nncp", "handed", "--for=condition=Available", "--timeout=60s")
        until(lambda: not held(api), "no ghost slots")
    finally:
        other.stop()


def test_a_policy_that_means_no_node_is_ignored(server: Server, api: Api, writer: Writer) -> None:
    server.kubectl("apply", "-f", "-", stdin=manifest("nobody", nodeSelector={"rack": "7"}))
    until(lambda: shown(api, "nobody") == "Ignored", "nobody is meant")
    server.kubectl("wait", "nncp", "nobody", "--for=condition=Ignored", "--timeout=60s")


def test_a_node_that_is_not_ready_is_skipped_by_name(server: Server, api: Api, writer: Writer, fleet: Fleet) -> None:
    fleet.dead = {"n004"}
    ready = {"conditions": [{"type": "Ready", "status": "False"}]}
    api.patch(NODES, "n004", {"status": ready}, subresource="status")
    try:
        server.kubectl("apply", "-f", "-", stdin=manifest("most"))
        server.kubectl("wait", "nncp", "most", "--for=condition=Available", "--timeout=60s")
        message = status(api, "most")["conditions"][0]["message"]
        assert message == "4/5 nodes successfully configured, 1 nodes ignored due to NotReady state (not ready: n004)"
    finally:
        api.patch(
            NODES, "n004", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, subresource="status"
        )
    until(lambda: shown(api, "most") == "Progressing", "it is waited for once it is ready")


def test_enactments_of_deleted_policies_go(server: Server, api: Api, writer: Writer) -> None:
    server.kubectl("apply", "-f", "-", stdin=manifest("brief"))
    server.kubectl("wait", "nncp", "brief", "--for=condition=Available", "--timeout=60s")
    began = time.monotonic()
    server.kubectl("delete", "nncp", "brief")
    until(lambda: not enactments(api, "brief"), "they are gone")
    assert time.monotonic() - began < 10.0


def test_a_policy_with_something_to_put_back_waits_for_its_nodes(
    server: Server, api: Api, writer: Writer, fleet: Fleet
) -> None:
    server.kubectl("apply", "-f", "-", stdin=manifest("tidy", deletionPolicy="Remove"))
    server.kubectl("wait", "nncp", "tidy", "--for=condition=Available", "--timeout=60s")
    until(lambda: api.get(POLICIES, "tidy")["metadata"].get("finalizers") == ["nmstate.io/nncp-agent"], "it is held")
    fleet.dead = {"n000"}
    server.kubectl("delete", "nncp", "tidy", "--wait=false")
    until(
        lambda: enactments(api, "tidy").count("Available") >= 1 and status(api, "tidy")["nodes"]["finished"] == 4,
        "4 are done",
    )
    assert api.get(POLICIES, "tidy")["metadata"]["deletionTimestamp"]
    fleet.dead = set()
    fleet.look()
    until(lambda: not api.list(POLICIES).items, "it goes when the last node is through")


def test_metrics_rise_and_fall_with_policies(server: Server, api: Api, writer: Writer, fleet: Fleet) -> None:
    def counts(name: str, *labels: str) -> float:
        lines = [line for line in writer.metrics().splitlines() if line.startswith(f"kubernetes_nmstate_{name}{{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(f'"{label}"' in line for label in labels))

    fleet.outcome = lambda node, policy: c.FAILED if policy.name == "worse" else c.AVAILABLE
    server.kubectl("apply", "-f", "-", stdin=manifest("better"))
    server.kubectl("apply", "-f", "-", stdin=manifest("worse", maxUnavailable=COUNT))
    until(
        lambda: counts("policies_status", "Available") == 1 == counts("policies_status", "Degraded"), "they are counted"
    )
    until(lambda: counts("enactments_status", "n000", "Failing") == 1, "of a node, too")
    server.kubectl("delete", "nncp", "better", "worse")
    until(lambda: counts("policies_status", "Available") == 0 == counts("policies_status", "Degraded"), "they fall")
    until(lambda: counts("enactments_status", "Available") == 0, "of the nodes, too")


def test_canaries_go_first_and_a_paused_policy_waits(server: Server, api: Api, writer: Writer, fleet: Fleet) -> None:
    order: list[str] = []

    def noted(node: str, policy: Policy) -> c.Row:
        order.append(node)
        return c.AVAILABLE

    fleet.outcome = noted
    server.kubectl("apply", "-f", "-", stdin=manifest("careful", maxUnavailable=COUNT, canaries=["n003"], paused=True))
    until(lambda: enactments(api, "careful") == ["Pending"] * COUNT, "all wait")
    until(lambda: "paused" in str(status(api, "careful")), "it says why")
    assert not held(api) and not order
    server.kubectl("patch", "nncp", "careful", "--type=merge", "-p", '{"spec": {"paused": false}}')
    server.kubectl("wait", "nncp", "careful", "--for=condition=Available", "--timeout=60s")
    assert order[0] == "n003" and sorted(order) == fleet.nodes


def test_an_unfit_policy_is_refused_by_its_definition(server: Server, api: Api) -> None:
    for spec, words in (
        ({"driftPolicy": "Sometimes"}, "spec.driftPolicy"),
        ({"paused": "yes"}, "spec.paused"),
        ({"nodeSelector": {"a": 1}}, "spec.nodeSelector"),
    ):
        said = server.kubectl("apply", "-f", "-", stdin=manifest("unfit", **spec), check=False)
        assert words in said and "alid" in said  # "is invalid" or "error validating", by whoever saw it first


def test_every_version_of_a_policy_is_served_and_its_state_kept_whole(server: Server, api: Api, writer: Writer) -> None:
    for version in ("v1", "v1beta1", "v1alpha1"):
        text = manifest(f"served-{version}").replace("nmstate.io/v1", f"nmstate.io/{version}")
        server.kubectl("apply", "-f", "-", stdin=text.replace('"up"', '"up", "no-such-key": [{"a": 1}]'))
        found = read(api.get(POLICIES, f"served-{version}"))[0].source["spec"]["desiredState"]
        assert found["interfaces"][0]["no-such-key"] == [{"a": 1}]


def test_the_oldest_nmstate_counts_and_what_means_nothing_is_listed(server: Server, api: Api, writer: Writer) -> None:
    for name, spec in (("nmstate", {"tolerations": [{"operator": "Exists"}]}), ("younger", {})):
        body = {"apiVersion": "nmstate.io/v1", "kind": "NMState", "metadata": {"name": name}, "spec": spec}
        server.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        server.kubectl(
            "wait", "nmstate", name, f"--for=condition={'Available' if spec else 'Ignored'}", "--timeout=60s"
        )
    found = api.get(SETTINGS, "nmstate")["status"]["conditions"]
    assert "tolerations: without meaning here" in found[-1]["message"]
    server.kubectl("delete", "nmstate", "nmstate", "younger")
