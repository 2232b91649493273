"""What udev does to links by its .link files: which file is for which link, and what a plan says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from netkernel.records import Link
from nncp_agent.errors import InvalidPolicy
from nncp_agent.judge.udev import fits
from nncp_agent.managers.udev import LinkFile, applied, link_files
from nncp_agent.plan import Decision, decide
from tests.host_text import policy, read_host

DEFAULT = "[Match]\nOriginalName=*\n\n[Link]\nNamePolicy=keep kernel path\nMACAddressPolicy=persistent\n"
ETC, LIB = "etc/systemd/network", "usr/lib/systemd/network"
HOST = read_host("links: {eth0: {address: '02:00:00:00:00:01'}, eth1: {address: '02:00:00:00:00:02'}}")
DUMMY = "interfaces: [{name: d0, type: dummy, state: up}]"
PINNED = "interfaces: [{name: d0, type: dummy, state: up, mac-address: '02:00:00:00:00:99', mtu: 1400}]"


def root(directory: Path, files: dict[str, str]) -> str:
    """A tree with a udev that runs, and these files."""
    for name, text in {"run/udev/control": "", f"{LIB}/99-default.link": DEFAULT, **files}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return str(directory)


def plan(text: str, files: Sequence[LinkFile]) -> Decision:
    return decide(policy(text), HOST, link_files=lambda: files)


def file(link: str, match: str = "OriginalName=d0") -> LinkFile:
    sections = [dict(line.split("=", 1) for line in text.split("\n")) for text in (match, link)]
    return LinkFile("/etc/systemd/network/10-own.link", *sections)


def test_files_are_tried_by_name_and_those_of_etc_hide_others(tmp_path: Path) -> None:
    there = {
        f"{LIB}/10-b.link": "[Match]\nKind=bond\n",
        f"{ETC}/10-b.link": "# ours\n[Match]\nKind=bridge\n",
        f"run/{LIB[8:]}/05-a.link": "[Match]\nOriginalName=eth*\nOriginalName=ens*\n[Link]\nName=lan0\n",
        f"{LIB}/99-default.link.d/20-x.conf": "[Link]\nMACAddressPolicy=none\n",
        f"{ETC}/99-default.link.d/20-x.conf": "[Link]\nNamePolicy=\n",
        f"{ETC}/readme.txt": "[Match]\n",
    }
    found = link_files(root(tmp_path, there))
    assert [each.path for each in found] == [
        "/run/systemd/network/05-a.link", "/etc/systemd/network/10-b.link", "/usr/lib/systemd/network/99-default.link",
    ]  # fmt: skip
    assert found[0] == LinkFile(found[0].path, {"OriginalName": "eth* ens*"}, {"Name": "lan0"})
    assert found[1].match == {"Kind": "bridge"}
    assert found[2].policies == "MACAddressPolicy=persistent"


def test_where_no_udev_runs_or_not_for_our_links_there_are_none(tmp_path: Path) -> None:
    there = root(tmp_path, {"proc/self/ns/x": "", "proc/1/ns/x": ""})
    for process, number in (("self", 1), ("1", 2)):
        (tmp_path / "proc" / process / "ns/net").symlink_to(f"net:[{number}]")
    assert link_files(there, proc=f"{there}/proc") == ()
    (tmp_path / "run/udev/control").unlink()
    assert link_files(there) == ()


def test_of_links_that_are_there_udev_remembers_the_file(tmp_path: Path) -> None:
    remembered = "E:ID_NET_LINK_FILE=/usr/lib/systemd/network/99-default.link\nE:ID_NET_NAME=eth0\n"
    there = root(tmp_path, {"run/udev/data/n2": remembered, "run/udev/data/n3": "E:ID_NET_DRIVER=\n"})
    links = {name: Link(name=name, index=index) for index, name in enumerate(("lo", "eth0", "eth1"), 1)}
    (found,) = applied(links, there).items()
    assert (found[0], found[1].policies) == ("eth0", "NamePolicy=keep kernel path, MACAddressPolicy=persistent")


@pytest.mark.parametrize(
    ("match", "is_for_it"),
    [
        ("OriginalName=br*", True),
        ("OriginalName=!br*", False),
        ("OriginalName=!eth* ens*", True),
        ("Kind=bond bridge", True),
        ("Type=bridge", True),
        ("Type=ether", False),
        ("Driver=bridge", True),
        ("MACAddress=02:00:00:00:00:0A", True),
        ("MACAddress=02:00:00:00:00:0b", False),
        ("OriginalName=*\nPath=pci-*", False),
        ("OriginalName=*\nHost=elsewhere", False),
        ("OriginalName=", False),
    ],
)
def test_a_file_is_for_the_links_it_says(match: str, is_for_it: bool) -> None:
    link = Link("br0", "bridge", {"address": "02:00:00:00:00:0a"})
    assert fits(file("Name=x", match), link) is is_for_it


def test_a_mac_that_nobody_states_is_said_to_be_udevs_once_for_all_links() -> None:
    both = (
        "interfaces: [{name: d0, type: dummy, state: up}, {name: d1, type: dummy, state: up}, "
        "{name: v9, type: vlan, state: up, vlan: {base-iface: eth0, id: 9}}, "
        "{name: br0, type: linux-bridge, state: up, bridge: {port: [{name: eth1}]}}]"
    )
    default = LinkFile("/99-default.link", {"OriginalName": "*"}, {"MACAddressPolicy": "persistent"})
    assert [str(each) for each in plan(both, [default]).warnings] == [
        "d0: mac-address: udev will choose it (also those of d1) after the link is made: "
        "MACAddressPolicy=persistent in /99-default.link; state it to have another"
    ]
    assert plan(PINNED, [default]).warnings == ()
    assert plan("interfaces: [{name: eth0, mtu: 1400}]", [default]).warnings == ()


def test_what_a_file_gives_is_said_where_the_policy_is_silent() -> None:
    found = plan(DUMMY, [file("MACAddress=02-00-00-00-00-AA\nMTUBytes=9K"), file("MACAddressPolicy=random")])
    assert [str(each) for each in found.warnings] == [
        "d0: mac-address: udev will make it 02:00:00:00:00:aa (/etc/systemd/network/10-own.link)",
        "d0: mtu: udev will make it 9216 (/etc/systemd/network/10-own.link)",
    ]


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ("Name=lan0", "d0: udev would rename it to lan0 "),
        ("MACAddress=02:00:00:00:00:aa", "d0: mac-address: udev would make it 02:00:00:00:00:aa "),
        ("MTUBytes=9000", "d0: mtu: udev would make it 9000 "),
    ],
)
def test_what_a_file_gives_is_refused_where_the_policy_states_another_with_what_to_do(says: str, problem: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        plan(PINNED, [file(says)])
    (found,) = map(str, refused.value.problems)
    assert found.startswith(f"{problem}after it is made (/etc/systemd/network/10-own.link: {says}); so that")
    assert found.endswith(">/etc/systemd/network/00-d0.link && udevadm control --reload")


@pytest.mark.parametrize(
    "says",
    [
        "Name=d0",
        "Name=eth0",  # is taken, so that udev fails to
        "NamePolicy=kernel keep\nName=lan0",
        "MACAddressPolicy=persistent\nMACAddress=02:00:00:00:00:aa",
        "MACAddress=02:00:00:00:00:99\nMTUBytes=1400",
    ],
)
def test_what_comes_to_nothing_is_no_problem(says: str) -> None:
    assert plan(PINNED, [file(says)]).warnings == ()
