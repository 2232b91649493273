"""Interfaces known by their drivers and alternative names, on a real kernel's netdevsim and dummies."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("dummy", "netdevsim", "vlan", "bonding")

BUS = Path("/sys/bus/netdevsim")


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Iterator[Asked]:
    """With two ports of one simulated NIC, `sim1` and `sim2`; the second is also called `enp9s0f1np1`."""
    (BUS / "new_device").write_text("73 2 2")
    links = json.loads(subprocess.run(["ip", "-d", "-j", "link"], check=True, capture_output=True, text=True).stdout)
    made = [link["ifname"] for link in links if link.get("parentdev") == "netdevsim73"]
    for number, name in enumerate(sorted(made), start=1):
        subprocess.run(["ip", "link", "set", name, "name", f"sim{number}"], check=True)
    subprocess.run(["ip", "link", "property", "add", "dev", "sim2", "altname", "enp9s0f1np1"], check=True)
    yield Asked(tmp_path / "state")
    (BUS / "del_device").write_text("73")


def known(by: str, value: str, name: str = "uplink", **keys: object) -> State:
    return {"name": name, "type": "ethernet", "state": "up", "identifier": by, by: value, **keys}


def test_the_driver_of_a_nic_is_shown_and_of_a_virtual_link_there_is_none(host: Asked) -> None:
    host.apply({"name": "d1", "type": "dummy"})
    assert host.show("sim1")["driver"] == "netdevsim"
    assert "driver" not in host.show("d1")
    assert "pci-address" not in host.show("sim1")


def test_a_link_known_by_a_pattern_of_its_alternative_name_is_changed_remembered_and_shown(host: Asked) -> None:
    vlan = {"name": "uplink.5", "type": "vlan", "vlan": {"base-iface": "uplink", "id": 5}}
    host.apply(known("alt-name", "enp9s0f1*", mtu=1400), {**vlan, "mtu": 1400})
    shown = host.show("sim2")
    assert (shown["mtu"], shown["profile-name"], shown["identifier"]) == (1400, "uplink", "alt-name")
    assert host.show("uplink.5")["vlan"]["base-iface"] == "sim2"
    assert host.plan(known("alt-name", "enp9s0f1*", mtu=1400), vlan) == []
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []


def test_a_driver_that_two_have_is_refused_with_both_and_one_of_them_by_its_name_is_not(host: Asked) -> None:
    with pytest.raises(InvalidPolicy, match=r"uplink: driver: sim1, sim2 all have netdev\*"):
        host.plan(known("driver", "netdev*"))
    with pytest.raises(InvalidPolicy, match=r"no ethernet here has virtio_net; there are netdevsim \(sim1\)"):
        host.plan(known("driver", "virtio_net"))
    host.apply(known("driver", "netdevsim", name="sim1", mtu=1300))
    assert host.show("sim1")["mtu"] == 1300
    assert host.show("sim1")["identifier"] == "driver"


def test_what_was_made_by_an_identifier_goes_back(host: Asked) -> None:
    before = api.show(state_dir=host.state_dir)
    bond = {"name": "bond0", "type": "bond", "link-aggregation": {"mode": "active-backup", "port": ["uplink"]}}
    host.apply(known("alt-name", "enp9s0f1np1", mtu=1400), bond, commit=False, timeout_s=60)
    assert host.show("sim2")["controller"] == "bond0"
    host.rollback()
    assert api.show(state_dir=host.state_dir) == before
