"""What a policy means on a host: names, states, ports and who has to go."""

from __future__ import annotations

from nncp_agent.model import NetworkState, State
from nncp_agent.observe import Present
from nncp_agent.resolve import Resolved, resolve
from tests.host_text import policy, read_host

HOST = """
links:
  eth1: {perm_address: "02:00:00:00:00:aa"}
  eth2: {up: false}
  br0: {kind: bridge}
  eth3: {master: br0}
  tap0: {kind: tun, master: br0}
  br0.5: {kind: vlan, link: br0, id: 5}
  br0.5.6: {kind: vlan, link: br0.5, id: 6}
  veth1: {kind: veth, peer: veth2}
  veth2: {kind: veth, peer: veth1}
"""


def resolved(desired: str, host: str = HOST, committed: str = "interfaces: []") -> Resolved:
    before, remembered = read_host(host), policy(committed)
    return resolve(policy(desired), Present(before, remembered), before, remembered)


def test_a_missing_type_is_looked_up_and_remembered_with_the_policy() -> None:
    found = resolved("interfaces: [{name: br0, mtu: 1400}]")
    assert found.wanted["br0"].type == "linux-bridge"
    assert [iface.type for iface in found.desired.interfaces or ()] == ["linux-bridge"]


def test_an_interface_found_by_its_permanent_mac_has_another_name_in_the_policy() -> None:
    found = resolved(
        'interfaces: [{name: uplink, type: ethernet, identifier: mac-address, mac-address: "02:00:00:00:00:AA"}]'
    )
    assert (found.called, found.wanted["eth1"].mac_address) == ({"eth1": "uplink"}, None)


def test_everything_above_a_deleted_link_goes_with_it() -> None:
    assert resolved("interfaces: [{name: br0, state: absent}]").gone == {"br0", "br0.5", "br0.5.6"}


def test_a_veth_goes_with_its_other_end() -> None:
    assert resolved("interfaces: [{name: veth2, state: absent}]").gone == {"veth1", "veth2"}


def test_absent_of_something_nobody_knows_is_fine() -> None:
    found = resolved("interfaces: [{name: nothing, type: bond, state: absent}]")
    assert (found.problems, found.wanted, found.gone) == ((), {}, frozenset())


def test_ports_that_are_down_or_new_are_pulled_in_and_others_are_not() -> None:
    found = resolved("""
interfaces:
- name: br0
  type: linux-bridge
  bridge: {port: [{name: eth2}, {name: eth3}]}
""")
    assert sorted(found.wanted) == ["br0", "eth2"]
    assert found.masters == {"eth2": "br0", "eth3": "br0"}
    assert found.kept == {"tap0"}


def test_a_port_list_in_nobodys_words_leaves_the_ports_alone() -> None:
    found = resolved("interfaces: [{name: br0, type: linux-bridge, mtu: 1500}]")
    assert (found.masters, found.kept) == ({}, frozenset())


def test_a_base_that_is_down_is_pulled_in() -> None:
    found = resolved("interfaces: [{name: v7, type: vlan, vlan: {base-iface: eth2, id: 7}}]")
    assert found.wanted["eth2"].state is State.UP


def test_merged_speaks_of_every_interface_there_will_be() -> None:
    found = resolved("interfaces: [{name: veth1, state: absent}, {name: dummy1, type: dummy}]")
    assert {"dummy1", "eth1", "br0"} <= set(found.merged)
    assert "veth2" not in found.merged


def test_a_new_controller_takes_over_ports_an_earlier_policy_ignored() -> None:
    committed = "interfaces: [{name: eth1, type: ethernet, state: ignore}]"
    new = "interfaces: [{name: bond0, type: bond, link-aggregation: {mode: active-backup, port: [eth1]}}]"
    old = "interfaces: [{name: br0, type: linux-bridge, bridge: {port: [{name: eth1}, {name: eth3}]}}]"
    assert resolved(new, committed=committed).masters["eth1"] == "bond0"
    assert "eth1" in resolved(old, committed=committed).kept


def test_resolving_an_empty_policy_asks_nothing_of_anybody() -> None:
    before = read_host(HOST)
    found = resolve(NetworkState(), Present(before), before, NetworkState())
    assert (found.wanted, found.gone, found.problems) == ({}, frozenset(), ())
