"""NICs, veths, dummies and the loopback asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "dummy", "ipv6")

OFF: State = {"enabled": False}


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    subprocess.run(["sysctl", "-qw", "net.ipv6.conf.default.dad_transmits=0"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"}, {"name": "eth2", "state": "up"})
    return host


def addresses(*pairs: tuple[str, int]) -> State:
    return {"enabled": True, "address": [{"ip": ip, "prefix-length": prefix} for ip, prefix in pairs]}


def ips(host: Asked, name: str) -> list[str]:
    shown = host.show(name)
    found = [each["ip"] for family in ("ipv4", "ipv6") for each in shown[family].get("address", ())]
    return [ip for ip in found if not ip.startswith("fe80")]


def by_mac(host: Asked, name: str, **more: Any) -> State:
    mac = host.show(more.pop("link", name.replace("port", "eth")))["mac-address"]
    return {"name": name, "type": "ethernet", "identifier": "mac-address", "mac-address": mac, **more}


def plans_nothing_as_shown(host: Asked) -> bool:
    return api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []


def test_the_loopback_takes_addresses_beside_its_own_and_goes_back_to_them(host: Asked) -> None:
    own = {"name": "lo", "type": "loopback", "state": "up"}
    host.apply({**own, "mtu": 12800, "ipv4": addresses(("192.0.2.1", 32)), "ipv6": addresses(("2001:db8::1", 128))})
    assert sorted(ips(host, "lo")) == ["127.0.0.1", "192.0.2.1", "2001:db8::1", "::1"]
    assert plans_nothing_as_shown(host)
    host.apply({**own, "state": "absent"})
    assert (sorted(ips(host, "lo")), host.show("lo")["mtu"]) == (["127.0.0.1", "::1"], 65536)


def test_the_loopback_takes_more_of_its_own_net(host: Asked) -> None:
    more = addresses(("127.0.0.2", 8), ("127.9.0.1", 32))
    host.apply({"name": "lo", "type": "loopback", "state": "up", "ipv4": more})
    assert ips(host, "lo") == ["127.0.0.1", "127.9.0.1", "127.0.0.2", "::1"]
    assert plans_nothing_as_shown(host)


def test_the_loopback_can_do_without_ipv6_and_finds_it_again(host: Asked) -> None:
    host.becomes({"name": "lo", "type": "loopback", "state": "up", "ipv6": OFF})
    host.apply({"name": "lo", "type": "loopback", "state": "absent"})
    assert ips(host, "lo") == ["127.0.0.1", "::1"]
    without = api.apply(
        {"interfaces": [{"name": "lo", "ipv6": OFF}]}, checks=None, commit=False, state_dir=host.state_dir
    )
    assert api.rollback(without.checkpoint, state_dir=host.state_dir) == ()
    assert ips(host, "lo") == ["127.0.0.1", "::1"]


def test_ports_and_bases_may_be_called_as_the_policy_calls_them(host: Asked) -> None:
    bond = {"name": "bond0", "type": "bond", "state": "up"}
    listed = {"mode": "balance-rr", "port": ["port1", "port2"]}
    host.apply(by_mac(host, "port1"), by_mac(host, "port2"), {**bond, "link-aggregation": listed})
    assert host.show("bond0")["link-aggregation"]["port"] == ["eth1", "eth2"]
    assert plans_nothing_as_shown(host)
    host.apply({"name": "vlan5", "type": "vlan", "vlan": {"base-iface": "port1", "id": 5}}, {**bond, "state": "absent"})
    assert host.show("vlan5")["vlan"]["base-iface"] == "eth1"
    assert plans_nothing_as_shown(host)


def test_what_a_policy_calls_an_interface_is_shown(host: Asked) -> None:
    host.apply(by_mac(host, "port1", description="cable 7", state="down"), {"name": "eth2", "profile-name": "lan"})
    shown = host.show("eth1")
    assert (shown["profile-name"], shown["identifier"], shown["description"]) == ("port1", "mac-address", "cable 7")
    assert (shown["state"], host.show("eth2")["profile-name"]) == ("down", "lan")
    assert plans_nothing_as_shown(host)
    host.apply({"name": "eth1", "description": ""})
    assert "description" not in host.show("eth1")


def test_two_interfaces_may_have_one_profile_name_as_long_as_nobody_uses_it(host: Asked) -> None:
    both = [by_mac(host, name, **{"profile-name": "port", "link": name}) for name in ("eth1", "eth2")]
    host.apply(*both)
    assert [host.show(name)["profile-name"] for name in ("eth1", "eth2")] == ["port", "port"]
    with pytest.raises(InvalidPolicy, match="eth1 and eth2 are both called port"):
        host.apply(*both, {"name": "br0", "type": "linux-bridge", "bridge": {"port": [{"name": "port"}]}})


def test_a_kernels_name_comes_before_a_profiles(host: Asked) -> None:
    host.apply(
        {"name": "dummy1", "type": "dummy", "state": "up"},
        {"name": "dummy2", "type": "dummy", "state": "up", "profile-name": "dummy1"},
        {"name": "br0", "type": "linux-bridge", "bridge": {"port": [{"name": "dummy1"}]}},
    )
    assert (host.show("dummy1")["controller"], "controller" in host.show("dummy2")) == ("br0", False)


def test_a_veth_comes_with_a_peer_of_any_type_gets_another_and_goes(host: Asked) -> None:
    veth = {"name": "veth1", "type": "veth", "state": "up", "veth": {"peer": "veth1peer"}}
    host.becomes(veth, {"name": "veth1peer", "type": "ethernet", "state": "up"})
    host.becomes({**veth, "veth": {"peer": "veth2peer"}})
    assert (host.show("veth1peer"), host.show("veth2peer")["state"]) == ({}, "up")
    host.becomes({"name": "veth1", "type": "ethernet", "state": "up"})
    host.apply({"name": "veth1", "type": "veth", "state": "down"})
    assert (host.show("veth1")["state"], host.show("veth2peer")["state"]) == ("down", "up")
    host.becomes(veth | {"veth": {"peer": "veth2peer"}})
    host.apply({**veth, "state": "absent"}, {"name": "veth2peer", "type": "veth", "state": "absent"})
    assert (host.show("veth1"), host.show("veth2peer")) == ({}, {})


def test_a_nic_goes_down_and_up_and_loses_only_its_settings_when_absent(host: Asked) -> None:
    set_up = {"name": "eth1", "state": "up", "mtu": 1400, "ipv4": addresses(("192.0.2.1", 24))}
    host.becomes(set_up)
    host.apply({"name": "eth1", "state": "down"})
    assert (host.show("eth1")["state"], ips(host, "eth1")) == ("down", [])
    assert host.plan({"name": "eth1", "state": "down"}) == []
    host.becomes(set_up)
    host.apply({"name": "eth1", "type": "ethernet", "state": "absent"})
    assert (host.show("eth1")["state"], ips(host, "eth1")) == ("up", [])


def test_a_dummy_somebody_else_made_can_be_taken_over_and_deleted(host: Asked) -> None:
    subprocess.run(["ip", "link", "add", "dummy7", "type", "dummy"], check=True)
    host.becomes({"name": "dummy7", "state": "up", "ipv4": OFF, "ipv6": OFF})
    with pytest.raises(InvalidPolicy, match="invalid-key"):
        host.apply({"name": "dummy7", "state": "absent", "invalid-key": "foo"})
    assert host.show("dummy7")["state"] == "up"
    host.remove("dummy7")


@pytest.mark.parametrize(
    "settings",
    [
        {"mtu": 1900},
        {"mtu": 9000},
        {"mtu": 576, "ipv6": OFF},
        {"mtu": 1280, "ipv6": {"enabled": True}},
        {"mac-address": "d4:EE:07:25:42:5a"},
        {"accept-all-mac-addresses": True},
        {"description": "cable 7"},
        {"ipv6": {"enabled": True, "addr-gen-mode": "stable-privacy"}},
        {"ipv6": addresses(("2001:0db8:85a3:0000:0000:8a2e:0370:7331", 64)) | {"enabled": True}},
        {"ipv4": addresses(("192.0.2.9", 24), ("192.0.2.10", 24), ("198.51.100.9", 30))},
    ],
)
def test_a_nics_settings_come_over_what_is_shown_and_stay_while_nobody_mentions_them(
    host: Asked, settings: State
) -> None:
    host.apply({**host.show("eth1"), **settings})
    shown = host.show("eth1")
    for key, value in settings.items():
        if key not in ("ipv4", "ipv6"):
            assert str(shown[key]).upper() == str(value).upper()
    assert plans_nothing_as_shown(host)
    host.apply({"name": "eth1"})
    assert host.show("eth1") == shown


def test_addresses_stand_in_the_order_of_the_policy(host: Asked) -> None:
    four, six = ("192.0.2.252", "192.0.2.251"), ("2001:db8:2::1", "2001:db8:1::1")
    host.becomes({"name": "eth1", "ipv4": addresses(*((ip, 24) for ip in four))})
    host.apply({"name": "eth1", "ipv6": addresses(*((ip, 64) for ip in six))})
    assert ips(host, "eth1") == [*four, *six]


def test_link_local_addresses_of_a_policy_are_left_to_the_kernel(host: Asked) -> None:
    host.apply({"name": "eth1", "ipv6": addresses(("fe80::1", 64), ("2001:db8:1::1", 64))})
    shown = [each["ip"] for each in host.show("eth1")["ipv6"]["address"]]
    assert "2001:db8:1::1" in shown and "fe80::1" not in shown and len(shown) == 2


def test_an_enabled_family_without_addresses_has_none_but_link_local(host: Asked) -> None:
    host.apply({"name": "eth1", "ipv4": addresses(("192.0.2.1", 24)), "ipv6": addresses(("2001:db8:1::1", 64))})
    host.apply({"name": "eth1", "ipv4": addresses(), "ipv6": addresses()})
    shown = host.show("eth1")
    assert (shown["ipv4"], shown["ipv6"]["enabled"], ips(host, "eth1")) == (OFF, True, [])


def test_two_links_may_have_the_same_address(host: Asked) -> None:
    same = {"ipv4": addresses(("192.0.2.1", 24)), "ipv6": addresses(("2001:db8:1::1", 64))}
    host.apply({"name": "eth1", **same})
    host.apply({"name": "eth2", **same})
    assert ips(host, "eth1") == ips(host, "eth2") == ["192.0.2.1", "2001:db8:1::1"]


def test_what_goes_down_is_as_it_was_when_it_is_asked_up_again_and_not_after_it_was_absent(host: Asked) -> None:
    dummy = {"name": "dummy7", "type": "dummy", "state": "up", "mac-address": "02:FF:FF:FF:FF:07"}
    host.becomes({**dummy, "ipv4": addresses(("192.0.2.1", 24))})
    host.apply({"name": "dummy7", "state": "down"})
    assert host.show("dummy7") == {}
    host.apply({"name": "dummy7", "type": "dummy", "state": "up"})
    assert (host.show("dummy7")["mac-address"], ips(host, "dummy7")) == (dummy["mac-address"], ["192.0.2.1"])
    host.apply({"name": "dummy7", "state": "down"})
    host.apply({"name": "dummy7", "state": "absent"})
    host.apply({"name": "dummy7", "type": "dummy", "state": "up"})
    assert ips(host, "dummy7") == []
