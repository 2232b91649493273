"""deploy/ on a real API server: taken as it stands, and what each identity may do is what it needs and no more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from lab import cluster
from lab.cluster import Server, until

pytestmark = pytest.mark.cluster

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
DAEMON: Final = "system:serviceaccount:nncp-agent:nncp-daemon"
CENTRAL: Final = "system:serviceaccount:nncp-agent:nncp-central"
NNCP, NNCE, NNS = (
    f"nodenetwork{each}.nmstate.io" for each in ("configurationpolicies", "configurationenactments", "states")
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With everything applied in the order of the words in deploy/base."""
    with cluster.running(tmp_path_factory.mktemp("api")) as running:
        running.kubectl("apply", "-k", str(DEPLOY / "crds"))
        running.kubectl("wait", "--for=condition=established", "crd", "--all")
        running.kubectl("apply", "-k", str(DEPLOY / "base"))
        running.kubectl("apply", "-k", str(DEPLOY / "webhooks"))
        yield running


def kinds(text: str) -> list[str]:
    return sorted(f"{each['kind']}/{each['metadata']['name']}" for each in json.loads(text)["items"])


@pytest.mark.parametrize("folder", ["crds", "base", "webhooks"])
def test_a_folder_is_taken_whole_again_and_as_a_dry_run(server: Server, folder: str) -> None:
    built = server.kubectl("kustomize", str(DEPLOY / folder))
    dry = server.kubectl("apply", "--dry-run=server", "-f", "-", stdin=built)
    assert dry.count("(server dry run)") == built.count("\nkind: ") + built.startswith("kind: ")
    again = server.kubectl("apply", "-k", str(DEPLOY / folder))
    assert "created" not in again
    changed = [line for line in again.splitlines() if "unchanged" not in line]
    assert changed == [], "what is applied twice is as it was"


def test_every_example_is_taken_as_it_stands(server: Server) -> None:
    """With empty labels in selectors, zeros and flags that are false, as people write them."""
    examples = str(DEPLOY / "examples")
    said = server.kubectl("apply", "-f", examples)
    assert said.count(" created\n") == len(list((DEPLOY / "examples").glob("*.yaml"))), said
    kept = json.loads(server.kubectl("get", "nncp", "worker-bond1", "-o", "json"))
    assert kept["spec"]["nodeSelector"] == {"node-role.kubernetes.io/worker": ""}
    server.kubectl("delete", "-f", examples)


def test_pods_are_made_as_the_namespace_allows(server: Server) -> None:
    """No controller is here that would make them of their templates."""
    for kind, name in (("daemonset", "nncp-daemon"), ("deployment", "nncp-central")):
        template = json.loads(server.kubectl("get", "-n", "nncp-agent", kind, name, "-o", "json"))["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        pod["metadata"] = {**template["metadata"], "name": name}
        said = server.kubectl("create", "--dry-run=server", "-n", "nncp-agent", "-f", "-", stdin=json.dumps(pod))
        assert "created" in said


ALLOWED: Final[Sequence[tuple[str, str, str]]] = [
    *((DAEMON, verb, NNCP) for verb in ("get", "list", "watch")),
    *((DAEMON, verb, NNCE) for verb in ("get", "list", "watch", "create", "update", "patch", "delete")),
    *((DAEMON, verb, f"{NNCE}/status") for verb in ("update", "patch")),
    *((DAEMON, verb, NNS) for verb in ("get", "watch", "create", "update", "patch")),
    *((DAEMON, verb, f"{NNS}/status") for verb in ("update", "patch")),
    *((DAEMON, verb, "nodes") for verb in ("get", "list", "watch")),
    (DAEMON, "patch", "nodes/status"),
    (DAEMON, "watch", "nmstates.nmstate.io"),
    (DAEMON, "get", "namespaces/default"),
    *((DAEMON, verb, "leases.coordination.k8s.io -n nncp-agent") for verb in ("list", "watch", "create", "patch")),
    (DAEMON, "create", "events -n default"),
    *((CENTRAL, verb, NNCP) for verb in ("list", "watch", "patch")),
    *((CENTRAL, verb, f"{NNCP}/status") for verb in ("update", "patch")),
    *((CENTRAL, verb, NNCE) for verb in ("list", "watch", "delete")),
    *((CENTRAL, verb, "leases.coordination.k8s.io -n nncp-agent") for verb in ("create", "update", "delete")),
    *((CENTRAL, verb, each) for verb in ("list", "watch") for each in ("nodes", "pods")),
    (CENTRAL, "patch", "nmstates.nmstate.io/status"),
]
REFUSED: Final[Sequence[tuple[str, str, str]]] = [
    *((DAEMON, verb, each) for verb in ("create", "update", "patch", "delete") for each in (NNCP, f"{NNCP}/status")),
    *((DAEMON, verb, "nodes") for verb in ("create", "update", "patch", "delete")),
    *((DAEMON, verb, "secrets -n nncp-agent") for verb in ("get", "list", "create")),
    *((DAEMON, verb, "pods") for verb in ("create", "patch", "delete")),
    (DAEMON, "create", "pods/exec -n nncp-agent"),
    (DAEMON, "delete", NNS),
    (DAEMON, "get", "namespaces/kube-system"),
    (DAEMON, "delete", "leases.coordination.k8s.io -n nncp-agent"),
    (DAEMON, "create", "leases.coordination.k8s.io -n kube-system"),
    (DAEMON, "create", "events -n kube-system"),
    *((CENTRAL, verb, each) for verb in ("create", "update", "patch") for each in (NNCE, f"{NNCE}/status", NNS)),
    *((CENTRAL, verb, NNCP) for verb in ("create", "delete")),
    *((CENTRAL, verb, each) for verb in ("patch", "update") for each in ("nodes", "nodes/status", "pods")),
    *((CENTRAL, verb, "secrets -n nncp-agent") for verb in ("get", "list", "watch", "delete")),
    (CENTRAL, "create", "secrets -n default"),
    (CENTRAL, "patch", "validatingwebhookconfigurations.admissionregistration.k8s.io"),
    (CENTRAL, "create", "leases.coordination.k8s.io -n kube-system"),
]  # fmt: skip


def may(server: Server, who: str, verb: str, what: str) -> bool:
    """As a SubjectAccessReview answers it."""
    name, _, namespace = what.partition(" -n ")
    resource, _, rest = name.partition("/")
    plural, _, group = resource.partition(".")
    attributes: dict[str, Any] = {"verb": verb, "resource": plural, "group": group, "namespace": namespace}
    attributes |= {"name": rest} if plural == "namespaces" else {"subresource": rest}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": who, "groups": ["system:authenticated"], "resourceAttributes": attributes},
    }
    made = server.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(review))
    return bool(json.loads(made)["status"]["allowed"])


