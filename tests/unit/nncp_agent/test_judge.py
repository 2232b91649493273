"""Refusals and warnings that need the host or several interfaces; the golden cases have the rest."""

from __future__ import annotations

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Rule
from nncp_agent.errors import InvalidPolicy
from nncp_agent.plan import decide
from tests.host_text import policy, read_host

BRIDGED = read_host("""
links:
  br0: {kind: bridge, mtu: 9000}
  bond0: {kind: bond, mode: active-backup, miimon: 100, mtu: 9000, master: br0}
  eth1: {master: bond0, mtu: 9000}
  eth2:
""")


def problems(desired: str, host: Host) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        decide(policy(desired), host)
    return [str(problem) for problem in caught.value.problems]


def warnings(desired: str, host: Host) -> list[str]:
    return [str(warning) for warning in decide(policy(desired), host).warnings]


@pytest.mark.parametrize("mode", ["balance-alb", "balance-tlb", "balance-rr"])
def test_a_bond_that_changes_frames_under_a_bridge_is_warned_about(mode: str) -> None:
    desired = f"""
interfaces:
- name: bond1
  type: bond
  controller: br0
  mtu: 9000
  link-aggregation: {{mode: {mode}, port: [eth2]}}
"""
    host = read_host("links: {br0: {kind: bridge, mtu: 9000}, eth2: {mtu: 9000}}")
    (warning,) = warnings(desired, host)
    assert warning.startswith(f"bond1: link-aggregation.mode: {mode} under the bridge br0: ")


def test_lowering_a_bond_under_a_bridge_steps_down() -> None:
    desired = """
interfaces:
- {name: br0, type: linux-bridge, mtu: 9000}
- {name: bond0, type: bond, mtu: 1500}
"""
    assert warnings(desired, BRIDGED) == [
        "br0: mtu: 9000 is more than the 1500 of its port bond0: larger frames will be dropped"
    ]


def test_a_bridge_that_follows_its_ports_does_not_step_down() -> None:
    assert warnings("interfaces: [{name: bond0, type: bond, mtu: 1500}]", BRIDGED) == []


def test_a_vlan_on_a_bridge_that_follows_a_smaller_port_is_named() -> None:
    host = read_host("links: {br0: {kind: bridge}, eth1: {master: br0}, v5: {kind: vlan, link: br0, id: 5}}")
    assert problems("interfaces: [{name: eth1, type: ethernet, mtu: 1400}]", host) == [
        "br0: mtu: 1400 is less than the 1500 of v5, which sits on it: name v5 too"
    ]


def test_a_vlan_on_a_port_of_a_bond_that_shrinks_is_named() -> None:
    host = read_host(
        "links: {bond0: {kind: bond, mode: balance-rr}, eth1: {master: bond0}, v5: {kind: vlan, link: eth1, id: 5}}"
    )
    assert problems("interfaces: [{name: bond0, mtu: 1400}]", host) == [
        "eth1: mtu: 1400 is less than the 1500 of v5, which sits on it: name v5 too"
    ]


def test_a_new_vlan_takes_the_mtu_its_base_will_have() -> None:
    desired = "interfaces: [{name: v5, type: vlan, vlan: {base-iface: bond0, id: 5}}, {name: bond0, mtu: 1400}]"
    assert decide(policy(desired), BRIDGED).ops != ()


def test_ipv6_below_its_smallest_mtu_is_refused_whichever_of_the_two_is_stated() -> None:
    small = read_host("links: {eth1: {mtu: 1000}}")
    (problem,) = problems("interfaces: [{name: eth1, type: ethernet, ipv6: {enabled: true}}]", small)
    assert "1280" in problem


def test_ipv6_on_a_link_that_gets_a_small_mtu_from_another_is_refused() -> None:
    desired = "interfaces: [{name: v5, type: vlan, vlan: {base-iface: eth1, id: 5}, ipv6: {enabled: true}}]"
    assert problems(desired, read_host("links: {eth1: {mtu: 1000}}")) == [
        "v5: mtu: wanted 1280 or more: IPv6 is enabled (RFC 8200), found 1000"
    ]
    follower = read_host('links: {br0: {kind: bridge, addresses: ["2001:db8::1/64"]}, eth1: {master: br0}}')
    assert problems("interfaces: [{name: eth1, mtu: 1000}]", follower) == [
        "br0: mtu: wanted 1280 or more: IPv6 is enabled (RFC 8200), found 1000"
    ]


def test_a_base_may_go_down_only_with_what_sits_on_it() -> None:
    desired = "interfaces: [{name: eth2, state: down}, {name: v5, type: vlan, vlan: {base-iface: eth2, id: 5}}]"
    assert problems(desired, BRIDGED) == ["v5: vlan.base-iface: cannot be up on eth2, which is asked to be down"]


def test_a_route_the_host_has_on_a_foreign_link_can_be_stated_again() -> None:
    host = read_host("links: {tun0: {kind: tun}}\nroutes: [10.0.0.0/8 on tun0]")
    assert decide(policy("routes: {config: [{destination: 10.0.0.0/8, next-hop-interface: tun0}]}"), host).ops == ()


def test_absent_rules_are_never_the_kernels_own() -> None:
    absent = "route-rules: {config: [{state: absent}, {ip-from: 192.0.2.0/24, state: absent}]}"
    kernels = replace(BRIDGED, rules=(Rule(4, 0, 255, protocol=2), Rule(4, 32766, 254, protocol=2)))
    assert decide(policy(absent), kernels).ops == ()
    ours = replace(kernels, rules=(*kernels.rules, Rule(4, 1000, 50, protocol=4)))
    assert [str(op) for op in decide(policy(absent), ours).ops] == ["delete rule 1000: ipv4 table 50"]


ALB_UNDER_BR0 = read_host("""
links:
  br0: {kind: bridge, mtu: 9000}
  br1: {kind: bridge}
  bond0: {kind: bond, mode: balance-alb, miimon: 0, updelay: 0, downdelay: 0, all_slaves_active: 0, master: br0}
  eth1: {master: bond0}
""")
ALB = "name: bond0, type: bond, link-aggregation: {mode: balance-alb, port: [eth1], options: {miimon: 0}}"


@pytest.mark.parametrize("more", ["mtu: 9000", "ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}"])
def test_what_is_so_already_is_not_warned_about_again(more: str) -> None:
    assert warnings(f"interfaces: [{{{ALB}}}, {{name: br0, type: linux-bridge, {more}}}]", ALB_UNDER_BR0) == []


def test_a_bond_that_goes_under_another_bridge_is_warned_about_again() -> None:
    (warning,) = warnings(f"interfaces: [{{{ALB}, controller: br1}}]", ALB_UNDER_BR0)
    assert warning.startswith("bond0: link-aggregation.mode: balance-alb under the bridge br1: ")


def test_a_bond_that_changes_is_warned_about_in_whole() -> None:
    desired = ALB.replace("miimon: 0", "miimon: 0, all_slaves_active: dropped, resend_igmp: 2")
    (warning,) = warnings(f"interfaces: [{{{desired}}}]", ALB_UNDER_BR0)
    assert warning.startswith("bond0: link-aggregation.options.miimon: found 0")
