"""Parts of a policy that have nothing to do with each other, and what of a part the links there are allow."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.frozen import replace
from nncp_agent import wire
from nncp_agent.components import components, needed, possible
from nncp_agent.model import NetworkState
from tests.unit.nncp_agent.nodes import BOND, BRIDGE, DUMMY, ETH9, ROUTE, VLAN, VLAN9, host, state


def _names(parts: Sequence[NetworkState]) -> list[list[str]]:
    return [[interface.name for interface in part.interfaces or ()] for part in parts]


def test_what_shares_no_port_base_or_route_is_a_part_of_its_own() -> None:
    parts = components(state(BRIDGE, DUMMY, BOND, VLAN, ETH9))
    assert _names(parts) == [["br1", "bond1", "bond1.93"], ["dummy0"], ["eth9"]]


def test_legs_of_one_route_bind_their_interfaces_together() -> None:
    legs = [
        {"destination": "203.0.113.0/24", "next-hop-interface": name, "next-hop-address": "198.51.100.1"}
        for name in ("dummy0", "eth9")
    ]
    assert _names(components(state(DUMMY, ETH9, routes=legs))) == [["dummy0", "eth9"]]


def test_a_controller_named_by_its_port_belongs_to_the_same_part() -> None:
    port = {"name": "eth2", "type": "ethernet", "state": "up", "controller": "br2"}
    bridge = {"name": "br2", "type": "linux-bridge", "state": "up"}
    assert _names(components(state(port, DUMMY, bridge))) == [["eth2", "br2"], ["dummy0"]]


def test_nothing_committed_has_no_parts() -> None:
    assert components(NetworkState()) == ()


def test_a_bond_comes_up_with_the_port_that_exists() -> None:
    now, lacking = possible(state(BOND), host("eth2"))
    bond = now.interface("bond1")
    assert bond is not None
    assert wire.encode(now)["interfaces"][0]["link-aggregation"]["port"] == ["eth2"]
    assert lacking == {"eth3"}


def test_what_sits_on_a_missing_nic_waits_for_it_and_its_routes_too() -> None:
    now, lacking = possible(state(ETH9, VLAN9, routes=[ROUTE]), host("eth2"))
    assert now.interfaces == ()
    assert now.routes is None
    assert lacking == {"eth9"}


def test_a_wire_waits_for_the_namespace_that_it_leads_to_and_its_bridge_does_not() -> None:
    wire = {"name": "v1", "type": "veth", "veth": {"peer": "eth0", "peer-netns": "blue"}}
    bridge = {"name": "br2", "type": "linux-bridge", "bridge": {"port": [{"name": "v1"}]}}
    (part,) = components(state(wire, bridge))
    assert needed([part]) == {"peers"}
    without, lacking = possible(part, host())
    assert (_names([without]), lacking) == ([["br2"]], {"network namespace blue"})
    whole, lacking = possible(part, replace(host(), namespaces=("blue",)))
    assert (_names([whole]), lacking) == ([["v1", "br2"]], frozenset())


def test_a_bridge_comes_up_without_the_vlan_whose_base_is_missing() -> None:
    vlan = {"name": "eth9.93", "type": "vlan", "state": "up", "vlan": {"base-iface": "eth9", "id": 93}}
    bridge = {"name": "br1", "type": "linux-bridge", "state": "up", "bridge": {"port": [{"name": "eth9.93"}]}}
    now, lacking = possible(state(vlan, bridge), host())
    assert _names([now]) == [["br1"]]
    assert lacking == {"eth9"}


def test_a_nic_that_is_known_by_its_mac_is_there_under_any_name() -> None:
    nic = {**ETH9, "identifier": "mac-address", "mac-address": "02:00:00:00:00:02"}
    now, lacking = possible(state(nic), host("eth2"))
    assert lacking == frozenset()
    assert now.interfaces


def test_a_port_known_by_its_mac_is_there_under_the_name_the_policy_has_for_it() -> None:
    uplink = {"name": "uplink", "type": "ethernet", "identifier": "mac-address", "mac-address": "02:00:00:00:00:02"}
    bridge = BRIDGE | {"bridge": {"port": [{"name": "uplink"}]}}
    (part,) = components(state(uplink, bridge))
    assert possible(part, host("eth5")) == (part, frozenset())
    assert possible(part, host())[1] == {"uplink"}


def test_ports_and_bases_called_by_other_names_are_not_missed() -> None:
    port = {
        "name": "port1",
        "type": "ethernet",
        "identifier": "mac-address",
        "mac-address": "02:00:00:00:00:02",
        "profile-name": "uplink",
    }
    vlan = {**VLAN9, "vlan": {"base-iface": "lan", "id": 7}}
    bond = {**BOND, "link-aggregation": {"mode": "802.3ad", "port": ["port1", "uplink"]}}
    wanted = state(port, bond, {**ETH9, "profile-name": "lan"}, vlan)
    assert possible(wanted, host("eth1", "eth9")) == (wanted, frozenset())
    assert possible(wanted, host())[1] == {"port1", "uplink", "eth9", "lan"}
    assert _names(components(wanted)) == [["port1", "bond1"], ["eth9", "eth9.7"]]
