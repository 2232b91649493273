"""Who holds a link, from what managers leave under /run (tests/boot asks the real ones)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netkernel.managers import network_manager, networkd
from netkernel.ops import SetLink
from netkernel.records import Link
from nncp_agent import held
from nncp_agent.errors import InvalidPolicy
from nncp_agent.managers import holders, ifupdown
from nncp_agent.managers.base import Holder
from nncp_agent.plan import decide
from tests.fake_bus import FakeNetworkManager, listening
from tests.host_text import policy, read_host

NO_BUS = "/nowhere"
LINKS = {name: Link(name=name, index=index) for index, name in enumerate(("lo", "eth0", "eth1", "eth2"), 1)}


def write(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def restart(name: str) -> str:
    conf = f"[keyfile]\\nunmanaged-devices+=interface-name:={name}\\n"
    return f"printf '{conf}' >/etc/NetworkManager/conf.d/{name}.conf && systemctl restart NetworkManager"


def test_where_no_manager_is_nobody_holds_anything(tmp_path: Path) -> None:
    assert holders(LINKS, str(tmp_path), bus=NO_BUS) == {}


def test_networkmanager_holds_what_it_has_activated_or_wants_to(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        {
            "NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=1234\nnm-owned=0\n",
            "NetworkManager/devices/3": "[device]\nmanaged=false\n",
            "NetworkManager/devices/4": "[device]\nmanaged=true\n",
        },
    )
    assert holders(LINKS, run, bus=NO_BUS) == {
        "eth0": Holder("NetworkManager", "profile '1234'", restart("eth0")),
        "eth2": Holder("NetworkManager", "", restart("eth2")),
    }


def test_networkmanager_does_not_hold_what_it_found_configured(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        {
            "NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=12\n",
            "NetworkManager/devices/3": "[device]\nmanaged=true\nconnection-uuid=34\n",
            "NetworkManager/system-connections/a": "[connection]\nid=a\nuuid=12\n[.nmmeta]\nexternal=true\n",
            "NetworkManager/system-connections/b": "[connection]\nid=b\nuuid=34\n[.nmmeta]\nnm-generated=true\n",
        },
    )
    assert {name: str(holder) for name, holder in holders(LINKS, run, bus=NO_BUS).items()} == {
        "eth1": f"NetworkManager (profile 'b', {run}/NetworkManager/system-connections/b)"
    }


def test_networkd_holds_what_it_has_a_file_for(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        {
            "systemd/netif/links/2": "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/a.network\n",
            "systemd/netif/links/3": "ADMIN_STATE=unmanaged\nNETWORK_FILE=/etc/systemd/network/b.network\n",
            "systemd/netif/links/4": "ADMIN_STATE=configured\n",
        },
    )
    assert {name: str(holder) for name, holder in holders(LINKS, run, bus=NO_BUS).items()} == {
        "eth0": "systemd-networkd (/etc/systemd/network/a.network)"
    }


def test_ifupdown_holds_what_it_brought_up_but_the_loopback(tmp_path: Path) -> None:
    run = write(tmp_path, {"network/ifstate": "lo=lo\neth1=uplink\ngone=gone\n"})
    assert {name: str(holder) for name, holder in holders(LINKS, run, bus=NO_BUS).items()} == {
        "eth1": "ifupdown (iface uplink)"
    }


def test_ifupdown2_holds_what_its_files_bring_up_once_it_has_run(tmp_path: Path) -> None:
    there = {
        "etc/network/interfaces": "auto lo\nauto eth[1-3]\n",
        "etc/network/interfaces.d/x": "allow-hotplug eth0\n",
        "run/network/other": "",
    }
    run = write(tmp_path, there) + "/run"
    assert ifupdown.holders(LINKS, run, str(tmp_path)) == {}
    (tmp_path / "run/network/ifstatelock").touch()
    assert {name: str(each) for name, each in ifupdown.holders(LINKS, run, str(tmp_path)).items()} == {
        "eth1": "ifupdown2 (iface eth1, /etc/network/interfaces)",
        "eth2": "ifupdown2 (iface eth2, /etc/network/interfaces)",
        "eth0": "ifupdown2 (iface eth0, /etc/network/interfaces.d/x)",
    }


def test_nobody_holds_the_links_of_another_namespace(tmp_path: Path) -> None:
    run = write(tmp_path / "run", {"network/ifstate": "eth1=eth1\n"})
    for process, namespace in (("self", "net:[2]"), ("1", "net:[1]")):
        (tmp_path / "proc" / process / "ns").mkdir(parents=True)
        os.symlink(namespace, tmp_path / "proc" / process / "ns" / "net")
    assert holders(LINKS, run, str(tmp_path / "proc")) == {}


def test_a_file_of_nonsense_holds_nothing(tmp_path: Path) -> None:
    run = write(tmp_path, {"NetworkManager/devices/2": "\0\xff=\n====\nmanaged", "network/ifstate": "\n=\n=x\n"})
    assert holders(LINKS, run, bus=NO_BUS) == {}


PLAN = (
    SetLink("eth0", "", {"mtu": 1400}, {"mtu": 1500}),
    SetLink("eth0", "", {"up": False}, {"up": True}),
    SetLink("eth1", "", {"master": "bond0"}, {"master": ""}),
)


def test_each_held_link_that_a_plan_changes_is_refused_once_with_what_lets_go_of_it() -> None:
    named = {name: Holder("M", "p", f"release {name}") for name in ("eth0", "eth2")}
    assert [str(each) for each in held.problems(PLAN, named)] == [
        "eth0: M (p) holds this link and would change it again; --claim takes it over as it is; by hand, also without "
        "losing an address: release eth0"
    ]


def test_who_gets_or_loses_a_port_is_changed() -> None:
    assert [each.path for each in held.problems(PLAN, {"bond0": Holder("M", "p", "release")})] == ["bond0"]


def test_a_plan_on_a_held_link_is_refused_and_one_that_leaves_it_alone_is_not() -> None:
    host = read_host("links: {eth0: {mtu: 1500}, eth1: {mtu: 1500}}")
    held_ones = {"eth0": Holder("M", "p", "release eth0")}
    with pytest.raises(InvalidPolicy, match=r"eth0: M \(p\) holds this link"):
        decide(policy("interfaces: [{name: eth0, mtu: 1400}]"), host, holders=lambda links: held_ones)
    both = policy("interfaces: [{name: eth0, mtu: 1500}, {name: eth1, mtu: 1400}]")
    assert len(decide(both, host, holders=lambda links: held_ones).ops) == 1


def test_networkmanager_does_not_hold_what_it_says_it_does_not_manage(tmp_path: Path) -> None:
    devices = {f"NetworkManager/devices/{index}": "[device]\nmanaged=true\n" for index in (2, 3, 4)}
    run = write(tmp_path / "run", devices)
    with listening(tmp_path / "bus", FakeNetworkManager({"eth0": True, "eth1": False})) as bus:
        assert holders(LINKS, run, bus=bus).keys() == {"eth0", "eth2"}


def test_a_lease_of_networkd_is_known_by_its_identifier_and_its_name_servers_are_its_own(tmp_path: Path) -> None:
    lease = "ADDRESS=192.0.2.9\nDNS=192.0.2.53\nCLIENTID=ff35fd01\n"
    state = "ADMIN_STATE=configured\nNETWORK_FILE=/etc/e.network\nDNS=192.0.2.53 192.0.2.54\n"
    there = {
        "run/systemd/netif/links/2": f"{state}DHCP_LEASE=/run/systemd/netif/leases/2\n",
        "run/systemd/netif/links/3": state,
        "run/systemd/netif/leases/2": lease,
    }
    found = networkd.look(LINKS, NO_BUS, write(tmp_path, there))
    assert found is not None
    assert [(each.lease, each.servers) for each in found.holds.values()] == [
        ("ff:35:fd:01", ("192.0.2.54",)),
        (None, ("192.0.2.53", "192.0.2.54")),
    ]


def test_networkmanager_tells_which_lease_it_has(tmp_path: Path) -> None:
    devices = {f"run/NetworkManager/devices/{index}": "[device]\nmanaged=true\n" for index in (2, 3)}
    told = {
        "ip_address": "192.0.2.9",
        "dhcp_client_identifier": "01:02",
        "domain_name_servers": "192.0.2.53 192.0.2.54",
    }
    manager = FakeNetworkManager({"eth0": True, "eth1": True}, {"eth0": told})
    with listening(tmp_path / "bus", manager) as bus:
        found = network_manager.look(LINKS, bus, write(tmp_path, devices))
    assert found is not None
    assert {name: (each.lease, each.servers) for name, each in found.holds.items()} == {
        "eth0": ("01:02", ("192.0.2.53", "192.0.2.54")),
        "eth1": (None, ()),
    }
