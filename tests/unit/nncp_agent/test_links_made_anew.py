"""Links that a plan makes anew: what only /proc/sys tells of them is looked up for it, and stays."""

from __future__ import annotations

from functools import partial

from netkernel.frozen import replace
from netkernel.host import Host
from nncp_agent.plan import Decision, decide, decide_closely
from tests.host_text import policy, read_host

NODE = read_host("links: {eth1: {}, v5: {kind: vlan, link: eth1, id: 5, protocol: 802.1q}}")
OWN = {"net/ipv4/conf/v5/rp_filter": "2", "net/ipv6/neigh/v5/ucast_solicit": "7"}


def decided(desired: str) -> tuple[Decision, list[frozenset[str]]]:
    """The decision, and what was looked at for it beyond the first look."""
    looks = []

    def look(also: frozenset[str]) -> Host:
        looks.append(also - NODE.also)
        return replace(NODE, sysctls={**NODE.sysctls, **OWN}, also=also)

    return decide_closely(partial(decide, policy(desired)), NODE, look), looks


def test_a_vlan_with_another_id_keeps_its_own_settings() -> None:
    decision, looks = decided("interfaces: [{name: v5, type: vlan, vlan: {base-iface: eth1, id: 6}}]")
    assert looks == [frozenset({"settings/v5"})]
    lines = [str(op) for op in decision.ops]
    assert lines[0] == "delete vlan v5"
    assert lines[-2:] == [
        "write net/ipv4/conf/v5/rp_filter none -> 2",
        "write net/ipv6/neigh/v5/ucast_solicit none -> 7",
    ]


def test_settings_of_ipv6_end_with_it() -> None:
    decision, _ = decided("interfaces: [{name: v5, type: vlan, mtu: 1200, vlan: {base-iface: eth1, id: 6}}]")
    assert [str(op) for op in decision.ops if "conf/v5" in str(op) or "neigh" in str(op)] == [
        "write net/ipv4/conf/v5/rp_filter none -> 2"
    ]


def test_whoever_makes_nothing_anew_looks_once() -> None:
    assert decided("interfaces: [{name: v5, type: vlan, mtu: 1400}]")[1] == []
    assert decided("interfaces: [{name: v5, state: absent}]")[1] == []
