"""LLDP on a machine with systemd, with Debian's own lldpd at the other end of the wire: who listens is a unit of its
own, and a node that boots listens again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.machine import UNITS, Machine
from tests.boot.node import RESTORE, enable, node

PACKAGES = ("lldpd",)
pytestmark = pytest.mark.boots(*PACKAGES)

POLICY: dict[str, Any] = {
    "interfaces": [{"name": "eth1", "type": "ethernet", "state": "up", "lldp": {"enabled": True}}]
}
SWITCH = f"""\
[Unit]
DefaultDependencies=no
After=nics.service systemd-sysusers.service
Before={RESTORE}
[Service]
ExecStartPre=/bin/sh -euc 'mkdir -p /run/lldpd; ip netns add lan; ip link set far1 netns lan; \\
  ip -n lan address add 192.0.2.1/24 dev far1; ip -n lan link set far1 up; \\
  ip -n lan link add link far1 name far1.93 type vlan id 93; ip -n lan link set far1.93 up'
ExecStart=/usr/sbin/ip netns exec lan /usr/sbin/lldpd -d -I far1 -m 192.0.2.1 -S 'a switch' -O /run/lldpd.conf \\
  -u /run/switch.socket
[Install]
WantedBy=multi-user.target
"""
SETTINGS = "configure system hostname switch1\nconfigure lldp tx-interval 1\nconfigure lldp portidsubtype ifname\n"
LOOK = """\
until nncp show eth1 -o json | grep -q system-name; do :; done
echo
systemctl list-units -o json 'nncp-*'; nncp show eth1 -o json | tr -d '\\n'
"""


def beside_a_switch(directory: Path, **settings: Any) -> Machine:
    made = node(directory, nics=(1,), packages=PACKAGES, **settings)
    made.lay({f"{UNITS}/switch.service": SWITCH, "/etc/sysusers.d/lldpd.conf": 'u _lldpd - "lldpd" /run/lldpd\n'})
    made.lay({"/etc/tmpfiles.d/lldpd.conf": f"f /run/lldpd.conf 0644 root root - {json.dumps(SETTINGS)[1:-1]}\n"})
    enable(made, "switch.service")
    return made


def look(machine: Machine, before: str = "") -> tuple[list[str], dict[int, Any]]:
    """The units of ours that run, and by their types the elements of the only neighbour."""
    boot = machine.boot(["sh", "-c", f"set -e; {before}\n{LOOK}"])
    assert boot.status == 0, boot.output + boot.console
    units, state = map(json.loads, boot.output.splitlines()[-2:])
    (interface,) = state["interfaces"]
    (neighbour,) = interface["lldp"]["neighbors"]
    running = [unit["unit"] for unit in units if unit["unit"].startswith("nncp-") and unit["sub"] == "running"]
    return running, {tlv["type"]: tlv for tlv in neighbour if tlv["type"] != 127}


def is_heard(running: list[str], neighbour: dict[int, Any]) -> bool:
    assert neighbour[5] == {"type": 5, "system-name": "switch1"}
    assert neighbour[2]["port-id"] == "far1"
    assert [each["address"] for each in neighbour[8]["management-addresses"]] == ["192.0.2.1"]
    return [unit.rpartition("-")[0] for unit in running] == ["nncp-lldp"]


def test_an_apply_leaves_a_unit_behind_that_hears_lldpd(tmp_path: Path) -> None:
    machine = beside_a_switch(tmp_path, committed={})
    machine.lay({"/etc/eth1.json": json.dumps(POLICY)})
    assert is_heard(*look(machine, "nncp apply --no-check /etc/eth1.json"))


def test_a_node_that_boots_listens_again(tmp_path: Path) -> None:
    assert is_heard(*look(beside_a_switch(tmp_path, committed=POLICY)))
