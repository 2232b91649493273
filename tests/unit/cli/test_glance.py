"""What is said of an interface at a glance."""

from __future__ import annotations

import pytest

from nncp_agent.cli import glance, overview
from nncp_agent.cli.picture.cards import card
from nncp_agent.cli.terminal import Style
from nncp_agent.observe import present
from tests.host_text import read_host

HOST = read_host("""
links:
  eth0: {}
  eth1: {}
  eth2: {carrier: false}
  eth3: {}
  eth4: {}
  bond0: {kind: bond, mode: balance-rr}
  v1: {kind: veth, peer: "", netnsid: 0}
ethtool:
  eth0: {link: {autoneg: true, speed: 2500, duplex: full}}
  eth1: {link: {autoneg: true, speed: 100, duplex: half}}
  eth2: {link: {autoneg: true, speed: 1000, duplex: full}}
  eth4: {link: {autoneg: true}}
  bond0: {link: {autoneg: false, speed: 50000, duplex: full}}
  v1: {link: {autoneg: false, speed: 10000, duplex: full}}
""")
STATE = present(HOST)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("eth0", "2.5 Gb/s"),
        ("eth1", "100 Mb/s half duplex"),
        ("eth2", ""),  # what it had before the cable went
        ("eth3", ""),
        ("eth4", ""),
        ("bond0", "50 Gb/s"),
        ("v1", ""),
        ("lo", ""),
    ],
)
def test_wires_are_as_fast_as_their_ends_agreed(name: str, words: str) -> None:
    interface = STATE.interface(name)
    assert interface is not None
    assert glance.speed(interface, HOST) == words


def test_the_speed_is_in_the_tree_the_table_and_the_picture() -> None:
    (line,) = (line for line in overview.tree(STATE, HOST, {}, Style()).splitlines() if line.startswith("eth1"))
    assert line == "eth1  ethernet, up, 100 Mb/s half duplex"
    head, *rows = overview.table(STATE, HOST, {}, Style()).splitlines()
    (row,) = (row for row in rows if row.startswith("  bond0"))
    assert row[head.index("SPEED") :].startswith("50 Gb/s")
    interface = STATE.interface("eth0")
    assert interface is not None
    assert "up, 2.5 Gb/s" in card(interface, HOST).lines


def test_a_table_without_any_speed_has_no_room_for_it() -> None:
    host = read_host("links: {v1: {kind: veth, peer: '', netnsid: 0}}")
    assert "SPEED" not in overview.table(present(host), host, {}, Style())
