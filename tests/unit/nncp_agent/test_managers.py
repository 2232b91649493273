"""Who holds a link, from what managers leave under /run (tests/boot asks the real ones)."""

from __future__ import annotations

import os
from pathlib import Path

from netkernel.ops import SetLink
from netkernel.records import Link
from nncp_agent import held
from nncp_agent.managers import holders
from nncp_agent.managers.base import Holder

LINKS = {name: Link(name=name, index=index) for index, name in enumerate(("lo", "eth0", "eth1", "eth2"), 1)}


def write(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def test_where_no_manager_is_nobody_holds_anything(tmp_path: Path) -> None:
    assert holders(LINKS, str(tmp_path)) == {}


def test_networkmanager_holds_what_it_has_activated_or_wants_to(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        {
            "NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=1234\nnm-owned=0\n",
            "NetworkManager/devices/3": "[device]\nmanaged=false\n",
            "NetworkManager/devices/4": "[device]\nmanaged=true\n",
        },
    )
    assert holders(LINKS, run) == {
        "eth0": Holder("NetworkManager", "profile '1234'", "nmcli device set eth0 managed no"),
        "eth2": Holder("NetworkManager", "", "nmcli device set eth2 managed no"),
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
    assert {name: str(holder) for name, holder in holders(LINKS, run).items()} == {
        "eth1": "NetworkManager (profile 'b')"
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
    assert {name: str(holder) for name, holder in holders(LINKS, run).items()} == {
        "eth0": "systemd-networkd (/etc/systemd/network/a.network)"
    }


def test_ifupdown_holds_what_it_brought_up_but_the_loopback(tmp_path: Path) -> None:
    run = write(tmp_path, {"network/ifstate": "lo=lo\neth1=uplink\ngone=gone\n"})
    assert {name: str(holder) for name, holder in holders(LINKS, run).items()} == {"eth1": "ifupdown (iface uplink)"}


def test_nobody_holds_the_links_of_another_namespace(tmp_path: Path) -> None:
    run = write(tmp_path / "run", {"network/ifstate": "eth1=eth1\n"})
    for process, namespace in (("self", "net:[2]"), ("1", "net:[1]")):
        (tmp_path / "proc" / process / "ns").mkdir(parents=True)
        os.symlink(namespace, tmp_path / "proc" / process / "ns" / "net")
    assert holders(LINKS, run, str(tmp_path / "proc")) == {}


def test_a_file_of_nonsense_holds_nothing(tmp_path: Path) -> None:
    run = write(tmp_path, {"NetworkManager/devices/2": "\0\xff=\n====\nmanaged", "network/ifstate": "\n=\n=x\n"})
    assert holders(LINKS, run) == {}


def test_only_held_links_that_the_plan_touches_are_warned_about_once_each() -> None:
    plan = (SetLink("eth0", "", {"mtu": 1400}, {"mtu": 1500}), SetLink("eth0", "", {"up": False}, {"up": True}))
    named = {name: Holder("M", "p", f"release {name}") for name in ("eth0", "eth1")}
    assert [str(each) for each in held.warnings(plan, named)] == [
        "eth0: M (p) holds this link and may change it again; to make it let go, which takes away what it "
        "configured there: release eth0"
    ]
