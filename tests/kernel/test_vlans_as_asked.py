"""VLANs asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netkernel import sysctl
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "vlan", "qinq", "dummy", "bridge", "ipv6")


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"})
    return host


def vlan(number: Any = 101, base: str = "eth1", name: str = "", **section: Any) -> State:
    words = {key.replace("_", "-"): value for key, value in section.items()}
    tree = {"id": number, "base-iface": base, **words}
    return {"name": name or f"{base}.{number}", "type": "vlan", "state": "up", "vlan": tree}


def test_a_vlan_comes_with_its_bases_mac_and_goes(host: Asked) -> None:
    host.becomes(vlan())
    assert host.show("eth1.101")["mac-address"] == host.show("eth1")["mac-address"]
    host.remove("eth1.101")
    host.becomes(vlan("101"), vlan(102))
    host.apply({"name": "eth1.101", "type": "vlan", "state": "down"})
    assert host.show("eth1.101") == {}


def test_mtus_of_base_and_vlans_rise_and_fall(host: Asked) -> None:
    base = host.show("eth1")
    host.becomes(*(each | {"mtu": 2000} for each in (vlan(), vlan(102), base)))
    host.becomes(vlan(102) | {"mtu": 2200}, base | {"mtu": 2200})
    assert host.show("eth1.101")["mtu"] == 2000
    host.becomes(base | {"mtu": 2300})
    assert host.show("eth1.101")["mtu"] == 2000
    host.becomes(*(each | {"mtu": 1500} for each in (vlan(), vlan(102), base)))


def test_a_rollback_gives_vlans_their_mtu_back(host: Asked) -> None:
    everything = (vlan(), vlan(102), host.show("eth1"))
    host.becomes(*(each | {"mtu": 2000} for each in everything))
    host.apply(*(each | {"mtu": 2200} for each in everything), commit=False)
    host.rollback()
    assert [host.show(each["name"])["mtu"] for each in everything] == [2000, 2000, 2000]


def test_a_word_nobody_knows_changes_nothing(host: Asked) -> None:
    with pytest.raises(InvalidPolicy):
        host.apply(vlan(), vlan(102) | {"invalid_key": "foo"})
    assert host.show("eth1.101") == {}


def test_base_and_vlan_come_and_go_in_one_step_in_any_order(host: Asked) -> None:
    base = {"name": "dummy00", "type": "dummy", "state": "up"}
    host.becomes(vlan(base="dummy00"), base)
    host.apply(vlan(base="dummy00") | {"state": "absent"}, base | {"state": "absent"}, verify=False)
    assert host.show("dummy00") == host.show("dummy00.101") == {}


def test_name_and_number_need_not_agree_and_the_number_changes(host: Asked) -> None:
    host.becomes(vlan(200, name="eth1.101"))
    host.becomes(vlan(201, name="eth1.101"))
    host.becomes({"name": "eth1.101"})
    host.holds(vlan(201, name="eth1.101"))


def test_a_vlan_changes_its_protocol_and_back(host: Asked) -> None:
    host.becomes(vlan())
    for protocol in ("802.1ad", "802.1q", "802.1ad"):
        host.becomes(vlan(102, name="eth1.101", protocol=protocol))


def test_vlans_may_be_stacked(host: Asked) -> None:
    host.becomes(vlan(5, protocol="802.1ad"), vlan(6, base="eth1.5"))


@pytest.mark.parametrize("said", ["gvrp", "mvrp", "none"])
def test_flags_are_shown_as_they_were_asked(host: Asked, said: str) -> None:
    some = vlan(registration_protocol=said, reorder_headers=False, loose_binding=True)
    host.becomes(some)
    host.becomes(vlan(registration_protocol="none", reorder_headers=True, loose_binding=False))
    host.becomes(some)


def test_one_word_of_a_vlan_changes_it_and_leaves_the_others(host: Asked) -> None:
    host.becomes({"name": "dummy1", "type": "dummy", "state": "up"})
    host.becomes(vlan())
    changes: list[tuple[str, Any]] = [
        ("id", 102), ("base-iface", "dummy1"), ("protocol", "802.1ad"), ("registration-protocol", "gvrp"),
        ("registration-protocol", "mvrp"), ("reorder-headers", "false"), ("loose-binding", "true"),
        ("loose-binding", 0), ("bridge-binding", "yes"), ("bridge-binding", False), ("protocol", "802.1q"),
    ]  # fmt: skip
    meant = {"false": False, "true": True, 0: False, "yes": True}
    expected: dict[str, Any] = {}
    for word, value in changes:
        host.apply({"name": "eth1.101", "type": "vlan", "state": "up", "vlan": {word: value}})
        expected[word] = meant.get(value, value)
        shown = host.show("eth1.101")
        assert shown["state"] == "up"
        assert shown["vlan"] == shown["vlan"] | expected


def test_all_mac_addresses_are_accepted_and_no_more(host: Asked) -> None:
    for accepted in (True, False):
        host.becomes(vlan() | {"accept-all-mac-addresses": accepted})


def test_a_vlan_of_nothing_is_refused(host: Asked) -> None:
    for wrong in (vlan(base="nothing"), {"name": "eth1.7", "type": "vlan", "state": "up", "vlan": {"id": 7}}):
        with pytest.raises(InvalidPolicy):
            host.apply(wrong)


def test_priorities_are_mapped_mapped_otherwise_and_no_more(host: Asked) -> None:
    maps: tuple[list[dict[str, Any]], ...] = (
        [{"from": 3, "to": 5}, {"from": "2", "to": 4}],
        [{"from": 2, "to": 6}, {"from": 3, "to": 7}],
        [{"from": 0, "to": 1}],
        [],
    )
    host.becomes(vlan())
    for listed in maps:
        for word in ("ingress_qos_map", "egress_qos_map"):
            host.apply(vlan(**{word: listed}))
            shown = host.show("eth1.101")["vlan"].get(word.replace("_", "-"), [])
            expected = [{key: int(each[key]) for key in each} for each in listed]
            assert shown == sorted(expected, key=lambda each: each["from"])
            assert host.plan(vlan(**{word: listed})) == []
    host.apply(vlan(ingress_qos_map=maps[0], egress_qos_map=maps[1]))
    waiting = vlan(ingress_qos_map=maps[2], egress_qos_map=[])
    host.apply(waiting, commit=False)
    host.rollback()
    host.holds(vlan(ingress_qos_map=maps[0], egress_qos_map=maps[1]))
    with pytest.raises(InvalidPolicy):
        host.apply(vlan(ingress_qos_map=[{"from": 1, "to": 2}, {"from": 1, "to": 3}]))
    with pytest.raises(InvalidPolicy):
        host.apply(vlan(egress_qos_map=[{"from": 16, "to": 2}]))


def test_settings_that_no_policy_knows_stay_when_a_vlan_is_made_anew(host: Asked) -> None:
    vlan: State = {"name": "v5", "type": "vlan", "state": "up", "vlan": {"base-iface": "eth1", "id": 5}}
    settings = {"net/ipv4/conf/v5/rp_filter": "2", "net/ipv4/neigh/v5/ucast_solicit": "5"}
    host.becomes(vlan)
    for path, value in settings.items():
        sysctl.write(path, value)
    host.becomes({**vlan, "vlan": {"base-iface": "eth1", "id": 6}})
    assert {path: sysctl.read(path) for path in settings} == settings
    host.apply({"name": "v5", "state": "absent"}, commit=False)
    host.rollback()
    assert {path: sysctl.read(path) for path in settings} == settings


def test_a_base_may_be_called_by_an_alternative_name(host: Asked) -> None:
    subprocess.run(["ip", "link", "property", "add", "dev", "eth1", "altname", "enp1s0"], check=True)
    host.apply({"name": "enp1s0", "type": "ethernet", "mtu": 1600}, vlan(base="enp1s0", name="v101"))
    host.holds(vlan(name="v101"), {"name": "eth1", "mtu": 1600})
