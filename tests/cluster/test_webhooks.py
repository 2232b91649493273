"""The writer's webhooks, asked by a real API server, and the certificate they share."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cluster import Server, until
from netkernel import documents
from nncp_agent.central import certificates
from nncp_agent.central.certificates import Pair
from nncp_agent.central.keys import CONFIGURATION, MUTATING, SECRET, SECRETS, SERVICE, VALIDATING, Keys
from nncp_agent.central.serving import webhooks
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import POLICIES
from nncp_agent.metrics.serving import Doors
from nncp_agent.objects import slots

pytestmark = pytest.mark.cluster

DEPLOY = Path(__file__).parents[2] / "deploy"
BR1 = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/resourceName": "bridge.network.kubevirt.io/br1"}}}


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    server.kubectl("apply", "-k", str(DEPLOY / "crds"))
    server.kubectl("create", "namespace", slots.NAMESPACE)
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    yield made
    made.close()


def served_here(port: int, bundle: str) -> list[dict[str, Any]]:
    """The configurations of deploy/webhooks, asking this process instead of a Service."""
    found: list[Any] = [page.value for page in documents.read((DEPLOY / "webhooks/webhooks.yaml").read_bytes())]
    made = [each for each in found if each["kind"].endswith("WebhookConfiguration")]
    for configuration in made:
        for each in configuration["webhooks"]:
            path = each["clientConfig"].pop("service")["path"]
            each["clientConfig"] = {"url": f"https://localhost:{port}{path}", "caBundle": bundle}
    return made


@pytest.fixture(scope="module")
def hooks(server: Server, api: Api) -> Iterator[Doors]:
    pair = certificates.made(["localhost"], certificates.utc_now())
    doors = Doors("webhooks", ("127.0.0.1", 0), webhooks(lambda *_: BR1), tls=True)
    doors.use(pair)
    doors.start()
    bundle = base64.b64encode(pair.certificate.encode()).decode()
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": served_here(doors.port, bundle)})
    server.kubectl("apply", "-f", "-", stdin=made)
    server.kubectl("label", "namespace", "default", "nncp-agent.nmstate.io/inject=true")
    until(
        lambda: "denied the request" in refused(server, "early", {"interfaces": [{"name": "a", "mtu": "x"}]}),
        "it is asked",
    )
    yield doors
    doors.stop()


def a_policy(name: str, state: Any) -> str:
    kind = {"apiVersion": "nmstate.io/v1", "kind": "NodeNetworkConfigurationPolicy", "metadata": {"name": name}}
    return json.dumps({**kind, "spec": {"desiredState": state}})


def refused(server: Server, name: str, state: Any) -> str:
    """What kubectl says; the policy does not stay when it was taken."""
    said = server.kubectl("apply", "-f", "-", stdin=a_policy(name, state), check=False)
    server.kubectl("delete", "nncp", name, "--ignore-not-found")
    return said


def test_a_typo_is_refused_with_its_path(server: Server, hooks: Doors) -> None:
    bond = {"name": "bond1", "type": "bond", "link-aggregation": {"mode": "active-backup", "options": {"mimon": 100}}}
    said = refused(server, "typo", {"interfaces": [bond]})
    assert "bond1: link-aggregation.options.mimon" in said and "did you mean 'miimon'?" in said


def test_a_name_that_no_label_can_hold_is_refused(server: Server, hooks: Doors) -> None:
    assert "at most 63 characters" in refused(server, "a" * 64, {})


def test_a_good_policy_is_stamped_and_may_be_edited_while_it_is_at_work(server: Server, api: Api, hooks: Doors) -> None:
    for mtu in (1400, 1450):
        server.kubectl("apply", "-f", "-", stdin=a_policy("good", {"interfaces": [{"name": "eth1", "mtu": mtu}]}))
        annotations = api.get(POLICIES, "good")["metadata"]["annotations"]
        assert annotations["nmstate.io/webhook-mutating-timestamp"].isdecimal()
        progressing = [{"type": "Progressing", "status": "True", "reason": "ConfigurationProgressing"}]
        api.patch(POLICIES, "good", {"status": {"conditions": progressing}}, subresource="status")
    server.kubectl("delete", "nncp", "good")


def test_a_pod_gets_the_resource_of_its_network(server: Server, hooks: Doors) -> None:
    annotations = {"k8s.v1.cni.cncf.io/networks": "red,red"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "annotations": annotations}}
    pod["spec"] = {"containers": [{"name": "c", "image": "none"}]}
    said = server.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(pod))
    resources = json.loads(said)["spec"]["containers"][0]["resources"]
    assert resources["limits"] == resources["requests"] == {"bridge.network.kubevirt.io/br1": "2"}


def test_when_nobody_answers_everything_is_let_through(server: Server, api: Api, hooks: Doors) -> None:
    (configuration, _) = served_here(1, "")
    configuration["metadata"]["name"] = "nobody"
    configuration["webhooks"][0]["name"] = "nobody.nncp-agent.nmstate.io"
    server.kubectl("apply", "-f", "-", stdin=json.dumps(configuration))
    server.kubectl("apply", "-f", "-", stdin=a_policy("alone", {}))
    server.kubectl("delete", "nncp", "alone")
    server.kubectl("delete", "validatingwebhookconfiguration", "nobody")


def test_writers_share_one_certificate_and_api_servers_are_told_of_it(server: Server, api: Api) -> None:
    served: dict[str, list[Pair]] = {"leader": [], "other": []}
    for page in documents.read((DEPLOY / "webhooks/webhooks.yaml").read_bytes()):
        server.kubectl("apply", "-f", "-", stdin=json.dumps(page.value))
    parts = [
        Keys(api, slots.NAMESPACE, lambda: False, served["other"].append),
        Keys(api, slots.NAMESPACE, lambda: True, served["leader"].append),
    ]
    for part in parts:
        part.start()
    try:
        until(lambda: served["leader"] and served["other"], "both serve")
        assert served["leader"] == served["other"]
        bundles = {
            each["clientConfig"].get("caBundle")
            for resource in (VALIDATING, MUTATING)
            for each in api.get(resource, CONFIGURATION)["webhooks"]
            if each["clientConfig"]["service"]["name"] == SERVICE
        }
        assert bundles == {api.get(SECRETS, SECRET, slots.NAMESPACE)["data"]["ca.crt"]}
        api.delete(SECRETS, SECRET, slots.NAMESPACE)
        for part in parts:
            part.looks()
        until(lambda: len(served["leader"]) == 2, "a lost one is made anew")
    finally:
        for part in parts:
            part.stop()
        server.kubectl("delete", "-f", str(DEPLOY / "webhooks/webhooks.yaml"))
