"""Metrics of the cluster, as dashboards of kubernetes-nmstate know them."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from nncp_agent.central.gauges import counted, gauges, text
from nncp_agent.objects.policy_status import status, summary
from tests.unit.nncp_agent.objects.worlds import NOW, a_policy, nodes, said


def a_state(node: str, interfaces: list[str], config: list[str], running: list[str]) -> dict[str, Any]:
    routes = {
        "config": [{"destination": each} for each in config],
        "running": [{"destination": each} for each in running],
    }
    current = {"interfaces": [{"name": f"x{at}", "type": each} for at, each in enumerate(interfaces)], "routes": routes}
    return {"metadata": {"name": node, "labels": {"a": "b"}}, "status": {"currentState": current}}


def a_told_policy(**rows: str) -> dict[str, Any]:
    return {"status": status(summary(a_policy(), nodes(len(rows)), said(**rows)), NOW)}


def values(policies: Any, enactments: Any, states: Any) -> dict[tuple[str, ...], float]:
    """As a scraper reads them: name and values of labels."""
    found = text_string_to_metric_families(text(gauges(policies, enactments, [counted(each) for each in states])))
    return {(sample.name, *sample.labels.values()): sample.value for family in found for sample in family.samples}


def test_policies_and_enactments_are_counted_by_what_is_true_of_them_and_fall_to_nothing() -> None:
    enactments = said(n0="available", n1="failed")
    found = values([a_told_policy(n0="available"), a_told_policy(n0="failed")], enactments.values(), [])
    assert found["kubernetes_nmstate_policies_status", "Available"] == 1
    assert found["kubernetes_nmstate_policies_status", "Degraded"] == 1
    assert found["kubernetes_nmstate_policies_status", "Progressing"] == 0
    assert found["kubernetes_nmstate_enactments_status", "n0", "Available"] == 1
    assert found["kubernetes_nmstate_enactments_status", "n1", "Available"] == 0
    assert found["kubernetes_nmstate_enactments_status", "n1", "Failing"] == 1


def test_features_are_one_while_somebody_uses_them() -> None:
    used = {"status": {"features": ["bond", "vlan"]}}
    found = values([], [used, used], [])
    assert found["kubernetes_nmstate_features_applied", "bond"] == 1
    assert ("kubernetes_nmstate_features_applied", "vrf") not in found


def test_interfaces_and_routes_are_counted_by_node() -> None:
    state = a_state("n0", ["bond", "ethernet", "ethernet"], ["10.0.0.0/8"], ["10.0.0.0/8", "0.0.0.0/0", "fe80::/64"])
    found = values([], [], [state])
    assert found["kubernetes_nmstate_network_interfaces", "ethernet", "n0"] == 2
    assert found["kubernetes_nmstate_routes", "n0", "ipv4", "static"] == 1
    assert found["kubernetes_nmstate_routes", "n0", "ipv4", "dynamic"] == 1
    assert found["kubernetes_nmstate_routes", "n0", "ipv6", "dynamic"] == 1


def test_of_a_state_only_its_counts_are_kept() -> None:
    kept = counted(a_state("n0", ["bond"] * 1000, [], []))
    assert kept == {"metadata": {"name": "n0"}, "counts": {"interfaces": {"bond": 1000}, "routes": {}}}


def test_strange_names_are_escaped() -> None:
    assert (
        values([], [], [a_state('a"b\\c\nd', ["x"], [], [])])["kubernetes_nmstate_network_interfaces", "x", 'a"b\\c\nd']
        == 1
    )
