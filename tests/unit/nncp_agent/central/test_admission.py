"""What the webhooks answer: every problem with its path, never a false one, and resources as they are counted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import documents
from nncp_agent.central.admission import attachments, inject, policy_problems, stamp, validate
from nncp_agent.objects.policy import KIND

EXAMPLES = Path(__file__).parents[4] / "deploy" / "examples"


def review(found: Any, namespace: str = "default") -> dict[str, Any]:
    request = {"uid": "u-1", "object": found, "namespace": namespace}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def a_policy(state: Any, name: str = "bond1", **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "nmstate.io/v1", "kind": KIND, "metadata": {"name": name}}
    return {**head, "spec": {"desiredState": state, **spec}}


def bond(**options: Any) -> dict[str, Any]:
    return {"interfaces": [{"name": "bond1", "type": "bond", "state": "up", "link-aggregation": options}]}


def test_a_typo_is_answered_with_its_path() -> None:
    answer = validate(review(a_policy(bond(mode="active-backup", port=["eth1"], options={"mimon": "100"}))))
    assert answer["response"]["uid"] == "u-1" and not answer["response"]["allowed"]
    message = answer["response"]["status"]["message"]
    assert message.startswith("bond1: link-aggregation.options.mimon") and "did you mean 'miimon'?" in message


def test_all_problems_are_told_at_once_and_none_twice() -> None:
    found = list(policy_problems(a_policy({"interfaces": [{"nam": 1}]}, name="a" * 64, paused="yes")))
    assert len(found) == len(set(found)) >= 3
    assert any("metadata.name" in each for each in found) and any("spec.paused" in each for each in found)


def test_a_capture_that_is_no_expression_is_told() -> None:
    found = list(policy_problems(a_policy({}, capture={"gw": "routes.running.destination =="})))
    assert len(found) == 1 and "spec.capture.gw" in found[0]


@pytest.mark.parametrize(
    "policy",
    [
        a_policy(bond(mode="active-backup", port=["eth1"])),
        a_policy({"interfaces": [{"name": "{{ node.labels.uplink }}", "mtu": "{{ node.labels.mtu }}"}]}),
        a_policy(
            {"interfaces": [{"name": "{{ capture.gw.routes.running.0.next-hop-interface }}"}]},
            capture={"gw": 'routes.running.destination == "0.0.0.0/0"'},
        ),
        a_policy({}),
        a_policy(None),
    ],
)
def test_what_only_a_node_can_judge_is_let_through(policy: dict[str, Any]) -> None:
    assert list(policy_problems(policy)) == []
    assert validate(review(policy))["response"] == {"uid": "u-1", "allowed": True}


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_let_through(path: Path) -> None:
    for page in documents.read(path.read_bytes(), path.name):
        value: Any = page.value
        if isinstance(value, dict) and value.get("kind") == KIND:
            assert list(policy_problems(value)) == []


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=3), x),
        max_leaves=5,
    )
)
def test_nonsense_is_answered(found: Any) -> None:
    for each in (found, {"kind": KIND, "spec": found}, {"kind": KIND, "metadata": found}):
        assert validate(review(each))["response"]["allowed"] in (True, False)


def test_what_is_no_policy_is_nobodys_business() -> None:
    assert validate(review({"kind": "Pod"}))["response"]["allowed"]
    assert validate({})["response"]["allowed"]


def patched(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(base64.b64decode(answer["response"].get("patch", "W10=")))
    return found


def test_the_timestamp_is_put_beside_other_annotations() -> None:
    (bare,) = patched(stamp(review({"metadata": {}}), 17))
    assert bare == {
        "op": "add",
        "path": "/metadata/annotations",
        "value": {"nmstate.io/webhook-mutating-timestamp": "17"},
    }
    (beside,) = patched(stamp(review({"metadata": {"annotations": {"a": "b"}}}), 17))
    assert beside["path"] == "/metadata/annotations/nmstate.io~1webhook-mutating-timestamp" and beside["value"] == "17"


BR1 = {"k8s.v1.cni.cncf.io/resourceName": "bridge.network.kubevirt.io/br1"}
DEFINITIONS = {
    ("default", "a"): {"metadata": {"annotations": BR1}},
    ("other", "b"): {"metadata": {"annotations": {**BR1, "k8s.v1.cni.cncf.io/nodeSelector": "rack=7"}}},
    ("default", "plain"): {"metadata": {}},
}


def a_pod(networks: str, **container: Any) -> dict[str, Any]:
    annotations = {"k8s.v1.cni.cncf.io/networks": networks}
    return {
        "metadata": {"annotations": annotations},
        "spec": {"containers": [{"name": "one", **container}, {"name": "two"}]},
    }


def injected(pod: dict[str, Any], namespace: str = "default") -> list[dict[str, Any]]:
    return patched(inject(review(pod, namespace), lambda *key: DEFINITIONS.get(key)))


def test_a_pods_first_container_gets_what_its_network_names() -> None:
    (found,) = injected(a_pod("a"))
    want = {"bridge.network.kubevirt.io/br1": "1"}
    assert found == {"op": "add", "path": "/spec/containers/0/resources", "value": {"requests": want, "limits": want}}


def test_two_attachments_count_twice_and_a_selector_comes_along() -> None:
    resources, selector = injected(a_pod('[{"name": "a"}, {"name": "b", "namespace": "other"}]'))
    assert resources["value"]["requests"] == {"bridge.network.kubevirt.io/br1": "2"}
    assert selector == {"op": "add", "path": "/spec/nodeSelector", "value": {"rack": "7"}}


def test_what_a_user_states_stands() -> None:
    stated = {
        "requests": {"cpu": "1", "bridge.network.kubevirt.io/br1": "5"},
        "limits": {"bridge.network.kubevirt.io/br1": "5"},
    }
    assert injected(a_pod("a", resources=stated)) == []
    (found,) = injected(a_pod("a", resources={"requests": {"cpu": "1"}}))
    assert found["op"] == "replace" and found["value"]["requests"] == {
        "cpu": "1",
        "bridge.network.kubevirt.io/br1": "1",
    }


@pytest.mark.parametrize("networks", ["", "plain", "missing", "[{", '[{"nam": 1}]', "[1]", ","])
def test_other_pods_stay_as_they_are(networks: str) -> None:
    assert injected(a_pod(networks)) == []
    assert injected(a_pod("a"), "kube-system") == [] and injected({}) == []


def test_networks_are_read_in_both_forms() -> None:
    assert [*attachments("a, ns/b@eth7,c", "here")] == [("here", "a"), ("ns", "b"), ("here", "c")]
    assert [*attachments('[{"name":"a"},{"name":"b","namespace":"ns"}]', "here")] == [("here", "a"), ("ns", "b")]
