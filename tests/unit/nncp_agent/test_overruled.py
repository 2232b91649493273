"""Policy after policy: what is remembered of them can be had at boot, and is what the host has now."""

from __future__ import annotations

import pytest

from netkernel.host import Host
from nncp_agent.committed import following
from nncp_agent.model import NetworkState
from nncp_agent.plan import decide
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

BARE = read_host("links: {eth1: , eth2: , eth3: }")
NIC = """
interfaces:
- name: eth1
  mtu: 1400
  ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}
  ipv6: {enabled: true, address: [{ip: "2001:db8::1", prefix-length: 64}]}
routes:
  config:
  - {destination: 0.0.0.0/0, next-hop-interface: eth1, next-hop-address: 192.0.2.9}
  - {destination: "::/0", next-hop-interface: eth1, next-hop-address: "2001:db8::9"}
  - {destination: 203.0.113.0/24, route-type: blackhole}
"""
BRIDGE = """
interfaces:
- name: br0
  type: linux-bridge
  ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}
  bridge: {port: [{name: eth1}]}
routes: {config: [{destination: 0.0.0.0/0, next-hop-interface: br0, next-hop-address: 192.0.2.9}]}
"""
BOND = """
interfaces:
- name: bond0
  type: bond
  link-aggregation: {mode: active-backup, options: {primary: eth1}, port: [eth1, eth2]}
- {name: bond0.5, type: vlan, vlan: {base-iface: bond0, id: 5}}
"""
WIRE = "interfaces: [{name: ve1, type: veth, veth: {peer: ve2}}, {name: ve2, type: veth, mtu: 1400}]"
VLAN = "interfaces: [{name: eth1.5, type: vlan, vlan: {base-iface: eth1, id: 5}}]"
DUMMY = """
interfaces:
- name: dummy0
  type: dummy
  mtu: 1400
  ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}
routes: {config: [{destination: 198.51.100.0/24, next-hop-interface: dummy0}]}
"""


def one(interface: str) -> str:
    return f"interfaces: [{interface}]"


def after(*policies: str) -> tuple[Host, NetworkState]:
    """The host and what is remembered."""
    kernel, committed = FakeKernel(BARE), NetworkState()
    for text in policies:
        decision = decide(policy(text), kernel.snapshot(), committed)
        kernel.execute(decision.ops)
        committed = following(committed, decision.desired, decision.before)
    return kernel.snapshot(), committed


@pytest.mark.parametrize(
    "policies",
    [
        (NIC, BRIDGE),
        (NIC, one("{name: br0, type: linux-bridge}"), one("{name: eth1, controller: br0}")),
        (NIC, one("{name: eth1, state: down}")),
        (NIC, one("{name: eth1, state: down}"), one("{name: eth1, state: up}")),
        (NIC, one("{name: eth1, ipv4: {enabled: false}}")),
        (NIC, one("{name: eth1, state: ignore}")),
        (NIC, BRIDGE, one("{name: br0, state: absent}")),
        (NIC, BRIDGE, one("{name: br0, state: down}")),
        (BOND, one("{name: bond0, state: down}")),
        (BOND, one("{name: bond0, type: bond, link-aggregation: {mode: active-backup, port: [eth2]}}")),
        (VLAN, one("{name: eth1, state: down}")),
        (WIRE, one("{name: ve1, state: absent}")),
        (WIRE, one("{name: ve2, state: absent}")),
        (WIRE, one("{name: ve1, type: veth, veth: {peer: ve3}}")),
        (DUMMY, one("{name: dummy0, state: down}")),
        (DUMMY, one("{name: dummy0, state: down}"), one("{name: dummy0, type: dummy, state: up}")),
    ],
)
def test_what_is_remembered_can_come_back_and_asks_for_nothing_new(policies: tuple[str, ...]) -> None:
    host, committed = after(*policies)
    assert [str(op) for op in decide(committed, host, committed).ops] == []
    booted = FakeKernel(BARE)
    booted.execute(decide(committed, BARE, committed).ops)
    last = decide(policy(policies[-1]), booted.snapshot(), committed)
    assert [str(op) for op in last.ops] == []


def test_a_nic_that_went_down_has_its_addresses_again_when_it_is_asked_up_and_forgets_them_when_absent() -> None:
    down, up, absent = (one(f"{{name: eth1, state: {state}}}") for state in ("down", "up", "absent"))
    assert after(NIC, down)[0].addresses.get("eth1", ()) == ()
    host, _ = after(NIC, down, up)
    assert own(host, "eth1") == ["192.0.2.1", "2001:db8::1"]
    host, _ = after(NIC, down, absent, up)
    assert own(host, "eth1") == []


def own(host: Host, name: str) -> list[str]:
    """Its addresses but for the kernel's."""
    return [each.ip for each in host.addresses.get(name, ()) if not each.ip.startswith("fe80:")]


def test_what_others_made_and_a_policy_set_down_comes_back_as_it_was() -> None:
    dummy = read_host("links: {d9: {kind: dummy, mtu: 1300, addresses: [192.0.2.9/24]}}")
    kernel, committed = FakeKernel(dummy), NetworkState()
    for text in (one("{name: d9, state: down}"), one("{name: d9, state: up}")):
        decision = decide(policy(text), kernel.snapshot(), committed)
        kernel.execute(decision.ops)
        committed = following(committed, decision.desired, decision.before)
    assert kernel.snapshot().links["d9"].mtu == 1300
    assert [each.ip for each in kernel.snapshot().addresses["d9"]] == ["192.0.2.9"]
