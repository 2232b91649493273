"""What the state directory holds after a commit: every policy so far, joined."""

from __future__ import annotations

from nncp_agent.committed import commit, following, in_words_of
from nncp_agent.kinds import KINDS
from nncp_agent.model import NetworkState
from tests.host_text import policy, read_host

NOTHING = NetworkState()
BOND = policy("""
interfaces:
- name: bond0
  type: bond
  description: uplink
  state: up
  mtu: 9000
  link-aggregation: {mode: active-backup, options: {primary: eth1}, port: [eth1, eth2]}
""")


def names(state: NetworkState) -> list[str]:
    return [iface.name for iface in state.interfaces or ()]


def ports(state: NetworkState, name: str) -> tuple[str, ...]:
    iface = state.interface(name)
    assert iface is not None
    return tuple(KINDS[iface.type or ""].ports(iface) or ())


def test_a_later_policy_adds_to_an_earlier_one() -> None:
    later = commit(BOND, policy("interfaces: [{name: bond0, mtu: 1500}]"))
    bond = later.interface("bond0")
    assert bond is not None and (bond.mtu, bond.description, bond.type) == (1500, "uplink", "bond")
    assert ports(later, "bond0") == ("eth1", "eth2")


def test_committing_the_same_policy_again_changes_nothing() -> None:
    once = commit(NOTHING, BOND)
    assert commit(once, BOND) == once


def test_absent_forgets_with_all_that_sits_on_it() -> None:
    with_vlans = commit(
        BOND,
        policy("""
interfaces:
- {name: bond0.5, type: vlan, vlan: {base-iface: bond0, id: 5}}
- {name: bond0.5.6, type: vlan, vlan: {base-iface: bond0.5, id: 6}}
- {name: eth9, type: ethernet, mtu: 1400}
"""),
    )
    assert names(commit(with_vlans, policy("interfaces: [{name: bond0, state: absent}]"))) == ["eth9"]


def test_an_absent_port_leaves_its_controllers_list() -> None:
    later = commit(BOND, policy("interfaces: [{name: eth2, type: ethernet, state: absent}]"))
    assert ports(later, "bond0") == ("eth1",)


def test_a_port_that_moves_leaves_its_old_controllers_list() -> None:
    bridge = policy("""
interfaces:
- {name: br0, type: linux-bridge, bridge: {port: [{name: eth2}, {name: eth3}]}}
""")
    later = commit(BOND, bridge)
    assert (ports(later, "bond0"), ports(later, "br0")) == (("eth1",), ("eth2", "eth3"))


def test_a_port_that_says_its_controller_joins_the_list_and_one_that_says_none_leaves_it() -> None:
    later = commit(
        BOND,
        policy("""
interfaces:
- {name: eth3, type: ethernet, controller: bond0}
- {name: eth2, type: ethernet, controller: ""}
"""),
    )
    assert ports(later, "bond0") == ("eth1", "eth3")


def test_a_bond_that_changed_mode_forgets_the_old_modes_options() -> None:
    later = commit(
        BOND,
        policy("interfaces: [{name: bond0, type: bond, link-aggregation: {mode: 802.3ad}}]"),
    )
    bond = later.interface("bond0")
    assert bond is not None and "primary" not in repr(bond.config).replace("primary=None", "")


def test_ignore_is_remembered() -> None:
    later = commit(NOTHING, policy("interfaces: [{name: eth1, type: ethernet, state: ignore}]"))
    assert [iface.state for iface in later.interfaces or ()] == ["ignore"]


def test_routes_are_appended_and_absent_ones_forgotten() -> None:
    one = policy("""
routes:
  config:
  - {destination: 10.0.0.0/8, next-hop-interface: eth1, next-hop-address: 192.0.2.1}
  - {destination: 172.16.0.0/12, next-hop-interface: eth1, next-hop-address: 192.0.2.1}
""")
    two = policy("""
routes:
  config:
  - {destination: 10.0.0.0/8, state: absent}
  - {destination: 172.16.0.0/12, next-hop-interface: eth1, next-hop-address: 192.0.2.1}
  - {destination: 192.168.0.0/16, next-hop-interface: eth2, next-hop-address: 198.51.100.1}
""")
    later = commit(one, two)
    assert later.routes is not None
    assert [entry.destination for entry in later.routes.config or ()] == ["172.16.0.0/12", "192.168.0.0/16"]


def test_routes_of_a_forgotten_interface_are_forgotten() -> None:
    earlier = policy("""
interfaces: [{name: dummy1, type: dummy}]
routes: {config: [{destination: 10.0.0.0/8, next-hop-interface: dummy1}]}
""")
    assert commit(earlier, policy("interfaces: [{name: dummy1, state: absent}]")) == NOTHING


def test_a_link_that_two_policies_call_differently_is_remembered_once() -> None:
    host = read_host('links: {eth1: {address: "02:00:00:00:00:a1"}, bond0: {kind: bond}}')
    earlier = policy("""
        interfaces:
        - {name: port1, type: ethernet, identifier: mac-address, mac-address: "02:00:00:00:00:A1", mtu: 1400}
        - {name: bond0, type: bond, link-aggregation: {mode: active-backup, port: [port1]}}
    """)
    new = policy("interfaces: [{name: eth1, description: cable 7}]")
    both = following(earlier, new, host)
    nic = both.interface("eth1")
    assert names(both) == ["bond0", "eth1"]
    assert nic is not None and (nic.mtu, nic.description, nic.identifier) == (1400, "cable 7", "mac-address")
    assert ports(both, "bond0") == ("eth1",)
    assert in_words_of(NOTHING, earlier, host) == earlier


def test_ethernet_and_veth_are_one_type_and_an_empty_description_is_none() -> None:
    first = policy("interfaces: [{name: eth1, type: ethernet, mtu: 1400, description: cable 7}]")
    later = commit(first, policy('interfaces: [{name: eth1, type: veth, description: ""}]')).interface("eth1")
    assert later is not None and (later.mtu, later.description) == (1400, None)
    only = commit(NOTHING, policy('interfaces: [{name: eth1, description: ""}]')).interface("eth1")
    assert only is not None and only.description is None


def test_a_route_by_one_name_of_an_interface_is_taken_away_by_another() -> None:
    host = read_host('links: {eth1: {address: "02:00:00:00:00:a1"}}')
    earlier = policy("""
        interfaces: [{name: port1, type: ethernet, identifier: mac-address, mac-address: "02:00:00:00:00:A1"}]
        routes: {config: [{destination: 192.0.2.0/24, next-hop-interface: port1}]}
    """)
    gone = policy("routes: {config: [{state: absent, next-hop-interface: eth1}]}")
    again = policy("routes: {config: [{destination: 192.0.2.0/24, next-hop-interface: eth1}]}")
    assert following(earlier, gone, host).routes is None
    assert following(earlier, again, host).routes == earlier.routes