def test_each_identity_may_do_what_it_has_to(server: Server) -> None:
    assert [asked for asked in ALLOWED if not may(server, *asked)] == []


def test_each_identity_is_refused_what_it_has_no_need_of(server: Server) -> None:
    assert [asked for asked in REFUSED if may(server, *asked)] == []


def test_a_daemon_reports_and_cannot_write_a_policy(server: Server) -> None:
    policy = {
        "apiVersion": "nmstate.io/v1",
        "kind": "NodeNetworkConfigurationPolicy",
        "metadata": {"name": "stolen"},
        "spec": {"desiredState": {"interfaces": []}},
    }
    report = {
        "apiVersion": "nmstate.io/v1beta1",
        "kind": "NodeNetworkConfigurationEnactment",
        "metadata": {"name": "node1.p", "labels": {"nmstate.io/node": "node1", "nmstate.io/policy": "p"}},
    }
    with pytest.raises(subprocess.CalledProcessError) as refused:
        server.kubectl("create", f"--as={DAEMON}", "-f", "-", stdin=json.dumps(policy))
    assert "is forbidden" in refused.value.stderr
    assert "created" in server.kubectl("create", f"--as={DAEMON}", "-f", "-", stdin=json.dumps(report))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        server.kubectl("label", f"--as={CENTRAL}", "nnce", "node1.p", "nmstate.io/node=node2", "--overwrite")
    assert "is forbidden" in refused.value.stderr
    assert "deleted" in server.kubectl("delete", f"--as={CENTRAL}", "nnce", "node1.p")


def token(server: Server, node: str) -> str:
    """What the kubelet of a node would give to the daemon's pod there."""
    name = f"daemon-on-{node}"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "nncp-agent"},
        "spec": {"serviceAccountName": "nncp-daemon", "nodeName": node, "containers": [{"name": "c", "image": "i"}]},
    }
    server.kubectl(
        "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    )
    made = json.loads(server.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(pod)))
    bound = {"kind": "Pod", "apiVersion": "v1", "name": name, "uid": made["metadata"]["uid"]}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": bound}}
    path = "/api/v1/namespaces/nncp-agent/serviceaccounts/nncp-daemon/token"
    answer = server.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(asked))
    return str(json.loads(answer)["status"]["token"])


def test_a_daemon_of_one_node_writes_no_other_where_the_server_can_hold_it(server: Server) -> None:
    """Servers before 1.30 have no admission policies: there deploy/admission is refused, and nothing holds it."""
    if "admission-policies" not in server.features():
        said = server.kubectl("apply", "-k", str(DEPLOY / "admission"), check=False)
        assert 'no matches for kind "ValidatingAdmissionPolicy"' in said
        return
    server.kubectl("apply", "-k", str(DEPLOY / "admission"))
    mine = token(server, "node1")

    def reports(node: str) -> str:
        report = {
            "apiVersion": "nmstate.io/v1beta1",
            "kind": "NodeNetworkState",
            "metadata": {"name": node},
        }
        return server.kubectl(f"--token={mine}", "apply", "-f", "-", stdin=json.dumps(report), check=False)

    until(lambda: "writes that node only" in reports("node2"), "the policy counts")
    assert "node1" in reports("node1")
