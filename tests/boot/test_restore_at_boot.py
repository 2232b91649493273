"""`nncp restore` as the boot unit runs it: before what needs the network, with the NICs that are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.machine import UNITS, Boot, Machine
from tests.boot.node import FALLBACKS, RESTORE, enable, node, state

pytestmark = pytest.mark.boots

# as cloud-init has it: the system is not up before it, and it not before the network
EARLY = """\
[Unit]
DefaultDependencies=no
After=network.target
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/true
"""
LATE = """\
[Unit]
DefaultDependencies=no
Before=network.target
[Service]
Type=oneshot
TimeoutStartSec=60
ExecStart=/bin/sh -euc 'until ip link show br1 up 2>/dev/null; do :; done; ip link add eth3 type veth peer name far3; \\
  ip link set far3 up; ip link set eth3 up'
"""
LOOK = f"""\
systemctl is-system-running --wait
systemctl show -p ActiveState,Result,ConditionResult {RESTORE} | sort
"""


def looked(made: Machine, *more: str, arguments: tuple[str, ...] = ()) -> Boot:
    """A boot that ends with a look at the unit, then at the host as JSON in the last lines."""
    script = "\n".join((LOOK, *more, f"journalctl -o cat -u {RESTORE} -t nncp", "echo", "ip -j addr", "ip -j route"))
    return made.boot(["sh", "-c", script], arguments=arguments)


def stands(boot: Boot, system: str, active: str, result: str, condition: str) -> bool:
    """How the machine is once it is up, and how the unit ended."""
    return boot.output.splitlines()[:4] == [
        system,
        f"ActiveState={active}",
        f"ConditionResult={condition}",
        f"Result={result}",
    ]


def links(boot: Boot) -> dict[str, dict[str, Any]]:
    found = json.loads(boot.output.splitlines()[-2])
    return {link["ifname"]: link for link in found if link["ifname"] not in FALLBACKS}


def ports(boot: Boot) -> set[str]:
    return {name for name, link in links(boot).items() if link.get("master") == "bond1"}


def has_its_network(boot: Boot) -> bool:
    addresses = {f"{each['local']}/{each['prefixlen']}" for each in links(boot)["br1"]["addr_info"]}
    routes = {route["dst"]: route.get("dev") for route in json.loads(boot.output.splitlines()[-1])}
    return addresses == {"198.51.100.2/24"} and routes.get("203.0.113.0/24") == "br1"


def test_what_was_committed_is_there_before_what_needs_it_and_a_late_nic_joins(tmp_path: Path) -> None:
    made = node(tmp_path, nics=[1, 2])
    made.lay({f"{UNITS}/early.service": EARLY, f"{UNITS}/late.service": LATE})
    enable(made, "early.service", by="sysinit.target")
    enable(made, "late.service")
    boot = looked(made, "cat /run/kubelet-saw")
    assert stands(boot, "running", "active", "success", "yes"), boot.output
    assert "br1              UP             198.51.100.2/24" in boot.output
    assert ports(boot) == {"eth2", "eth3"}
    assert has_its_network(boot)


def test_a_dead_nic_does_not_cost_the_node_its_network(tmp_path: Path) -> None:
    boot = looked(node(tmp_path, nics=[1, 2], wait_s=1))
    assert stands(boot, "running", "active", "success", "yes"), boot.output
    assert "warning: eth3: not there; waiting 1 s\n" in boot.output
    assert "restored with " in boot.output
    assert ports(boot) == {"eth2"}
    assert has_its_network(boot)


def test_the_kernel_argument_leaves_the_committed_policy_out(tmp_path: Path) -> None:
    boot = looked(node(tmp_path), "nncp restore", arguments=("nncp=off",))
    assert stands(boot, "running", "inactive", "success", "no"), boot.output
    assert "not restoring: the kernel was started with nncp=off" in boot.output
    assert set(links(boot)) == {"lo", "eth1", "eth2", "eth3", "far1", "far2", "far3"}


def test_a_state_that_cannot_be_read_fails_the_unit_in_words_and_boot_goes_on(tmp_path: Path) -> None:
    made = node(tmp_path)
    committed = state(made).path("committed.json")
    whole = committed.read_bytes()
    committed.write_bytes(whole[:-9])
    mended = (f"cp {committed.name}.whole {committed.name}", f"systemctl restart {RESTORE}", "cat /run/kubelet-saw")
    committed.with_name("committed.json.whole").write_bytes(whole)
    boot = looked(made, "cd /var/lib/nncp-agent", *mended)
    assert stands(boot, "degraded", "failed", "exit-code", "yes"), boot.output
    assert "/var/lib/nncp-agent/committed.json: not what we write there" in boot.output
    assert "eth1@far1        UP" in boot.output  # what kubelet saw
    assert has_its_network(boot)


def test_where_nothing_is_committed_boot_does_not_wait(tmp_path: Path) -> None:
    took = f"systemctl show -p ExecMainStartTimestampMonotonic -p ExecMainExitTimestampMonotonic {RESTORE} | sort -r"
    boot = looked(node(tmp_path, committed={}, wait_s=600), took)
    assert stands(boot, "running", "active", "success", "yes"), boot.output
    began, ended = (int(line.partition("=")[2]) for line in boot.output.splitlines()[4:6])
    assert 0 < ended - began < 30_000_000  # microseconds; a tenth of that on an idle machine
    assert "\nnothing is committed\n" in boot.output
