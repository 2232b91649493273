"""What a guest receives by TCP through the wiring of each binding, and through a tap that was made by hand.

The CPU may be emulated: then it is what takes the time, and the ratio says little of anything else.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from lab import namespaces, virtual
from netkernel import netns
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, vmi
from tests.vmnet.pods import POD4, Pods, sh
from tests.vmnet.vm import Wired

LASTS_S: Final = 3.0
ROUNDS: Final = 3
"""Turn and turn about; the best counts, because neighbours only take from it."""
PORT: Final = 5001
PATIENCE_S: Final = 60.0
BY_HAND: Final = """\
ip link add byhand type bridge
ip link set lan master byhand up
ip tuntap add tap9 mode tap
ip link set tap9 mtu 1500 master byhand up
ip link set byhand up
"""
TAP9: Final = (
    "-netdev", "tap,id=net,ifname=tap9,script=no,downscript=no",
    "-device", "virtio-net-pci-non-transitional,netdev=net,mac=02:00:00:00:00:09,host_mtu=1500,romfile=",
)  # fmt: skip


def compared() -> Iterator[tuple[str, float, float]]:
    """The binding, megabytes a second through it, and those through the tap made by hand."""
    ways = (_by_hand, _masqueraded, _bridged)
    found = [[way() for way in ways] for _ in range(ROUNDS)]
    by_hand, masqueraded, bridged = (max(speeds) for speeds in zip(*found, strict=True))
    how = virtual.accelerator().partition(",")[0]
    yield f"masquerade / by hand ({how})", masqueraded, by_hand
    yield f"bridge / by hand ({how})", bridged, by_hand


def _masqueraded() -> float:
    with namespaces.standing_in() as here, namespaces.aside() as there, tempfile.TemporaryDirectory() as folder:
        pods = Pods(here, lambda: there, Path(folder))
        wired = Wired(pods.namespace, Path(folder), vmi([{**MASQUERADED, "ports": [{"port": PORT}]}], [POD]))
        return _received(pods.namespace, wired.qemu_args(), "10.0.2.2/24", POD4, "10.0.2.1")


def _bridged() -> float:
    with namespaces.standing_in() as here, namespaces.aside() as there, tempfile.TemporaryDirectory() as folder:
        pods = Pods(here, lambda: there, Path(folder))
        pods.attach("net1")
        sh("ip addr add 203.0.113.1/24 dev node-net1")
        wired = Wired(pods.namespace, Path(folder), vmi([BRIDGED], [LAN]))
        return _received(pods.namespace, wired.qemu_args(), "203.0.113.5/24", "203.0.113.5")


def _by_hand() -> float:
    with namespaces.standing_in() as here, namespaces.aside() as there, tempfile.TemporaryDirectory() as folder:
        pods = Pods(here, lambda: there, Path(folder))
        pods.attach("lan")
        sh("ip addr add 203.0.113.1/24 dev node-lan")
        sh(BY_HAND, pods.namespace)
        return _received(pods.namespace, TAP9, "203.0.113.5/24", "203.0.113.5")


def _received(namespace: str, nics: Sequence[str], inside: str, ip: str, gateway: str = "") -> float:
    """Megabytes a second that come to a guest with this address, which is called at `ip`."""
    route = f"ip route add default via {gateway};" if gateway else ""
    listening = f"until netstat -ltn | grep -q :{PORT}; do :; done"
    address = f"ip link set eth0 up; ip addr add {inside} dev eth0; {route}"
    todo = f"{address} nc -l -p {PORT} >/dev/null & {listening}; echo READY; wait"
    with ExitStack() as running:
        with netns.inside(namespace):
            guest = running.enter_context(virtual.on(nics, todo))
        guest.until("READY")
        return _sent(ip)


def _sent(ip: str) -> float:
    data = bytes(1 << 16)
    with socket.create_connection((ip, PORT), timeout=PATIENCE_S) as caller:
        began, count = time.monotonic(), 0
        while time.monotonic() - began < LASTS_S:
            caller.sendall(data)
            count += len(data)
        caller.shutdown(socket.SHUT_WR)
        caller.recv(1)  # its end comes when all has arrived
        return count / (time.monotonic() - began) / 1e6
