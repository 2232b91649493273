"""What the kernel should hold once a policy is true."""

from __future__ import annotations

from netkernel import devconf
from netkernel.host import Host
from nncp_agent.plan import decide
from tests.host_text import policy, read_host

HOST = read_host("""
links:
  eth1: {addresses: ["2001:db8::1/64", "fe80::1/64"]}
  eth2: {up: false, ipv6: true}
  bond0: {kind: bond, mode: active-backup, miimon: 100, address: "02:00:00:00:00:04"}
  eth3: {master: bond0}
  bond0.5: {kind: vlan, link: bond0, id: 5, address: "02:00:00:00:00:04"}
""")


def target(desired: str, host: Host = HOST) -> Host:
    return decide(policy(desired), host).target


def conf(host: Host, name: str) -> dict[str, int | None]:
    return {key: devconf.get(host.links[name].conf6, key) for key in ("disable_ipv6", "accept_ra", "autoconf")}


def test_links_nobody_speaks_of_are_the_same_objects() -> None:
    after = target("interfaces: [{name: eth2, type: ethernet, mtu: 9000}]")
    assert all(after.links[name] is link for name, link in HOST.links.items() if name != "eth2")


def test_a_new_link_that_states_no_ipv6_has_none() -> None:
    after = target("interfaces: [{name: dummy1, type: dummy}]")
    assert conf(after, "dummy1") == {"disable_ipv6": 1, "accept_ra": 0, "autoconf": None}


def test_static_ipv6_listens_to_no_router() -> None:
    stack = 'ipv6: {enabled: true, address: [{ip: "2001:db8:1::1", prefix-length: 64}]}'
    after = target(f"interfaces: [{{name: dummy1, type: dummy, {stack}}}]")
    assert conf(after, "dummy1") == {"disable_ipv6": 0, "accept_ra": 0, "autoconf": 0}


def test_a_link_that_comes_up_without_ipv6_gets_no_link_local_address() -> None:
    assert conf(target("interfaces: [{name: eth2, type: ethernet, state: up}]"), "eth2")["disable_ipv6"] == 1


def test_a_link_that_grows_large_enough_for_ipv6_does_not_get_it_unasked() -> None:
    host = read_host("links: {eth1: {mtu: 1000}}")
    assert conf(target("interfaces: [{name: eth1, mtu: 1500}]", host), "eth1")["disable_ipv6"] == 1


def test_ipv6_that_is_on_already_keeps_its_settings_and_its_link_local_address() -> None:
    stack = 'ipv6: {enabled: true, address: [{ip: "2001:db8::2", prefix-length: 64}]}'
    after = target(f"interfaces: [{{name: eth1, type: ethernet, {stack}}}]")
    assert after.links["eth1"].conf6 == HOST.links["eth1"].conf6
    assert [each.ip for each in after.addresses["eth1"]] == ["2001:db8::2", "fe80::1"]


def test_autoconf_false_on_a_listening_link_stops_it_listening() -> None:
    after = target("interfaces: [{name: eth1, type: ethernet, ipv6: {enabled: true, autoconf: false}}]")
    assert conf(after, "eth1") == {"disable_ipv6": 0, "accept_ra": 0, "autoconf": 0}


def test_vlans_follow_the_mac_of_their_base_and_not_the_policy() -> None:
    after = target('interfaces: [{name: bond0, type: bond, mac-address: "02:00:00:00:00:77"}]')
    assert "address" not in after.links["bond0.5"].attrs
    assert "address" not in after.links["eth3"].attrs


def test_a_bonds_mtu_is_its_ports_mtu() -> None:
    assert target("interfaces: [{name: bond0, type: bond, mtu: 9000}]").links["eth3"].mtu == 9000


def test_what_leaves_a_bond_gets_back_what_it_came_with() -> None:
    after = target("interfaces: [{name: bond0, type: bond, state: absent}]")
    assert after.links["eth3"].attrs.keys() & {"address", "mtu"} == set()
    assert (after.links["eth3"].master, after.links["eth3"].up) == ("", True)


def test_a_new_bridge_is_pinned_to_the_mac_its_bond_will_have() -> None:
    after = target("""
interfaces:
- name: br0
  type: linux-bridge
  bridge: {port: [{name: bond1}, {name: dummy1}]}
- name: bond1
  type: bond
  link-aggregation: {mode: active-backup, port: [eth2, eth1]}
- {name: dummy1, type: dummy}
""")
    assert after.links["br0"].address == HOST.links["eth1"].address


def test_a_bridge_that_was_never_pinned_goes_on_floating() -> None:
    host = read_host("links: {br0: {kind: bridge, address_assigned: 0}, eth1: {master: br0}, eth2: }")
    after = target("interfaces: [{name: br0, type: linux-bridge, bridge: {port: [{name: eth2}]}}]", host)
    assert after.links["br0"].attrs.keys() & {"address", "mtu"} == set()


def test_a_bridge_that_loses_its_last_port_under_a_vlan_keeps_its_mac() -> None:
    host = read_host("""
links:
  br0: {kind: bridge, address_assigned: 0, address: "02:00:00:00:00:02"}
  eth1: {master: br0, address: "02:00:00:00:00:02"}
  br0.5: {kind: vlan, link: br0, id: 5, address: "02:00:00:00:00:02"}
""")
    after = target("interfaces: [{name: br0, type: linux-bridge, bridge: {port: []}}]", host)
    assert (after.links["br0"].address, after.links["br0"].address_assigned) == ("02:00:00:00:00:02", 3)


def test_a_vlan_that_moves_takes_the_mtu_of_a_smaller_base_unless_it_states_one() -> None:
    host = read_host("links: {eth1: , eth2: {mtu: 1400}, v5: {kind: vlan, link: eth1, id: 5, protocol: 802.1q}}")
    moved = "interfaces: [{name: v5, type: vlan, vlan: {base-iface: eth2, id: 5}}]"
    assert "mtu" not in target(moved, host).links["v5"].attrs


def test_addresses_with_a_lifetime_stay_while_the_family_does() -> None:
    host = read_host("links: {eth1: {addresses: [192.0.2.1/24 for 600, 192.0.2.2/24]}}")
    after = target("interfaces: [{name: eth1, type: ethernet, ipv4: {enabled: true, address: []}}]", host)
    assert [each.ip for each in after.addresses["eth1"]] == ["192.0.2.1"]


def test_order_alone_is_no_difference() -> None:
    host = read_host("links: {eth1: {addresses: [192.0.2.1/24, 192.0.2.2/24]}}")
    stack = "ipv4: {enabled: true, address: [{ip: 192.0.2.2, prefix-length: 24}, {ip: 192.0.2.1, prefix-length: 24}]}"
    assert decide(policy(f"interfaces: [{{name: eth1, type: ethernet, {stack}}}]"), host).ops == ()
