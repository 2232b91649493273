"""The rules that VRFs need: with the first one they come, undo takes them back, and the next one works all the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nncp_agent import api
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("vrf", "dummy", "ipv6")
RED: State = {"name": "red", "type": "vrf", "vrf": {"port": ["d0"], "route-table-id": 10}}
PORT: State = {
    "name": "d0",
    "type": "dummy",
    "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]},
}


def rules() -> str:
    return "".join(
        subprocess.run(["ip", family, "rule"], capture_output=True, text=True, check=True).stdout
        for family in ("-4", "-6")
    )


def works() -> bool:
    """Whether what is bound to the VRF finds the VRF's routes."""
    asked = ["ip", "route", "get", "192.0.2.7", "vrf", "red"]
    return "dev d0" in subprocess.run(asked, capture_output=True, text=True).stdout


def test_rollback_takes_the_first_vrfs_rules_back_and_the_next_vrf_has_them_again(netns: str, tmp_path: Path) -> None:
    host, before = Asked(tmp_path), rules()
    for _ in range(2):
        assert [line for line in host.plan(RED, PORT) if "rule" in line] == [
            "add rule 1000: ipv6 l3mdev",
            "add rule 1000: ipv4 l3mdev",
        ]
        host.apply(RED, PORT, commit=False)
        assert rules().count("l3mdev") == 2
        assert works()
        host.rollback()
        assert rules() == before


def test_the_history_takes_them_back_too(netns: str, tmp_path: Path) -> None:
    host, before = Asked(tmp_path), rules()
    first = host.apply(PORT)
    host.apply(RED)
    api.go_back(first.history, checks=None, state_dir=tmp_path)
    assert (host.show("red"), rules()) == ({}, before)


def test_they_stay_where_somebody_else_has_made_a_vrf_meanwhile(netns: str, tmp_path: Path) -> None:
    host = Asked(tmp_path)
    host.apply(RED, PORT, commit=False)
    subprocess.run(["ip", "link", "add", "blue", "type", "vrf", "table", "20"], check=True)
    host.rollback()
    assert rules().count("l3mdev") == 2


def test_who_has_no_such_rules_beside_vrfs_wants_none(netns: str, tmp_path: Path) -> None:
    make = "ip link add blue type vrf table 20; ip rule del pref 1000; ip -6 rule del pref 1000"
    subprocess.run(["sh", "-euc", make], check=True)
    host = Asked(tmp_path)
    host.becomes(RED, PORT)
    assert "l3mdev" not in rules()
