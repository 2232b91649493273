"""VRFs, MACVLANs, IPVLANs, VXLANs and HSR rings asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel(
    "veth", "bonding", "vlan", "dummy", "ipv6", "vrf", "macvlan", "macvtap", "ipvlan", "vxlan"
)
STATIC: State = {
    "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.251", "prefix-length": 24}]},
    "ipv6": {"enabled": True, "address": [{"ip": "2001:db8:1::1", "prefix-length": 64}]},
}


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"}, {"name": "eth2", "state": "up"})
    return host


def vrf(name: str, table: int, *ports: str) -> State:
    return {"name": name, "type": "vrf", "vrf": {"port": list(ports), "route-table-id": table}}


def on_eth1(type: str, **config: Any) -> State:
    return {"name": "x0", "type": type, "state": "up", type: {"base-iface": "eth1", **config}}


def test_a_vrf_gets_and_loses_ports_and_another_table(host: Asked) -> None:
    host.becomes(vrf("vrf0", 100))
    host.becomes(vrf("vrf0", 100, "eth1"))
    host.becomes(vrf("vrf0", 101, "eth2", "eth1"))
    assert host.show("eth1")["controller"] == "vrf0"
    host.becomes(vrf("vrf0", 101, "eth2"))
    assert "controller" not in host.show("eth1")
    host.becomes({"name": "vrf0", "vrf": {"port": []}})
    host.remove("vrf0")


def test_two_vrfs_swap_their_ports(host: Asked) -> None:
    host.becomes(vrf("vrf0", 100, "eth1"), vrf("vrf1", 101, "eth2"))
    host.becomes(vrf("vrf0", 100, "eth2"), vrf("vrf1", 101, "eth1"))
    host.becomes(vrf("vrf0", 100), vrf("vrf1", 101, "eth1", "eth2"))


def test_a_vrfs_port_keeps_its_addresses_when_it_joins_and_when_it_leaves(host: Asked) -> None:
    eth1: State = {"name": "eth1", "type": "ethernet", "state": "up", **STATIC}
    host.becomes(eth1)
    host.becomes(vrf("vrf0", 100, "eth1"))
    host.holds(eth1)
    host.remove("vrf0")
    host.holds(eth1)


def test_a_vrfs_port_gets_addresses(host: Asked) -> None:
    host.becomes(vrf("vrf0", 100, "eth1"), {"name": "eth1", **STATIC})


def test_a_vrf_over_a_bond_and_its_vlan_comes_and_goes_in_one_document(host: Asked) -> None:
    state = [
        {"name": "bond9.100", "type": "vlan", "vlan": {"base-iface": "bond9", "id": 100}},
        {"name": "bond9", "type": "bond", "link-aggregation": {"mode": "balance-rr"}},
        vrf("vrf0", 100, "bond9", "bond9.100"),
    ]
    host.becomes(*state)
    host.apply({"name": "vrf0", "state": "absent"}, {"name": "bond9", "state": "absent"})
    assert [host.show(name) for name in ("vrf0", "bond9", "bond9.100")] == [{}, {}, {}]


@pytest.mark.parametrize("table", [{}, {"route-table-id": 0}])
def test_a_new_vrf_needs_a_table(host: Asked, table: State) -> None:
    with pytest.raises(InvalidPolicy, match="route-table-id"):
        host.plan({"name": "vrf0", "type": "vrf", "vrf": {"port": ["eth1"], **table}})


@pytest.mark.parametrize("type", ["mac-vlan", "mac-vtap"])
@pytest.mark.parametrize("mode", ["vepa", "bridge", "private", "passthru", "source"])
def test_a_macvlan_of_every_mode(host: Asked, type: str, mode: str) -> None:
    host.becomes(on_eth1(type, mode=mode, promiscuous=True))
    host.becomes(on_eth1(type, mode=mode) | {"mtu": 1400})
    host.remove("x0")


def test_a_macvlan_changes_its_mode_in_place_and_is_made_anew_for_passthru(host: Asked) -> None:
    host.becomes(on_eth1("mac-vlan", mode="vepa"))
    assert host.plan(on_eth1("mac-vlan", mode="bridge")) == ["set x0 mode vepa -> bridge"]
    host.becomes(on_eth1("mac-vlan", mode="bridge"))
    plan = host.plan(on_eth1("mac-vlan", mode="passthru"))
    assert plan[0].startswith("delete macvlan x0") and plan[1].startswith("create macvlan x0")
    host.becomes(on_eth1("mac-vlan", mode="passthru", promiscuous=False))
    host.becomes(on_eth1("mac-vlan", mode="passthru", promiscuous=True))


@pytest.mark.parametrize("mode", ["l2", "l3", "l3s"])
@pytest.mark.parametrize("flags", [{"private": True, "vepa": False}, {"vepa": True}, {}])
def test_an_ipvlan_of_every_mode(host: Asked, mode: str, flags: State) -> None:
    host.becomes(on_eth1("ipvlan", mode=mode, **flags))
    host.becomes(on_eth1("ipvlan", mode="l2", private=False, vepa=False))
    host.remove("x0")


def test_ipvlans_of_one_base_change_together(host: Asked) -> None:
    host.becomes(on_eth1("ipvlan", mode="l2"), on_eth1("ipvlan", mode="l2") | {"name": "x1"})
    host.becomes(on_eth1("ipvlan", mode="l3"))
    assert host.show("x1")["ipvlan"]["mode"] == "l3"


def test_a_vxlan_in_all_its_forms(host: Asked) -> None:
    first = on_eth1("vxlan", id=201, remote="192.0.2.1")
    host.becomes(first, on_eth1("vxlan", id=202, remote="192.0.2.2") | {"name": "x1"})
    host.becomes(on_eth1("vxlan", id=201, remote="192.0.2.9", local="192.0.2.8", learning=False))
    six = on_eth1("vxlan", id=201, remote="2001:db8::9", local="2001:db8::8")
    with pytest.raises(InvalidPolicy, match="IPv6 on eth1"):
        host.plan(six)
    host.becomes({"name": "eth1", **STATIC}, six)
    host.becomes(on_eth1("vxlan", id=203, **{"destination-port": 4789}))
    host.becomes({"name": "x2", "type": "vxlan", "vxlan": {"base-iface": "", "id": 7, "local": "192.0.2.8"}})
    host.remove("x0", "x1", "x2")


def test_a_vxlan_over_a_new_bond(host: Asked) -> None:
    bond: State = {"name": "bond9", "type": "bond", "link-aggregation": {"mode": "balance-rr", "port": ["eth1"]}}
    vxlan: State = {"name": "x0", "type": "vxlan", "vxlan": {"base-iface": "bond9", "id": 7, "remote": "192.0.2.2"}}
    host.becomes(vxlan, bond)
    host.apply({"name": "x0", "state": "down"})
    assert host.show("x0") == {}


@pytest.mark.needs_kernel("hsr")  # Debian's kernels have it since 6.12
def test_an_hsr_ring(host: Asked) -> None:
    ring: State = {"name": "hsr0", "type": "hsr", "hsr": {"port1": "eth1", "port2": "eth2", "protocol": "prp"}}
    ring["hsr"]["multicast-spec"] = 40
    host.becomes(ring)
    assert host.show("hsr0")["hsr"]["supervision-address"] == "01:15:4E:00:01:28"
    host.becomes(ring | {"hsr": ring["hsr"] | {"protocol": "hsr"}})
    host.remove("hsr0")


def test_what_sits_on_a_link_goes_with_it(host: Asked) -> None:
    base: State = {"name": "d0", "type": "dummy", "state": "up"}
    others = [
        on_eth1("mac-vlan", mode="bridge"),
        on_eth1("vxlan", id=5, remote="192.0.2.1") | {"name": "x1"},
    ]
    for each in others:
        each[each["type"]]["base-iface"] = "d0"
    host.becomes(base, *others)
    host.apply({"name": "d0", "state": "absent"})
    assert [host.show(name) for name in ("d0", "x0", "x1")] == [{}, {}, {}]
