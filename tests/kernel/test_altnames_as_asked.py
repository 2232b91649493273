"""Alternative names asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("dummy", "veth", "vlan", "bonding", "bridge")

LONG = "really-really-long-long-long-interface-name"


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    subprocess.run(["ip", "link", "property", "add", "dev", "eth1", "altname", "enp1s0"], check=True)
    return Asked(tmp_path / "state")


def nic(name: str = "eth1", *altnames: str | State, **keys: object) -> State:
    said = [{"name": each} if isinstance(each, str) else each for each in altnames]
    return {"name": name, "type": "ethernet", "state": "up", "alt-names": said, **keys}


def altnames(link: str) -> list[str]:
    command = ["ip", "-j", "link", "show", link]
    (said,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return sorted(said.get("altnames", []))


def test_names_come_beside_those_there_are_and_go_one_by_one(host: Asked) -> None:
    host.apply(nic("eth1", "port1", LONG))
    assert altnames("eth1") == ["enp1s0", "port1", LONG]
    assert host.show("eth1")["alt-names"] == [{"name": "enp1s0"}, {"name": "port1"}, {"name": LONG}]
    assert host.plan(nic("eth1", "port1", LONG)) == []
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []
    host.apply(nic("eth1", {"name": "port1", "state": "absent"}))
    assert altnames("eth1") == ["enp1s0", LONG]


def test_ports_bases_and_routes_of_the_same_policy_go_by_a_new_name(host: Asked) -> None:
    address = {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]}
    bond = {"name": "bond0", "type": "bond", "link-aggregation": {"mode": "active-backup", "port": ["port1"]}}
    vlan = {"name": "vlan7", "type": "vlan", "vlan": {"base-iface": LONG, "id": 7}}
    route = {"destination": "198.51.100.0/24", "next-hop-address": "192.0.2.9", "next-hop-interface": LONG}
    state = {
        "interfaces": [nic("eth1", "port1"), nic("eth2", LONG, ipv4=address), bond, vlan],
        "routes": {"config": [route]},
    }
    api.apply(state, checks=None, state_dir=host.state_dir)
    assert host.show("bond0")["link-aggregation"]["port"] == ["eth1"]
    assert host.show("vlan7")["vlan"]["base-iface"] == "eth2"
    config = api.show(state_dir=host.state_dir)["routes"]["config"]
    assert [each["next-hop-interface"] for each in config] == ["eth2"]
    assert api.plan(state, state_dir=host.state_dir) == []


def test_a_name_moves_from_one_link_to_another_and_back(host: Asked) -> None:
    host.apply(nic("eth1", "uplink"))
    host.apply(nic("eth1", {"name": "uplink", "state": "absent"}), nic("eth2", "uplink"), commit=False, timeout_s=60)
    assert (altnames("eth1"), altnames("eth2")) == (["enp1s0"], ["uplink"])
    host.rollback()
    assert (altnames("eth1"), altnames("eth2")) == (["enp1s0", "uplink"], [])


def test_a_link_that_is_made_again_has_its_names_again(host: Asked) -> None:
    vlan = {"name": "vlan7", "type": "vlan", "vlan": {"base-iface": "eth1", "id": 7}}
    host.apply({**vlan, "alt-names": [{"name": "storage"}]})
    host.apply({**vlan, "vlan": {"base-iface": "eth1", "id": 8}}, commit=False, timeout_s=60)
    assert altnames("vlan7") == ["storage"]
    host.rollback()
    assert altnames("vlan7") == ["storage"]
    host.apply({"name": "d1", "type": "dummy", "alt-names": [{"name": "for-tests"}]})
    assert altnames("d1") == ["for-tests"]


def test_a_nic_that_is_to_be_absent_loses_the_names_it_was_given_and_no_others(host: Asked) -> None:
    host.apply(nic("eth1", "port1"))
    host.apply({"name": "eth1", "type": "ethernet", "state": "absent"})
    assert altnames("eth1") == ["enp1s0"]


@pytest.mark.parametrize("name", ["eth1", "eth2", "enp1s0"])
def test_a_name_that_something_else_has_is_refused(host: Asked, name: str) -> None:
    on = "eth2" if name == "enp1s0" else "eth1"
    with pytest.raises(InvalidPolicy, match=rf"{on}: alt-names\[0\].name: found {name}, which is"):
        host.plan(nic(on, name))
