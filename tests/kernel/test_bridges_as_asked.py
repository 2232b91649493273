"""Bridges asked for in nmstate's form, on a real kernel: options, ports, VLANs of ports, and whose port is whose."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "bridge_vlan", "vlan", "dummy", "tap", "ipv6")

OPTIONS: Final[State] = {
    "group-forward-mask": 0,
    "mac-ageing-time": 300,
    "multicast-snooping": True,
    "stp": {"enabled": True, "forward-delay": 15, "hello-time": 2, "max-age": 20, "priority": 32768},
}
NO_STP: Final[State] = OPTIONS | {"stp": OPTIONS["stp"] | {"enabled": False}}
ACCESS: Final[State] = {"mode": "access", "trunk-tags": [], "tag": 300}
NATIVE: Final[State] = {
    "mode": "trunk",
    "enable-native": True,
    "tag": 300,
    "trunk-tags": [{"id": 100}, {"id": 102}, {"id-range": {"min": 200, "max": 299}}],
}
TRUNK: Final[State] = {"mode": "trunk", "enable-native": False, "trunk-tags": [{"id": 600}, {"id": 602}]}


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"}, {"name": "eth2", "state": "up"})
    return host


def port(name: str, vlan: State | None = None) -> State:
    tree: State = {"name": name, "stp-hairpin-mode": False, "stp-path-cost": 100, "stp-priority": 32}
    return tree if vlan is None else tree | {"vlan": vlan}


def bridge(*ports: State, options: State = NO_STP, **more: Any) -> State:
    off: State = {"ipv4": {"enabled": False}, "ipv6": {"enabled": False}}
    section = {"options": options, "port": list(ports)}
    return {"name": "linux-br0", "type": "linux-bridge", "state": "up", **off, "bridge": section, **more}


def shown_ports(host: Asked, name: str = "linux-br0") -> list[str]:
    return [each["name"] for each in host.show(name)["bridge"]["port"]]


def filters(name: str = "linux-br0") -> bool:
    return "vlan_filtering 1" in subprocess.check_output(["ip", "-d", "link", "show", name], text=True)


def run(*lines: str) -> None:
    subprocess.run(["sh", "-euc", "\n".join(lines)], check=True)


def test_a_bridge_needs_no_section(host: Asked) -> None:
    host.becomes({"name": "linux-br0", "type": "linux-bridge", "state": "up"})
    host.remove("linux-br0")


def test_a_bridge_whose_last_port_has_left_gets_another_default_pvid_and_stays_as_it_is(host: Asked) -> None:
    """Its MAC is zeros, with which the kernel refuses one, and one that is written would never follow a port again."""
    join, leave = "ip link set eth1 master linux-br0", "ip link set eth1 nomaster"
    run("ip link add linux-br0 type bridge vlan_filtering 1 vlan_default_pvid 5", join, leave)
    before = host.show("linux-br0")
    usual = bridge(options={"vlan-default-pvid": 1})
    host.apply(usual, commit=False)
    assert host.show("linux-br0")["bridge"]["options"]["vlan-default-pvid"] == 1
    host.rollback()
    assert host.show("linux-br0") == before
    host.becomes(usual)
    assert host.show("linux-br0")["mac-address"] == "00:00:00:00:00:00"
    run(join)
    assert host.show("linux-br0")["mac-address"] == host.show("eth1")["mac-address"]


def test_a_bridge_comes_and_goes_and_its_ports_stay_up(host: Asked) -> None:
    host.becomes(bridge(port("eth1"), options=OPTIONS))
    host.becomes(bridge(port("eth1"), port("eth2"), options=OPTIONS))
    host.remove("linux-br0")
    assert [host.show(name)["state"] for name in ("eth1", "eth2")] == ["up", "up"]


def test_a_port_is_shown_with_its_three_settings_and_no_more(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    assert host.show("linux-br0")["bridge"]["port"] == [port("eth1")]
    assert host.show("eth1")["ipv4"] == host.show("eth1")["ipv6"] == {"enabled": False}
    assert host.show("eth1")["controller"] == "linux-br0"


def test_a_freed_port_may_be_named_in_the_same_step(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    freed: State = {"name": "eth1", "state": "up", "ipv4": {"enabled": False}, "ipv6": {"enabled": False}}
    host.becomes({"name": "linux-br0", "state": "absent"}, freed)


def test_a_vlan_may_be_a_port_and_sit_on_a_bridge(host: Asked) -> None:
    below = {"name": "eth1.101", "type": "vlan", "state": "up", "vlan": {"id": 101, "base-iface": "eth1"}}
    above = {"name": "linux-br0.101", "type": "vlan", "state": "up", "vlan": {"id": 101, "base-iface": "linux-br0"}}
    host.becomes(below)
    host.becomes(bridge(port("eth1.101")), above)
    host.becomes(bridge({"name": "eth2"}))
    assert shown_ports(host) == ["eth2"]
    assert host.show("eth1.101")["state"] == "up"


def test_ports_are_added_with_nothing_but_a_name(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    host.becomes(bridge(port("eth1"), {"name": "eth2"}))


def test_the_mac_of_a_new_bridge_is_its_ports_or_what_is_stated(host: Asked) -> None:
    mac = host.show("eth1")["mac-address"]
    host.becomes(bridge(port("eth1")))
    assert host.show("linux-br0")["mac-address"] == mac
    host.becomes(bridge(port("eth1"), **{"mac-address": "02:ff:FF:ff:ff:01"}))
    host.becomes(bridge(port("eth1"), port("eth2"), **{"copy-mac-from": "eth2"}))
    assert host.show("linux-br0")["mac-address"] == host.show("eth2")["mac-address"]


@pytest.mark.parametrize("options", [OPTIONS, NO_STP])
def test_ipv6_without_addresses_is_shown_as_on(host: Asked, options: State) -> None:
    ipv6 = {"enabled": True, "autoconf": False, "dhcp": False}
    host.becomes(bridge(port("eth1"), options=options, ipv6=ipv6))


def test_bridge_bond_and_port_come_in_one_step(host: Asked) -> None:
    bond = {
        "name": "bond0",
        "type": "bond",
        "state": "up",
        "link-aggregation": {"mode": "balance-rr", "port": ["eth1"]},
    }
    host.becomes(bond, bridge(port("bond0")))
    host.becomes({"name": "linux-br0", "bridge": {"port": []}}, bond)
    host.becomes({**bridge({"name": "eth1"}), "name": "linux-br1"}, {"name": "bond0", "state": "absent"})


def test_a_word_nobody_knows_changes_nothing(host: Asked) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(bridge(invalid_key="foo"))
    assert host.show("linux-br0") == {}


@pytest.mark.parametrize("vlan", [ACCESS, NATIVE, TRUNK], ids=["access", "native", "trunk"])
def test_vlans_of_a_port_are_shown_as_they_were_asked(host: Asked, vlan: State) -> None:
    host.becomes(bridge(port("eth1", vlan)))
    assert filters()
    for other in (TRUNK, ACCESS, ACCESS | {"tag": 305}, NATIVE, TRUNK | {"trunk-tags": [{"id": 4000}]}):
        host.becomes(bridge(port("eth1", other)))
        assert filters()


def test_vlans_of_a_port_stay_until_they_are_cleared(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    assert not filters()
    host.becomes(bridge(port("eth1", NATIVE)))
    host.apply(bridge(port("eth1")))
    host.holds(bridge(port("eth1", NATIVE)))
    assert filters()
    host.becomes(bridge(port("eth1", {})))
    assert "vlan" not in host.show("linux-br0")["bridge"]["port"][0]
    assert not filters()


def test_vlans_of_one_port_are_cleared_while_another_keeps_its_own(host: Asked) -> None:
    host.becomes(bridge(port("eth1", ACCESS), port("eth2", TRUNK)))
    host.apply(bridge(port("eth1", {}), port("eth2")))
    host.holds(bridge(port("eth2", TRUNK), port("eth1", {})))
    assert "vlan" not in host.show("linux-br0")["bridge"]["port"][0]
    assert filters()


def test_a_port_with_vlans_moves_to_a_bond(host: Asked) -> None:
    host.becomes(bridge(port("eth1", ACCESS)))
    bond = {
        "name": "bond0",
        "type": "bond",
        "state": "up",
        "link-aggregation": {"mode": "balance-rr", "port": ["eth1"]},
    }
    host.becomes(bond, {"name": "linux-br0", "bridge": {"port": []}})


def test_a_port_somebody_else_put_there_is_shown_and_can_be_replaced(host: Asked) -> None:
    host.becomes(bridge())
    run("ip link add dummy0 type dummy", "ip link set dummy0 up master linux-br0")
    shown = host.show("linux-br0")
    assert shown_ports(host) == ["dummy0"]
    del shown["mac-address"]
    shown["bridge"]["port"] = [{"name": "eth1"}]
    host.becomes(shown)


def test_a_port_with_addresses_is_refused(host: Asked) -> None:
    stack = {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]}
    with pytest.raises(InvalidPolicy):
        host.apply(host.show("eth1") | {"ipv4": stack}, bridge(port("eth1")))


@pytest.mark.parametrize("address", ["01:80:C2:00:00:04", "01:80:c2:00:00:0a"])
def test_the_group_address_is_shown_in_capitals(host: Asked, address: str) -> None:
    host.becomes(bridge(port("eth1")))
    host.becomes(bridge(port("eth1"), options={"group-addr": address}))
    assert host.show("linux-br0")["bridge"]["options"]["group-addr"] == address.upper()


def test_ports_move_away_from_a_bridge_that_goes(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    host.becomes({**bridge(port("eth1")), "name": "linux-br1"}, {"name": "linux-br0", "state": "absent"})
    assert host.show("linux-br0") == {}


def test_a_tap_stays_a_port_beside_those_of_the_policy(host: Asked) -> None:
    run("ip tuntap add test-tap0 mode tap", "ip link add linux-br0 type bridge")
    run("ip link set test-tap0 up master linux-br0", "ip link set linux-br0 up")
    host.apply(bridge(port("eth1")))
    assert shown_ports(host) == ["eth1", "test-tap0"]
    host.apply(bridge(port("eth1"), port("eth2")))
    assert shown_ports(host) == ["eth1", "eth2", "test-tap0"]


def test_an_ignored_port_stays_a_port_listed_or_not(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    host.apply(bridge(port("eth1"), port("eth2")), {"name": "eth1", "state": "ignore"})
    assert shown_ports(host) == ["eth1", "eth2"]
    host.apply(bridge(port("eth2")), {"name": "eth1", "state": "ignore"})
    assert shown_ports(host) == ["eth1", "eth2"]


def test_snooping_goes_off_and_on(host: Asked) -> None:
    for snoops in (False, True):
        host.becomes(bridge(port("eth1"), port("eth2"), options=NO_STP | {"multicast-snooping": snoops}))


def test_a_bare_name_changes_nothing_of_a_bridge_and_of_its_port(host: Asked) -> None:
    host.becomes(bridge(port("eth1", TRUNK), options=OPTIONS))
    shown = host.show("linux-br0")
    host.becomes({"name": "linux-br0"})
    host.becomes({"name": "eth1"})
    host.holds(copy.deepcopy(shown))
    host.becomes(shown)
    assert shown_ports(host) == ["eth1"]


@pytest.mark.parametrize("said", [0, 2, 1, "disabled", "enabled", "auto"])
def test_a_multicast_router_is_a_word_or_the_kernels_number(host: Asked, said: int | str) -> None:
    host.becomes(bridge(port("eth1")))
    host.apply({"name": "linux-br0", "bridge": {"options": {"multicast-router": said}}})
    words = {0: "disabled", 1: "auto", 2: "enabled"}
    shown = host.show("linux-br0")["bridge"]["options"]["multicast-router"]
    assert shown == (words[said] if isinstance(said, int) else said)


def test_all_mac_addresses_are_accepted_and_no_more(host: Asked) -> None:
    for accepted in (True, False):
        host.becomes(bridge(port("eth1"), **{"accept-all-mac-addresses": accepted}))


def test_vlan_protocol_changes_with_and_without_filtering(host: Asked) -> None:
    for ports in ((port("eth1"),), (port("eth1", ACCESS),)):
        host.becomes(bridge(*ports))
        for protocol in ("802.1ad", "802.1q"):
            host.becomes({"name": "linux-br0", "bridge": {"options": {"vlan-protocol": protocol}}})


def test_every_number_may_be_text(host: Asked) -> None:
    options: State = {
        "group-forward-mask": "304",
        "group-fwd-mask": "304",
        "hash-max": "512",
        "mac-ageing-time": "303",
        "multicast-last-member-count": "304",
        "multicast-last-member-interval": "306",
        "multicast-membership-interval": "306",
        "multicast-querier": "1",
        "multicast-querier-interval": "308",
        "multicast-query-interval": "308",
        "multicast-query-response-interval": "310",
        "multicast-query-use-ifaddr": "yes",
        "multicast-snooping": "no",
        "multicast-startup-query-count": "310",
        "multicast-startup-query-interval": "312",
        "stp": {"enabled": "false", "forward-delay": "16", "hello-time": "2", "max-age": "20", "priority": "32768"},
    }
    vlan = {"mode": "trunk", "enable-native": "true", "tag": "102",
            "trunk-tags": [{"id": "103"}, {"id-range": {"max": "1024", "min": "105"}}]}  # fmt: skip
    ports = {"name": "eth1", "stp-hairpin-mode": "false", "stp-path-cost": "100", "stp-priority": "61", "vlan": vlan}
    host.apply(bridge(ports, options=options))
    assert host.plan(bridge(ports, options=options)) == []
    shown = host.show("linux-br0")["bridge"]
    assert shown["options"]["multicast-querier"] is True
    assert shown["options"]["multicast-membership-interval"] == 306
    assert shown["options"]["stp"]["enabled"] is False
    assert shown["options"]["group-forward-mask"] == shown["options"]["group-fwd-mask"] == 304
    assert shown["port"][0]["vlan"]["trunk-tags"] == [{"id": 103}, {"id-range": {"min": 105, "max": 1024}}]


@pytest.mark.parametrize(
    "vlan",
    [
        {"mode": "trunk", "tag": 200, "trunk-tags": [{"id": 600}]},
        {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 600, "max": 900}}, {"id": 600}]},
        {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 6, "max": 9}}, {"id-range": {"min": 9, "max": 10}}]},
        {"mode": "trunk", "trunk-tags": [{"id": 100}, {"id": 100}]},
        {"mode": "access", "enable-native": True},
        {"mode": "access", "trunk-tags": [{"id": 100}]},
        {"mode": "trunk"},
    ],
)
def test_vlans_that_contradict_themselves_are_refused(host: Asked, vlan: State) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(bridge(port("eth1", vlan)))


def test_two_words_for_one_mask_must_agree(host: Asked) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(bridge(options={"group-forward-mask": 8, "group-fwd-mask": 16}))
    host.becomes(bridge(options={"group-forward-mask": 8, "group-fwd-mask": 8}))


@pytest.mark.parametrize("stp", [{"hello-time": 11}, {"hello-time": 0}, {"max-age": 5}, {"max-age": 41},
                                 {"forward-delay": 1}, {"forward-delay": 31}])  # fmt: skip
def test_spanning_tree_times_outside_the_standard_are_refused(host: Asked, stp: State) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(bridge(options={"stp": stp}))


def test_a_foreign_port_survives_a_rollback(host: Asked) -> None:
    host.becomes(bridge(port("eth1")))
    run(
        "ip link add veth0 type veth peer name veth0.ep",
        "ip link set veth0.ep up",
        "ip link set veth0 master linux-br0",
    )
    host.apply({"name": "linux-br0", "type": "linux-bridge", "state": "up", "mtu": 1450}, commit=False)
    host.rollback()
    assert shown_ports(host) == ["eth1", "veth0"]
