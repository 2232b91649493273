"""A guest that moves from one pod to another while it runs: QEMU moves it, and the target's wiring waits for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import pytest

from lab import virtual
from netkernel import netns
from tests.unit.vmnet.manifests import BRIDGED, LAN, vmi
from tests.vmnet.pods import sh
from tests.vmnet.vm import Wired
from tests.vmnet.waiting import until

pytestmark = [pytest.mark.guests, pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_nat")]

MAC, IP, NODE = "02:00:00:00:00:01", "203.0.113.5", "203.0.113.1"
VALUE = vmi([{**BRIDGED, "macAddress": MAC}], [LAN])
TODO = f"ip link set eth0 up; ip addr add {IP}/24 dev eth0; {virtual.LISTEN}"
PATIENCE_S = 120.0


class Monitor:
    """QEMU's, at a socket in the file system."""

    def __init__(self, path: Path, held: ExitStack) -> None:
        self._socket = held.enter_context(socket.socket(socket.AF_UNIX))
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(str(path))
        self._lines: TextIO = held.enter_context(self._socket.makefile(encoding="utf-8"))
        self._lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: Any) -> Any:
        self._socket.sendall(f"{json.dumps({'execute': command, 'arguments': arguments})}\n".encode())
        for line in self._lines:
            said = json.loads(line)
            if "event" not in said:
                return said["return"]
        raise AssertionError("QEMU is gone")


def attached(name: str, pod: str) -> None:
    """A pod on the node's bridge, as CNI does it."""
    sh(f"ip link add {name} type veth peer name net1 netns {pod}; ip link set {name} master switch up")
    sh("ip link set net1 up", pod)


def place_of(mac: str) -> str:
    rows = json.loads(sh("bridge -j fdb show br switch"))
    return next((row["ifname"] for row in rows if row["mac"] == mac), "")


@pytest.mark.usefixtures("netns")
def test_a_guest_goes_on_in_another_pod_and_the_network_finds_it_there(
    another_netns: Callable[[], str], tmp_path: Path
) -> None:
    sh(f"ip link add switch type bridge; ip link set switch up; ip addr add {NODE}/24 dev switch")
    source, target = another_netns(), another_netns()
    attached("old", source)
    attached("new", target)
    with ExitStack() as held:
        way, words = tmp_path / "way", {}
        for name, pod, more in (("source", source, {}), ("target", target, {"standby": True})):
            (tmp_path / name).mkdir()
            wired = Wired(pod, tmp_path / name, VALUE, **more)
            words[name] = [*wired.qemu_args(), "-qmp", f"unix:{tmp_path / name / 'qmp'},server=on,wait=off"]
        with netns.inside(source):
            guest = held.enter_context(virtual.on(words["source"], TODO))
        guest.until("LISTENING")
        sh(f"ping -c 1 -W 60 {IP}")
        assert place_of(MAC) == "old"
        with netns.inside(target):
            moved = held.enter_context(virtual.on([*words["target"], "-incoming", f"unix:{way}"], TODO))
        until(lambda: way.exists() and (tmp_path / "target" / "qmp").exists(), PATIENCE_S)
        monitor = Monitor(tmp_path / "source" / "qmp", held)
        monitor.ask("migrate", uri=f"unix:{way}")
        until(lambda: monitor.ask("query-migrate")["status"] == "completed", PATIENCE_S)
        there = Monitor(tmp_path / "target" / "qmp", held)
        until(lambda: there.ask("query-status")["status"] == "running", PATIENCE_S)
        assert place_of(MAC) == "old"
        wired.announce()
        until(lambda: place_of(MAC) == "new")
        sh(f"ping -c 1 -W 60 {IP}")
        assert IP in moved.do("ip addr show dev eth0")
        assert f"{NODE} is alive" in moved.do(f"ping -c 1 -W 60 {NODE} >/dev/null && echo {NODE} is alive")
