"""A daemon is replaced by another release: nothing happens to bond1 and br1, and no frame through them is lost."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.installing import program
from tests.node.conftest import ip
from tests.node.process import Daemon

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6", "dummy")

POLICY: Final = """\
{interfaces: [
  {name: bond1, type: bond, state: up,
   link-aggregation: {mode: active-backup, options: {miimon: 100}, port: [eth2, eth3]}},
  {name: br1, type: linux-bridge, state: up,
   bridge: {options: {stp: {enabled: false, forward-delay: 2}}, port: [{name: bond1, vlan: {}}]},
   ipv4: {enabled: true, address: [{ip: 192.0.2.9, prefix-length: 24}]}}]}"""
HUB: Final = """
ip link add hub type bridge
ip addr add 192.0.2.1/24 dev hub
for port in peth2 peth3; do ip link set $port up master hub; done
ip link set hub up
"""
PINGERS: Final = 10
"""Each asks 100 times a second, which is how often the clock of a test kernel ticks."""
ENOUGH: Final = 50
"""Pings of one before the daemon goes, and after the next one is at work."""


class Heard:
    """Commands that talk while the block runs, until ^C; then `lines` has what each said."""

    def __init__(self, folder: Path, *commands: list[str]) -> None:
        self._commands = commands
        self._folder = folder
        self.lines: list[list[str]] = []

    def __enter__(self) -> Heard:
        self._running = []
        for number, command in enumerate(self._commands):
            with (self._folder / f"said{number}").open("w") as said:
                self._running.append(subprocess.Popen(command, stdout=said))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._running:
            each.send_signal(signal.SIGINT)
        for number, each in enumerate(self._running):
            each.wait(60)
            self.lines.append((self._folder / f"said{number}").read_text().splitlines())


@pytest.fixture
def far(kernel: LinuxKernel, another_netns: Callable[[], str]) -> str:
    """The switch that eth2 and eth3 are plugged into, with an address."""
    there = another_netns()
    for name in ("peth2", "peth3"):
        ip(f"link set {name} netns {there}")
    subprocess.run(["nsenter", f"--net={there}", "sh", "-euc", HUB], check=True)
    return there


def about_them(events: list[str]) -> list[str]:
    return [line for line in events if re.search(r"\b(bond1|br1|eth2|eth3)\b", line)]


def settled(folder: Path, for_a_while: list[str]) -> None:
    """The kernel tells of a new link for some time, of a bridge's port once more after the forward delay, with or
    without spanning tree (br_forward_delay_timer_expired); what it tells after that is news.
    """
    for _ in range(30):
        with Heard(folder, ["ip", "monitor", "link"]) as heard:
            subprocess.run(for_a_while, check=True, stdout=subprocess.DEVNULL)
        if not about_them(heard.lines[0]):
            return
    raise AssertionError(heard.lines)


def answered(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := re.search(r"icmp_seq=(\d+) ttl", line))]


@pytest.mark.parametrize("ends", ["as asked", "killed"])
def test_the_bond_and_the_bridge_do_not_notice(
    kernel: LinuxKernel, far: str, node: Daemon, tmp_path: Path, ends: str
) -> None:
    node.policy("worker-bond1-br1", POLICY.replace("\n", ""))
    node.start()
    node.until_available("worker-bond1-br1")
    ping = ["nsenter", f"--net={far}", "ping", "-i", "0.01"]
    some = [*ping, "-c", str(ENOUGH), "192.0.2.9"]
    settled(tmp_path, [*ping, "-c", str(6 * ENOUGH), "192.0.2.9"])
    if ends == "as asked":
        program.fill(tmp_path / "next", str(tmp_path / "next"))
    with Heard(tmp_path, ["ip", "monitor", "link"], *PINGERS * [[*ping, "192.0.2.9"]]) as heard:
        subprocess.run(some, check=True, stdout=subprocess.DEVNULL)
        if ends == "as asked":
            assert node.end() == 0
            node.program = [str(tmp_path / "next/bin/nncp")]
        else:
            node.die()
        node.start()
        node.policy("after", "{interfaces: [{name: after0, type: dummy, state: up}]}")
        node.until_available("worker-bond1-br1", "after")
        subprocess.run(some, check=True, stdout=subprocess.DEVNULL)
    events, *pings = heard.lines
    assert any("after0" in line for line in events), "the monitor listened"
    assert about_them(events) == []
    for lines in pings:
        sequence = answered(lines)
        assert len(sequence) > 2 * ENOUGH
        assert sequence == list(range(1, len(sequence) + 1)), "a ping was lost"
