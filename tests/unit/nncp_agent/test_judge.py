"""Refusals and warnings that need the host or several interfaces; the golden cases have the rest."""

from __future__ import annotations

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Attrs, Rule
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


OLDER = read_host("""
links:
  t0: {kind: gre, type: 778, local: 192.0.2.1, remote: 192.0.2.2}
  t0.5: {kind: vlan, link: t0, id: 5, protocol: 802.1q}
  bond0: {kind: bond, mode: balance-rr, miimon: 100}
  t1: {kind: gre, type: 778, local: 192.0.2.1, remote: 192.0.2.3, master: bond0}
  eth1: {addresses: [192.0.2.1/24]}
  eth2: {addresses: [198.51.100.1/24]}
routes:
  - 203.0.113.0/24 via 192.0.2.9 on eth1 metric 10
  - 203.0.113.0/24 via 198.51.100.9 on eth2 metric 10
""")
"""What an older kernel has taken, and two routes that iproute2 has put beside each other."""


def test_what_the_host_has_already_may_be_said_again_however_odd() -> None:
    desired = """
    interfaces:
    - {name: t0.5, type: vlan, mtu: 1400, vlan: {base-iface: t0, id: 5}}
    - {name: bond0, type: bond, link-aggregation: {port: [t1]}}
    """
    assert [str(op) for op in decide(policy(desired), OLDER).ops] == ["set t0.5 mtu 1500 -> 1400"]


def test_routes_that_stand_beside_each_other_already_are_no_conflict_of_a_new_one() -> None:
    other = "routes: {config: [{destination: 10.9.0.0/16, next-hop-interface: eth1, next-hop-address: 192.0.2.9}]}"
    assert [str(op) for op in decide(policy(other), OLDER).ops] == ["add route 10.9.0.0/16 via 192.0.2.9 on eth1"]
    third = "{destination: 203.0.113.0/24, next-hop-interface: eth1, next-hop-address: 192.0.2.8, metric: 10}"
    assert problems(f"routes: {{config: [{third}]}}", OLDER) != []


def test_only_options_that_change_are_held_against_what_the_kernel_refuses() -> None:
    def refused(kind: str, attrs: Attrs) -> dict[str, str]:
        return {"miimon": "not today", "updelay": "not today"}

    asked = "interfaces: [{name: bond0, type: bond, link-aggregation: {options: {miimon: %s, updelay: 200}}}]"
    with pytest.raises(InvalidPolicy) as caught:
        decide(policy(asked % 100), OLDER, refusals=refused)
    assert [problem.path for problem in caught.value.problems] == ["bond0: link-aggregation.options.updelay"]
    going = "interfaces: [{name: bond0, type: bond, state: %s, link-aggregation: {options: {updelay: 200}}}]"
    for state in ("down", "absent"):
        assert decide(policy(going % state), OLDER, refusals=refused).ops != ()


def test_a_new_vxlan_is_compared_with_vxlans_alone() -> None:
    host = read_host("""
    links:
      g1: {kind: geneve, id: 7, remote: 192.0.2.2}
      x1: {kind: vxlan, id: 8, remote: 192.0.2.2, port: 4789}
    """)
    asked = "interfaces: [{name: x2, type: vxlan, vxlan: {id: %s, remote: 192.0.2.2, destination-port: 4789}}]"
    assert problems(asked % 8, host) == ["x2: is the same as x1, which is there already"]
    assert decide(policy(asked % 7), host).ops != ()
