"""The power goes while a policy is applied: after the next boot the network is the old one or the new, not between."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from lab.machine import Machine
from nncp_agent import checkpoint, history, store
from tests.boot.node import FALLBACKS, POLICY, RESTORE, node, state
from tests.faults.scenes import BOND_BRIDGE_VLAN
from tests.faults.wreck import STILL

pytestmark = pytest.mark.boots

OLD = {
    "interfaces": [
        {
            "name": "eth1.7",
            "type": "vlan",
            "state": "up",
            "vlan": {"base-iface": "eth1", "id": 7},
            "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.9", "prefix-length": 24}]},
        }
    ]
}
LOOKED = "/var/lib/looked"


def cut(made: Machine, step: str, *words: str) -> None:
    """Boot, look at the network that came back, apply POLICY, and lose the power just before `step`."""
    wreck = [sys.executable, "-m", "tests.faults.wreck", store.DIRECTORY, BOND_BRIDGE_VLAN.name, step]
    again = shlex.join([*wreck, "still", *words])
    look = f"systemctl is-active {RESTORE} >{LOOKED}/unit; ip -j addr >{LOOKED}/addr; exec {again} >/dev/console"
    with made.on(["sh", "-c", look]) as running:
        running.until(f"{STILL} {step}")
        running.cut()


def came_back(made: Machine) -> set[tuple[str, str]]:
    """Interfaces with what holds them and IPv4 addresses, without the NICs' own ends."""
    assert made.on_disk(f"{LOOKED}/unit").read_text() == "active\n"
    found = set()
    for link in json.loads(made.on_disk(f"{LOOKED}/addr").read_text()):
        if not link["ifname"].startswith(("lo", "far")) and link["ifname"] not in FALLBACKS:
            found |= {(link["ifname"], link.get("master", ""))}
            found |= {(link["ifname"], each["local"]) for each in link["addr_info"] if each["family"] == "inet"}
    return found


NICS = {("eth1", ""), ("eth2", ""), ("eth3", "")}
BEFORE = {*NICS, ("eth1.7", ""), ("eth1.7", "192.0.2.9")}
AFTER = {
    *(("eth1", ""), ("eth1.7", ""), ("eth1.7", "192.0.2.9"), ("eth2", "bond1"), ("eth3", "bond1")),
    *(("bond1", ""), ("bond1.93", "br1"), ("br1", ""), ("br1", "198.51.100.2")),
}


def test_the_node_has_the_old_network_or_the_new_after_a_power_loss_at_any_point(tmp_path: Path) -> None:
    made = node(tmp_path, committed=OLD, keeps=[LOOKED])
    kept = state(made)
    cut(made, "op set bond1.93 master none -> br1")
    assert came_back(made) == BEFORE
    cut(made, "end", "wait")
    assert came_back(made) == BEFORE
    assert checkpoint.read(kept) is not None  # it waited for its commit
    cut(made, "after commit")
    assert came_back(made) == BEFORE
    assert [entry.outcome for entry in history.entries(kept)] == [history.GONE, history.GONE]
    cut(made, "snapshot")
    assert came_back(made) == AFTER
    assert checkpoint.read(kept) is None
    assert history.entries(kept)[-1].outcome == history.COMMITTED
    assert {each.name for each in kept.committed().interfaces or ()} >= {each["name"] for each in POLICY["interfaces"]}
