"""Policies as objects: read as leniently as kubernetes-nmstate does, and never silently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.documents import Document
from netkernel.documents import read as documents
from netkernel.frozen import replace
from nncp_agent.objects.policy import BY_KEY, FIELDS, Check, Policy, policies, read
from nncp_agent.objects.selectors import matches, selected
from nncp_agent.policy.node import Node
from nncp_agent.policy.resolver import resolve
from nncp_agent.wire import read as read_states
from nncp_agent.wire.report import Report
from nncp_agent.wire.spec import is_fit

NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def manifest(spec: Any = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "nmstate.io/v1",
        "kind": "NodeNetworkConfigurationPolicy",
        "metadata": {"name": "bond1", **metadata},
        "spec": {} if spec is None else spec,
    }


def sound(spec: Any = None, **metadata: Any) -> Policy:
    policy, problems = read(manifest(spec, **metadata))
    assert not problems
    return policy


def test_a_policy_without_extensions_means_what_it_does_in_kubernetes_nmstate() -> None:
    policy = sound({"nodeSelector": {"rack": "7"}, "maxUnavailable": "10%"}, uid="u", generation=3)
    assert (policy.name, policy.uid, policy.generation) == ("bond1", "u", 3)
    assert (policy.node_selector, policy.max_unavailable) == ({"rack": "7"}, "10%")
    assert (policy.paused, policy.priority, policy.drift_policy, policy.deletion_policy) == (
        False,
        0,
        "Report",
        "Retain",
    )
    assert not policy.deleting and not policy.checks and not policy.node_names and not policy.canaries


def test_every_extension_is_read() -> None:
    policy = sound(
        {
            "paused": True,
            "priority": -5,
            "nodeNames": ["a", "b"],
            "labelSelector": {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]},
            "canaries": ["a"],
            "checks": {"dns": {"enabled": False}, "apiServer": {"target": "192.0.2.1:6443", "timeoutSeconds": 10}},
            "driftPolicy": "Repair",
            "deletionPolicy": "Restore",
        },
        deletionTimestamp="2026-01-02T03:04:05Z",
        finalizers=["x"],
    )
    assert (policy.paused, policy.priority, policy.node_names, policy.canaries) == (True, -5, ("a", "b"), ("a",))
    assert policy.checks == {"dns": Check(enabled=False), "apiServer": Check(None, "192.0.2.1:6443", 10)}
    assert (policy.drift_policy, policy.deletion_policy, policy.deleting) == ("Repair", "Restore", True)
    assert policy.finalizers == ("x",)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"paused": "yes"}, "spec.paused: found 'yes', wanted true or false"),
        ({"priority": True}, "spec.priority: found true, wanted a number from -1000000 to 1000000"),
        ({"nodeNames": "a"}, "spec.nodeNames: found 'a', wanted a list"),
        ({"nodeNames": ["a", 2]}, "spec.nodeNames[1]: found 2, wanted text"),
        ({"driftPolicy": "repair"}, "spec.driftPolicy: found 'repair', did you mean 'Repair'?"),
        ({"deletionPolicy": 1}, "spec.deletionPolicy: found 1, wanted text"),
        ({"nodeSelector": {"rack": 7}}, "spec.nodeSelector: found a mapping, wanted a mapping of text to text"),
        ({"maxUnavailable": [1]}, "spec.maxUnavailable: found a list, wanted a number or text"),
        (
            {"checks": {"ping": {}}},
            "spec.checks.ping: unknown key; wanted one of apiServer, dns, gateway, nodeReadiness",
        ),
        (
            {"checks": {"dns": {"timeoutSeconds": 0}}},
            "spec.checks.dns.timeoutSeconds: found 0, wanted a number from 1 to 480",
        ),
        ({"pause": True}, "spec.pause: unknown key; did you mean 'paused'?"),
        (
            {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Int"}]}},
            "spec.labelSelector.matchExpressions[0].operator: found 'Int', did you mean 'In'?",
        ),
        ({"labelSelector": {"matchExpressions": [{}]}}, "spec.labelSelector.matchExpressions[0].key: missing"),
    ],
)  # fmt: skip
def test_what_is_unfit_is_told_with_its_path_and_counts_as_not_stated(spec: dict[str, Any], problem: str) -> None:
    policy, problems = read(manifest(spec))
    assert str(problems[0]) == problem
    assert replace(policy, desired=sound().desired) == sound()


def test_a_documents_problems_have_lines() -> None:
    text = "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: a}\nspec:\n  paused: 3\n"
    assert [str(each) for each in read(documents(text, "a.yaml")[0])[1]] == [
        "a.yaml:5: spec.paused: found 3, wanted true or false"
    ]


@pytest.mark.parametrize("name", ["a" * 64, "-a", "ä", ""])
def test_a_name_that_no_label_can_hold_is_told(name: str) -> None:
    assert any("metadata.name" in str(each) for each in read(manifest(name=name))[1])


@given(NONSENSE | st.dictionaries(st.sampled_from([field.key for field in FIELDS]), NONSENSE).map(manifest))
def test_nonsense_becomes_a_policy_with_problems_and_never_an_error(tree: Any) -> None:
    policy, problems = read(Document(tree))
    assert policy.drift_policy in ("Report", "Repair")
    assert problems or tree["kind"] == "NodeNetworkConfigurationPolicy"


def test_a_policy_that_states_nothing_asks_nothing() -> None:
    policy = sound()
    decoded = read_states([policy.desired])
    assert not decoded.problems and decoded.desired.interfaces is None
    assert policy.source == manifest()


def test_captures_are_resolved_from_the_document_as_from_a_file() -> None:
    spec = {
        "capture": {"gw": 'routes.running.destination == "0.0.0.0/0"'},
        "desiredState": {"interfaces": [{"name": "{{ capture.gw.routes.running.0.next-hop-interface }}", "mtu": 9000}]},
    }
    state = {"routes": {"running": [{"destination": "0.0.0.0/0", "next-hop-interface": "eth1"}]}}
    resolution = resolve([sound(spec).desired], lambda: state, lambda: Node("n"))
    decoded = read_states(resolution.documents)
    assert [each.name for each in decoded.desired.interfaces or ()] == ["eth1"]
    assert [each.name for each in decoded.policies] == ["bond1"]


def test_policies_of_a_list_are_found_and_others_passed_over() -> None:
    tree = {"kind": "List", "apiVersion": "v1", "items": [manifest(), {"kind": "Pod"}, manifest(name="br1")]}
    assert [policy.name for policy, _ in policies(Document(tree))] == ["bond1", "br1"]


def test_defaults_are_fit_themselves() -> None:
    for field in FIELDS:
        report = Report()
        if field.default is not None:
            assert is_fit(field.schema, field.default, (), report), field.key
    assert [field.key for field in FIELDS if not field.is_ours] == [
        "nodeSelector", "maxUnavailable", "capture", "desiredState",
    ]  # fmt: skip
    assert "capture" in BY_KEY


LABELS = {"rack": "7", "kubernetes.io/os": "linux", "empty": ""}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({}, True),
        ({"nodeSelector": {"rack": "7"}}, True),
        ({"nodeSelector": {"rack": "7", "row": "1"}}, False),
        ({"nodeSelector": {"empty": ""}}, True),
        ({"nodeSelector": {"missing": ""}}, False),
        ({"nodeNames": ["worker-1"]}, True),
        ({"nodeNames": ["worker-2"]}, False),
        ({"nodeNames": ["worker-1"], "nodeSelector": {"rack": "8"}}, False),
        ({"labelSelector": {"matchLabels": {"rack": "7"}}}, True),
        ({"labelSelector": {"matchLabels": {"rack": "8"}}}, False),
        ({"canaries": ["worker-2"]}, True),
    ],
)
def test_a_node_is_meant_when_everything_fits(spec: dict[str, Any], fits: bool) -> None:
    assert matches(sound(spec), "worker-1", LABELS) is fits


@pytest.mark.parametrize(
    ("key", "operator", "values", "fits"),
    [
        ("rack", "In", ["6", "7"], True),
        ("rack", "In", ["8"], False),
        ("missing", "In", ["8"], False),
        ("rack", "NotIn", ["7"], False),
        ("rack", "NotIn", ["8"], True),
        ("missing", "NotIn", ["7"], True),
        ("rack", "Exists", [], True),
        ("missing", "Exists", [], False),
        ("rack", "DoesNotExist", [], False),
        ("missing", "DoesNotExist", [], True),
        ("rack", "Gt", ["1"], False),
    ],
)
def test_label_expressions_mean_what_they_do_in_kubernetes(
    key: str, operator: str, values: list[str], fits: bool
) -> None:
    expression = {"key": key, "operator": operator, "values": values}
    assert selected({"matchExpressions": [expression]}, LABELS) is fits
