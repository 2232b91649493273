"""Bonds asked for in nmstate's form, on a real kernel: what is asked is shown, and only what is asked changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "dummy", "ipv6")

MAC, OTHER_MAC = "02:FF:FF:FF:FF:00", "02:FF:FF:FF:FF:01"


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"}, {"name": "eth2", "state": "up"})
    return host


def bond(*ports: str, mode: str = "balance-rr", options: dict[str, Any] | None = None, **more: Any) -> State:
    section: State = {"mode": mode, "port": list(ports)} | ({"options": options} if options is not None else {})
    return {"name": "bond99", "type": "bond", "state": "up", "link-aggregation": section, **more}


def ports_config(*ports: tuple[str, int, int], mode: str = "active-backup") -> State:
    listed = [{"name": name, "queue-id": queue, "priority": priority} for name, queue, priority in ports]
    return {
        "name": "bond99",
        "type": "bond",
        "state": "up",
        "link-aggregation": {"mode": mode, "ports-config": listed},
    }


def shown_options(host: Asked) -> dict[str, Any]:
    options = host.show("bond99")["link-aggregation"]["options"]
    assert isinstance(options, dict)
    return options


def mac(host: Asked, name: str) -> Any:
    return host.show(name)["mac-address"]


def test_a_bond_comes_and_goes_and_its_ports_stay_up(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    host.apply({**bond("eth1", "eth2"), "state": "absent"})
    assert host.show("bond99") == {}
    assert [host.show(name)["state"] for name in ("eth1", "eth2")] == ["up", "up"]


def test_port_settings_come_with_the_bond_and_change_places(host: Asked) -> None:
    host.becomes(ports_config(("eth1", 0, -1), ("eth2", 1, 2)))
    host.becomes(ports_config(("eth1", 1, -1), ("eth2", 0, 9)))
    host.becomes(ports_config(("eth1", 2, 0), ("eth2", 1, 0)))
    host.becomes(ports_config(("eth1", 1, 0), ("eth2", 2, 0)))
    host.remove("bond99")


@pytest.mark.parametrize("port", [["eth1"], ["eth1", "eth3"]])
def test_other_names_in_port_than_in_ports_config_are_refused(host: Asked, port: list[str]) -> None:
    asked = ports_config(("eth1", 0, 0), ("eth2", 1, 0))
    asked["link-aggregation"]["port"] = port
    with pytest.raises(InvalidPolicy):
        host.apply(asked)


def test_a_bond_without_ports_takes_and_loses_them(host: Asked) -> None:
    host.becomes(bond())
    drawn = mac(host, "bond99")
    host.becomes(bond("eth1"))
    assert mac(host, "bond99") == mac(host, "eth1") != drawn
    host.becomes(bond("eth1", "eth2"))
    host.becomes(bond("eth2"))
    host.becomes(bond())
    assert host.show("bond99")["link-aggregation"]["port"] == []
    assert [host.show(name)["state"] for name in ("eth1", "eth2")] == ["up", "up"]


def test_numbers_may_be_text_and_the_address_is_there(host: Asked) -> None:
    ipv4 = {"enabled": True, "address": [{"ip": "192.0.2.250", "prefix-length": 24}]}
    host.becomes(bond("eth1", "eth2", options={"miimon": "140"}, ipv4=ipv4))


def test_a_word_nobody_knows_changes_nothing(host: Asked) -> None:
    before = [host.show(name) for name in ("eth1", "eth2", "bond99")]
    with pytest.raises(InvalidPolicy):
        host.apply(bond("eth1", "eth2", invalid_key="foo"))
    assert [host.show(name) for name in ("eth1", "eth2", "bond99")] == before


def test_bonds_swap_their_ports(host: Asked) -> None:
    other = {**bond("eth2"), "name": "bond88"}
    host.becomes(bond("eth1"), other)
    host.becomes(bond("eth2"), {**bond("eth1"), "name": "bond88"})


def test_a_stated_mac_is_the_bonds_and_its_ports(host: Asked) -> None:
    host.becomes(bond("eth1"))
    for each in (MAC, OTHER_MAC.lower()):
        host.becomes(bond("eth1", **{"mac-address": each}))
        assert mac(host, "eth1") == mac(host, "bond99") == each.upper()


def test_a_bond_keeps_its_mac_while_ports_come_go_and_change_places(host: Asked) -> None:
    host.becomes(bond("eth2"))
    first = mac(host, "bond99")
    for ports in (("eth1", "eth2"), ("eth2", "eth1"), ("eth2",)):
        host.becomes(bond(*ports))
        assert mac(host, "bond99") == first
    host.becomes(bond("eth1", "eth2"))
    host.becomes(bond("eth2"))
    assert mac(host, "bond99") == first


def test_a_bond_whose_only_port_is_replaced_takes_the_mac_of_the_new_one(host: Asked) -> None:
    host.becomes(bond("eth2"))
    new = mac(host, "eth1")
    host.becomes(bond("eth1"))
    assert mac(host, "bond99") == new


def test_a_new_bond_takes_the_mac_of_its_first_port_by_name(host: Asked) -> None:
    first = mac(host, "eth1")
    host.becomes(bond("eth2", "eth1"))
    assert mac(host, "bond99") == first


def test_ipv6_without_addresses_is_shown_as_on(host: Asked) -> None:
    host.becomes(bond("eth1", ipv6={"enabled": True, "autoconf": False, "dhcp": False}))


def test_a_vlan_may_sit_on_a_bond_and_on_a_port_of_one(host: Asked) -> None:
    host.becomes(bond("eth2"))
    for base in ("bond99", "eth2"):
        name = f"{base}.102"
        host.becomes({"name": name, "type": "vlan", "state": "up", "vlan": {"id": 102, "base-iface": base}})
        host.remove(name)
        host.holds(bond("eth2"))


def test_a_bond_survives_the_bridge_over_it(host: Asked) -> None:
    host.becomes(bond("eth2"))
    port = {"name": "bond99", "stp-hairpin-mode": False, "stp-path-cost": 100, "stp-priority": 32}
    host.becomes({
        "name": "linux-br0",
        "type": "linux-bridge",
        "state": "up",
        "ipv4": {"enabled": False},
        "ipv6": {"enabled": False},
        "bridge": {"options": {"stp": {"enabled": False}}, "port": [port]},
    })  # fmt: skip
    host.remove("linux-br0")
    host.holds(bond("eth2"))


@pytest.mark.parametrize(("option", "value"), [("miimon", 200), ("arp_missed_max", 200)])
def test_what_is_shown_can_be_applied_with_one_option_changed(host: Asked, option: str, value: int) -> None:
    host.becomes(bond("eth1", "eth2"))
    shown = host.show("bond99")
    shown["link-aggregation"]["options"][option] = value
    host.becomes(shown)


def test_what_is_shown_can_be_applied_in_another_mode(host: Asked) -> None:
    host.becomes(bond("eth2"))
    shown = host.show("bond99")
    shown["link-aggregation"] |= {"mode": "balance-xor", "options": {"xmit_hash_policy": "2"}}
    host.apply(shown)
    assert shown_options(host)["xmit_hash_policy"] == "layer2+3"


def test_a_bond_without_a_mode_is_refused(host: Asked) -> None:
    asked = bond()
    del asked["link-aggregation"]["mode"]
    with pytest.raises(InvalidPolicy):
        host.apply(asked)
    with pytest.raises(InvalidPolicy):
        host.apply({"name": "bond99", "type": "bond", "state": "up"})


def test_fail_over_mac_active_leaves_no_mac_to_state(host: Asked) -> None:
    follows = bond("eth1", "eth2", mode="active-backup", options={"fail_over_mac": "active"})
    with pytest.raises(InvalidPolicy):
        host.apply({**follows, "mac-address": MAC})
    host.becomes(follows)
    with pytest.raises(InvalidPolicy):
        host.apply({"name": "bond99", "mac-address": MAC})
    host.becomes({"name": "dummy0", "type": "dummy", "state": "up"})
    host.becomes(bond("eth1", "eth2", mode="active-backup", options={"fail_over_mac": "follow"}))
    host.becomes(bond("eth1", "eth2", **{"mac-address": MAC}))
    host.remove("bond99")


def test_fail_over_mac_follow_takes_a_mac_and_another_one(host: Asked) -> None:
    follows = bond("eth1", "eth2", mode="active-backup", options={"fail_over_mac": "follow"})
    host.becomes({**follows, "mac-address": MAC})
    host.becomes({**follows, "mac-address": OTHER_MAC})
    before = host.show("bond99")
    host.apply({**follows, "mac-address": MAC}, commit=False)
    assert mac(host, "bond99") == MAC
    host.rollback()
    assert host.show("bond99") == before
    host.becomes(follows)
    assert mac(host, "bond99") == OTHER_MAC


def test_fail_over_mac_can_be_asked_of_a_bond_that_has_ports(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    host.becomes(bond("eth1", "eth2", mode="active-backup", options={"fail_over_mac": "active"}))
    host.becomes(bond("eth1", "eth2", mode="active-backup", options={"fail_over_mac": "none"}))


@pytest.mark.parametrize("targets", ["192.0.2.1,192.0.2.2", "192.0.2.2,192.0.1.1"])
def test_arp_targets_are_shown_in_their_order_and_can_be_taken_away(host: Asked, targets: str) -> None:
    options: dict[str, Any] = {"arp_interval": 1000, "arp_ip_target": targets}
    host.becomes(bond("eth1", "eth2", mode="active-backup", options=options))
    host.becomes(bond("eth1", "eth2", mode="active-backup", options={"arp_interval": 0, "arp_ip_target": ""}))
    assert shown_options(host)["arp_interval"] == 0


def test_a_bond_moves_from_one_monitor_to_the_other_and_back(host: Asked) -> None:
    mii = bond("eth1", mode="active-backup", options={"miimon": 101})
    arp = {"miimon": 0, "arp_interval": 10, "arp_ip_target": "192.0.2.251"}
    host.becomes(mii)
    host.becomes(bond("eth1", mode="active-backup", options=arp))
    host.becomes(bond("eth1", mode="active-backup", options={"miimon": 100, "arp_interval": 0}))
    with pytest.raises(InvalidPolicy):
        host.apply(bond("eth1", mode="active-backup", options=arp | {"miimon": 100}))


def test_the_usual_miimon_may_be_stated(host: Asked) -> None:
    host.becomes(bond(mode="active-backup", options={"miimon": 100}))
    host.becomes(bond("eth1", "eth2"))
    host.becomes(bond("eth1", "eth2", options={"miimon": 100}))


def test_every_mode_follows_every_other_under_a_vlan(host: Asked) -> None:
    vlan = {"name": "bond99.200", "type": "vlan", "state": "up", "vlan": {"id": 200, "base-iface": "bond99"}}
    host.becomes(bond("eth1", "eth2"), vlan)
    for mode in ("active-backup", "balance-tlb", "802.3ad", "balance-xor", "balance-alb", "broadcast", "balance-rr"):
        host.becomes(bond("eth1", "eth2", mode=mode))
        host.holds(vlan)


def test_another_mode_forgets_the_options_of_the_old_one(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2", mode="802.3ad", options={"lacp_rate": "fast"}))
    host.becomes(bond("eth1", "eth2", options={"miimon": "140"}))
    assert "lacp_rate" not in shown_options(host)


def test_a_port_with_addresses_is_refused(host: Asked) -> None:
    port = host.show("eth1") | {"ipv4": {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]}}
    with pytest.raises(InvalidPolicy):
        host.apply(port, bond("eth1"))


def test_the_ports_of_a_bond_that_goes_can_be_another_bonds(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2", mode="802.3ad"))
    host.remove("bond99")
    host.becomes(bond("eth1", "eth2", mode="balance-tlb"))
    host.becomes({**bond("eth1", "eth2"), "name": "bond98"}, {"name": "bond99", "state": "absent"})


def test_no_options_are_the_default_ones(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    usual = shown_options(host)
    shown = host.show("bond99")
    shown["link-aggregation"]["options"] |= {"miimon": usual["miimon"] * 2, "resend_igmp": 7}
    host.becomes(shown)
    host.apply({"name": "bond99", "link-aggregation": {"mode": "balance-rr", "options": {}}})
    assert shown_options(host) == usual


def test_an_option_without_effect_in_its_mode_is_not_shown_and_no_failure(host: Asked) -> None:
    host.apply(bond("eth1", "eth2", mode="active-backup", options={"xmit_hash_policy": "layer2+3"}))
    assert "xmit_hash_policy" not in shown_options(host)


def test_a_bond_copies_the_mac_that_a_port_of_it_has_by_birth(host: Asked) -> None:
    macs = {name: mac(host, name) for name in ("eth1", "eth2")}
    for source in ("eth2", "eth1", "eth2"):
        host.becomes(bond("eth1", "eth2", **{"copy-mac-from": source}))
        assert mac(host, "bond99") == macs[source]
        assert {name: host.show(name)["permanent-mac-address"] for name in macs} == macs


def test_all_mac_addresses_are_accepted_and_no_more(host: Asked) -> None:
    for accepted in (True, False):
        host.becomes(bond("eth1", **{"accept-all-mac-addresses": accepted}))


def test_an_option_that_needs_the_bond_down_changes_and_leaves_the_others(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    host.becomes(bond("eth1", "eth2", mode="balance-tlb", options={"all_slaves_active": "delivered"}))
    for balanced in (True, False):
        host.becomes(bond("eth1", "eth2", mode="balance-tlb", options={"tlb_dynamic_lb": balanced}))
        assert shown_options(host)["all_slaves_active"] == "delivered"


def test_a_group_address_is_no_actor_system_and_zeros_are_none(host: Asked) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(bond("eth1", mode="802.3ad", options={"ad_actor_system": "01:00:5E:00:0f:01"}))
    host.becomes(bond("eth1", mode="802.3ad", options={"ad_actor_system": "00:00:00:00:00:00"}))


def test_a_freed_port_takes_addresses_in_the_same_step(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    port = {
        "name": "eth1",
        "type": "ethernet",
        "state": "up",
        "mtu": 1500,
        "ipv4": {"enabled": True, "dhcp": False, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]},
        "ipv6": {
            "enabled": True,
            "dhcp": False,
            "autoconf": False,
            "address": [{"ip": "2001:db8:1::1", "prefix-length": 64}],
        },
    }
    host.apply({"name": "bond99", "state": "absent"}, port)
    assert host.show("bond99") == {}
    assert host.show("eth1")["ipv4"]["address"] == port["ipv4"]["address"]  # type: ignore[index]


def test_the_mtu_of_a_port_can_be_its_own(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    host.becomes({"name": "eth1", "state": "up", "mtu": 1280})


def test_freed_ports_may_be_asked_down(host: Asked) -> None:
    host.becomes(bond("eth1", "eth2"))
    host.apply(
        {"name": "bond99", "type": "bond", "state": "absent"},
        {"name": "eth1", "state": "down"},
        {"name": "eth2", "state": "down"},
    )
    assert [host.show(name)["state"] for name in ("eth1", "eth2")] == ["down", "down"]
    host.becomes({"name": "eth1", "state": "up"})


def test_ports_may_be_named_by_profiles_that_know_their_macs(host: Asked) -> None:
    profiles: list[State] = [
        {"name": f"port-{name}", "type": "ethernet", "identifier": "mac-address", "mac-address": mac(host, name)}
        for name in ("eth1", "eth2")
    ]
    host.apply(*profiles, bond("port-eth1", "port-eth2"))
    host.holds(bond("eth1", "eth2"))
    host.apply(*profiles, bond("port-eth1", "port-eth2"))
    listed = {"mode": "balance-rr", "ports-config": [{"profile-name": "port-eth1"}, {"profile-name": "port-eth2"}]}
    host.apply(*profiles, bond() | {"link-aggregation": listed})
    host.holds(bond("eth1", "eth2"))
    host.apply(bond("eth2"))
    host.holds(bond("eth2"))


@pytest.mark.parametrize("base", ["eth1", "eth2"])
@pytest.mark.parametrize("own", [{}, {"mac-address": MAC}])
@pytest.mark.parametrize("bonds", [{}, {"mac-address": OTHER_MAC}])
def test_a_vlan_over_a_port_has_its_ipv6_when_the_bond_has_another_mode(
    host: Asked, base: str, own: State, bonds: State
) -> None:
    six = {"enabled": True, "address": [{"ip": "2001:db8::1", "prefix-length": 64}]}
    host.becomes(
        bond("eth1", "eth2", **bonds),
        {"name": "v5", "type": "vlan", "state": "up", "vlan": {"base-iface": base, "id": 5}, "ipv6": six, **own},
    )
    host.becomes(bond("eth1", "eth2", mode="802.3ad", **bonds))
    host.holds({"name": "v5", "ipv6": six, **own})
