"""A node's state as it is published: what of it, when it is another, what becomes of one that is too large."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncp_agent import shown
from nncp_agent.objects import conditions, state_size
from nncp_agent.objects import node_state as ns
from tests.strategies import busy, grown

ABOUT = ns.About(node="n1", uid="u1", version="0.1.0", labels={"app.kubernetes.io/component": "handler"})
NOW, LATER = "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z"


def a_state(*names: str, **more: Any) -> dict[str, Any]:
    return {"interfaces": [{"name": name, "type": "ethernet", "state": "up"} for name in names], **more}


def names_of(state: dict[str, Any]) -> list[str]:
    return [each["name"] for each in state["interfaces"]]


def test_the_object_is_named_after_its_node_and_owned_by_it() -> None:
    made = ns.node_state(ABOUT, a_state("eth0"), NOW)
    assert made["kind"] == "NodeNetworkState" and made["apiVersion"] == "nmstate.io/v1beta1"
    assert made["metadata"] == {
        "name": "n1",
        "labels": {"app.kubernetes.io/component": "handler"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u1"}],
    }
    assert made["status"]["currentState"] == a_state("eth0")
    assert made["status"]["handlerNmstateVersion"] == "0.1.0"
    assert made["status"]["lastSuccessfulUpdateTime"] == NOW
    assert [conditions.status(made["status"]["conditions"], each) for each in ("Available", "Failing")] == [
        "True",
        "False",
    ]


def test_without_a_cluster_nobody_owns_it() -> None:
    assert "ownerReferences" not in ns.node_state(ns.About(node="n1"), a_state(), NOW)["metadata"]


def test_the_time_is_that_of_the_last_change_and_not_of_the_last_look() -> None:
    first = ns.node_state(ABOUT, a_state("eth0"), NOW)
    same = ns.node_state(ABOUT, a_state("eth0"), LATER, first)
    assert same["status"]["lastSuccessfulUpdateTime"] == NOW
    assert ns.says_the_same(first, same)
    other = ns.node_state(ABOUT, a_state("eth0", "eth1"), LATER, first)
    assert other["status"]["lastSuccessfulUpdateTime"] == LATER
    assert not ns.says_the_same(first, other)


@pytest.mark.parametrize("about", [ns.About(node="n1", uid="u2", version="0.1.0"), ns.About(node="n1", uid="u1")])
def test_another_owner_or_version_is_worth_writing(about: ns.About) -> None:
    assert not ns.says_the_same(ns.node_state(ABOUT, a_state(), NOW), ns.node_state(about, a_state(), NOW))


def test_a_label_of_somebody_else_is_no_difference() -> None:
    mine = ns.node_state(ABOUT, a_state(), NOW)
    theirs = {**mine, "metadata": {**mine["metadata"], "labels": {**mine["metadata"]["labels"], "team": "blue"}}}
    assert ns.says_the_same(mine, theirs)


def test_who_asked_for_a_new_look_keeps_his_label() -> None:
    old = {"metadata": {"labels": {ns.REFRESH_LABEL: "17"}}}
    assert ns.refresh_of(ns.node_state(ABOUT, a_state(), NOW, old)) == "17"


def test_a_look_that_fails_keeps_what_was_seen_and_says_so() -> None:
    old = ns.node_state(ABOUT, a_state("eth0"), NOW)
    made = ns.failing(ABOUT, "the kernel gave no answer", LATER, old)
    assert made["status"]["currentState"] == a_state("eth0")
    assert made["status"]["lastSuccessfulUpdateTime"] == NOW
    assert {each["type"]: (each["status"], each.get("message", "")) for each in ns.conditions_of(made)} == {
        "Available": ("False", ""),
        "Failing": ("True", "the kernel gave no answer"),
    }
    assert all(each["lastTransitionTime"] == LATER for each in ns.conditions_of(made))


def test_lifetimes_and_timers_run_and_are_left_out() -> None:
    leased = {"ip": "192.0.2.1", "prefix-length": 24, "valid-life-time": "99sec", "preferred-life-time": "9sec"}
    bridge = {"options": {"gc-timer": 3, "hello-timer": 1, "mac-ageing-time": 300}, "port": []}
    state = {"interfaces": [{"name": "br1", "ipv4": {"enabled": True, "address": [leased]}, "bridge": bridge}]}
    assert ns.current_state(state)["interfaces"] == [
        {
            "name": "br1",
            "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24, "dynamic": True}]},
            "bridge": {"options": {"mac-ageing-time": 300}, "port": []},
        }
    ]


def test_what_is_left_out_takes_its_routes_and_ports_along() -> None:
    bridge = {"port": [{"name": "eth0"}, {"name": "veth1"}]}
    bond = {"port": ["eth0", "veth1"]}
    routes = [{"destination": "10.0.0.0/8", "next-hop-interface": each} for each in ("br1", "veth1")]
    state = a_state("eth0", "veth1", routes={"running": routes, "config": []})
    state["interfaces"] += [{"name": "br1", "bridge": bridge}, {"name": "bond1", "link-aggregation": bond}]
    made = ns.current_state(state, pods=["veth1"])
    assert names_of(made) == ["eth0", "br1", "bond1"]
    assert made["interfaces"][1]["bridge"]["port"] == [{"name": "eth0"}]
    assert made["interfaces"][2]["link-aggregation"]["port"] == ["eth0"]
    assert made["routes"] == {"running": routes[:1], "config": []}


@pytest.mark.parametrize(
    ("include", "exclude", "left"),
    [
        ((), (), ["eth0", "eth1"]),
        ((), ("eth*",), []),
        (("eth0",), ("eth*",), ["eth0"]),
        (("veth?",), (), ["eth0", "eth1", "veth1"]),
        (("*",), ("*",), ["eth0", "eth1", "veth1"]),
        (("[ev]*",), ("veth1",), ["eth0", "eth1", "veth1"]),
    ],
)
def test_globs_choose_interfaces(include: tuple[str, ...], exclude: tuple[str, ...], left: list[str]) -> None:
    made = ns.current_state(a_state("eth0", "eth1", "veth1"), ns.Wanted(include, exclude), ["veth1"])
    assert names_of(made) == left


def test_sections_of_which_kubernetes_nmstate_says_nothing_are_there() -> None:
    state = a_state(hostname={"running": "n1"}, **{"route-rules": {"config": []}})
    assert ns.current_state(state) == state


@given(busy())
def test_a_second_look_at_any_host_says_the_same(history: list[Any]) -> None:
    host = grown(history)
    one, two = (ns.node_state(ABOUT, ns.current_state(shown.state(host)), now) for now in (NOW, LATER))
    assert ns.says_the_same(one, two)
    assert json.loads(json.dumps(one)) == one


def large(count: int) -> dict[str, Any]:
    state = a_state(*(f"eth{number}" for number in range(count)))
    for number, each in enumerate(state["interfaces"]):
        each["ethtool"] = {"feature": {"gro": True}}
        if number % 10 == 9:
            each["ipv4"] = {"address": [{"ip": f"192.0.2.{number % 250}", "prefix-length": 24}]}
    route = {"destination": "198.51.100.0/24", "next-hop-interface": "eth9"}
    return {**state, "routes": {"running": [route] * count, "config": [route] * (count // 2)}}


@given(st.integers(0, 60), st.integers(20, 12_000))
def test_no_state_is_larger_than_it_may_be(count: int, most: int) -> None:
    state = large(count)
    fits, cut = state_size.fitted(state, most)
    assert state_size.size_of(fits) <= most
    assert bool(cut) == (fits != state)


def test_what_is_worth_least_goes_first_and_is_told() -> None:
    state = large(20)
    seen = []
    for most in (5000, 3000, 1500, 500):
        fits, cut = state_size.fitted(state, most)
        seen.append((len(fits["interfaces"]), len(fits["routes"]["running"]), len(fits["routes"]["config"]), cut))
    assert [each[:3] for each in seen] == [(20, 20, 10), (20, 16, 10), (20, 0, 3), (5, 0, 0)], seen
    assert seen[-1][3] == [
        "ethtool of 20 interfaces",
        "20 of 20 running routes",
        "10 of 10 config routes",
        "15 of 20 interfaces",
    ]
    assert {"eth9", "eth19"} <= set(names_of(state_size.fitted(state, 500)[0])), "those with addresses stay"


def test_a_condition_says_what_was_left_out_and_goes_when_it_fits_again() -> None:
    made = ns.node_state(ABOUT, large(20), NOW, most=3000)
    last = ns.conditions_of(made)[-1]
    assert (last["type"], last["status"], last["reason"]) == ("Truncated", "True", "TooLarge")
    assert last["message"].startswith("left out to stay below 3000 bytes: ethtool of 20 interfaces, ")
    assert conditions.leading(ns.conditions_of(made)) == "Available", "what kubectl shows"
    again = ns.node_state(ABOUT, large(2), LATER, made)
    assert [each["type"] for each in ns.conditions_of(again)] == ["Available", "Failing"]


def test_a_name_that_is_no_text_is_spelt_and_stays_the_same_name_in_every_store() -> None:
    made = ns.node_state(ABOUT, a_state("eth\udcff", "\\udcff"), NOW)
    assert names_of(made["status"]["currentState"]) == ["eth\\xff", "\\udcff"]
    stored = json.loads(json.dumps(made).encode())
    assert ns.says_the_same(stored, ns.node_state(ABOUT, a_state("eth\udcff", "\\udcff"), LATER, stored))


@given(busy())
def test_what_is_remembered_of_an_object_is_enough_to_compare_it(history: list[Any]) -> None:
    host = grown(history)
    first = ns.node_state(ABOUT, ns.current_state(shown.state(host)), NOW)
    kept = ns.remembered(first)
    again = ns.node_state(ABOUT, ns.current_state(shown.state(host)), LATER, kept)
    assert ns.says_the_same(kept, again) and ns.says_the_same(again, kept) and ns.says_the_same(kept, kept)
    assert again["status"]["lastSuccessfulUpdateTime"] == NOW
    other = ns.node_state(ABOUT, a_state("eth99"), LATER, kept)
    assert not ns.says_the_same(kept, other) and other["status"]["lastSuccessfulUpdateTime"] == LATER
