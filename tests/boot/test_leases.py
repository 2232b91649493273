"""Leases on a machine with systemd: their keeper is a unit of its own, and a node that boots gets its lease again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.machine import UNITS, Machine
from tests.boot.node import RESTORE, enable, node

pytestmark = pytest.mark.boots

POLICY: dict[str, Any] = {
    "interfaces": [{"name": "eth1", "type": "ethernet", "state": "up", "ipv4": {"enabled": True, "dhcp": True}}]
}
SERVER = f"""\
[Unit]
DefaultDependencies=no
After=nics.service
Before={RESTORE}
[Service]
Type=forking
ExecStartPre=/bin/sh -euc 'ip netns add lan; ip link set far1 netns lan; \\
  ip -n lan address add 192.0.2.1/24 dev far1; ip -n lan link set far1 up'
ExecStart=/usr/sbin/ip netns exec lan dnsmasq -C /dev/null -p 0 -u root -g root -i far1 -l /run/leases \\
  -x /run/lan.pid --dhcp-range=192.0.2.100,192.0.2.110,1h --dhcp-option=option:router,192.0.2.1
PIDFile=/run/lan.pid
[Install]
WantedBy=multi-user.target
"""
LOOK = """\
until ip -4 -o address show dev eth1 | grep -q inet; do :; done
echo
systemctl list-units -o json 'nncp-*'; ip -j address show dev eth1; ip -j route
"""


def served(directory: Path, **settings: Any) -> Machine:
    made = node(directory, nics=(1,), **settings)
    made.lay({f"{UNITS}/lan.service": SERVER})
    enable(made, "lan.service")
    return made


def look(machine: Machine, before: str = "") -> tuple[list[Any], Any, list[Any]]:
    boot = machine.boot(["sh", "-c", f"set -e; {before}\n{LOOK}"])
    assert boot.status == 0, boot.output + boot.console
    units, (link,), routes = map(json.loads, boot.output.splitlines()[-3:])
    return units, link, routes


def holds_a_lease(units: list[Any], link: Any, routes: list[Any]) -> bool:
    keepers = [unit for unit in units if unit["unit"].startswith("nncp-") and unit["sub"] == "running"]
    (address,) = [each for each in link["addr_info"] if each["family"] == "inet"]
    ways = [route.get("gateway") for route in routes if route["dst"] == "default"]
    return (
        len(keepers) == 1 and address["local"].startswith("192.0.2.1") and address["dynamic"] and ways == ["192.0.2.1"]
    )


def test_an_apply_leaves_a_unit_behind_that_keeps_the_lease(tmp_path: Path) -> None:
    machine = served(tmp_path, committed={})
    machine.lay({"/etc/eth1.json": json.dumps(POLICY)})
    assert holds_a_lease(*look(machine, "nncp apply --no-check /etc/eth1.json"))


def test_a_node_that_boots_has_its_lease_again(tmp_path: Path) -> None:
    assert holds_a_lease(*look(served(tmp_path, committed=POLICY)))
