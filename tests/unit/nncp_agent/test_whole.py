"""All problems in one report, and none that only comes from another."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lab.demo.by_hand import TYPOS
from netkernel.documents import Document
from netkernel.documents import read as documents
from nncp_agent import whole, wire
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.model import NetworkState
from nncp_agent.plan import problems
from tests.host_text import read_host
from tests.policies import policies

HOST = read_host("links: {eth0: , eth1: , eth2: , bond0: {kind: bond, mode: active-backup, miimon: 100}}")


def refused(text: str) -> tuple[Problem, ...]:
    """Everything that is wrong with a policy on a node with a bond0 and three NICs."""
    with pytest.raises(InvalidPolicy) as caught:
        whole.refuse(wire.read(documents(textwrap.dedent(text), "typos.yaml")), HOST)
    return caught.value.problems


def paths(text: str) -> list[str]:
    return [problem.path for problem in refused(text)]


def test_what_only_the_host_shows_is_reported_with_the_typing_errors() -> None:
    found = refused(TYPOS)
    assert [problem.path for problem in found] == [
        "bond2: link-aggregation.options.miimom",
        "bond2.4095: vlan.id",
        "bond2: link-aggregation.port",
        "bond2: link-aggregation.options.lacp_rate",
    ]
    assert "eth9 is not on this host" in found[2].message
    assert "found mode active-backup" in found[3].message
    assert [problem.line for problem in found] == [12, 16, 13, 12]


def test_what_was_read_well_is_no_problem() -> None:
    whole.refuse(wire.read(documents("interfaces: [{name: eth0, type: ethernet}]")), HOST)


def test_an_interface_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    assert paths("""
        interfaces:
        - {name: bond2, type: bnod, state: up}
        - {name: bond2.5, type: vlan, vlan: {base-iface: bond2, id: 5}}
        - {name: br1, type: linux-bridge, bridge: {port: [{name: bond2}, {name: eth7}]}}
        routes: {config: [{destination: 0.0.0.0/0, next-hop-interface: bond2, next-hop-address: 192.0.2.1}]}
    """) == ["bond2: type", "br1: bridge.port"]


def test_a_port_list_that_could_not_be_read_lacks_nobody() -> None:
    assert paths("""
        interfaces:
        - {name: bond2, type: bond, link-aggregation: {mode: active-backup, port: eth1}}
        - {name: eth1, type: ethernet, controller: bond2}
    """) == ["bond2: link-aggregation.port"]


@pytest.mark.parametrize("section", ["mod: 802.3ad", "mode: 802.3da"])
def test_options_are_not_held_against_a_mode_that_could_not_be_read(section: str) -> None:
    text = f"interfaces: [{{name: bond0, type: bond, link-aggregation: {{{section}, options: {{lacp_rate: fast}}}}}}]"
    assert len(paths(text)) == 1


def test_addresses_that_could_not_be_read_leave_no_route_without_a_way() -> None:
    assert paths("""
        interfaces:
        - name: eth1
          ipv4: {enabled: true, address: [{ip: 192.0.2.300, prefix-length: 24}]}
        routes: {config: [{destination: 203.0.113.0/24, next-hop-interface: eth1, next-hop-address: 192.0.2.1}]}
    """) == ["eth1: ipv4.address[0].ip"]


@pytest.mark.parametrize(
    "text",
    [
        "interfces: [{name: bond2}]\nroutes: {config: [{destination: 203.0.113.0/24, next-hop-interface: bond2}]}",
        "interfaces: [{nme: bond2}, {name: bond2.5, type: vlan, vlan: {base-iface: bond2, id: 5}}]",
    ],
)
def test_nothing_is_said_to_be_missing_when_some_interface_has_no_name(text: str) -> None:
    assert not [problem for problem in refused(text) if "not on this host" in problem.message]


def test_a_route_that_could_not_be_read_hides_no_other_problem() -> None:
    assert paths("""
        interfaces: [{name: bond2, type: bond, link-aggregation: {mode: active-backup, port: [eth9]}}]
        routes: {config: [{destination: nowhere, next-hop-interface: eth1}]}
    """) == ["routes.config[0].destination", "bond2: link-aggregation.port"]


def test_a_key_that_may_be_either_of_two_lacks_neither() -> None:
    assert paths("""
        interfaces: [{name: ring, type: hsr, hsr: {portq: eth1, port2: eth2, protocol: hsr}}]
    """) == ["ring: hsr.portq"]


NICS = read_host("links: {eth0: , eth1: {up: false}, eth2: {ipv6: true}, eth3: {addresses: [192.0.2.1/24]}}")


def places(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key and list position of a document."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield (*path, key)
        yield from places(value, (*path, key))


def spoilt(tree: Any, path: Sequence[str | int], rename: bool) -> None:
    """Misspells the key at `path`, or its value."""
    for key in path[:-1]:
        tree = tree[key]
    last = path[-1]
    if rename and isinstance(last, str):
        tree[f"{last[:-1]}q"] = tree.pop(last)
    else:
        tree[last] = f"{tree[last]}?!" if isinstance(tree[last], (str, int)) else "?!"


@settings(max_examples=60, deadline=None)
@given(policies(), st.data())
def test_one_mistake_in_a_policy_that_can_hold_is_never_two_problems(
    desired: NetworkState, data: st.DataObject
) -> None:
    assume(not problems(desired, NICS, NetworkState()))
    tree = wire.encode(desired)
    path = data.draw(st.sampled_from(sorted(places(tree), key=str)))
    spoilt(tree, path, data.draw(st.booleans()))
    decoded = wire.read([Document(tree)])
    assume(decoded.problems)
    with pytest.raises(InvalidPolicy) as caught:
        whole.refuse(decoded, NICS)
    assert caught.value.problems == decoded.problems
