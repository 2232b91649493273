"""Who serves a guest its address: `vmnet serve` and dnsmasq, on the same bridge, asked by the same client."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab import namespaces
from netkernel import netns
from netkernel.packets import dhcp4
from netkernel.packets.dhcp4_options import MESSAGE_TYPE
from netkernel.packets.ethernet import BROADCAST, IPV4, Frame
from netkernel.packets.udp4 import Datagram
from tests.unit.vmnet.manifests import MASQUERADED, POD, vmi
from tests.vmnet.guest import tap_guest
from tests.vmnet.pods import Pods
from tests.vmnet.serving import serving
from vmnet.target import Giving

LASTS_S: Final = 2.0
MAC: Final = "02:00:00:00:00:01"
PATIENCE_S: Final = 30.0


def compared() -> Iterator[tuple[str, float, float]]:
    """A name, ours and dnsmasq's."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ours, theirs = _measured(Path(folder), ours=True), _measured(Path(folder), ours=False)
    yield from zip(("RSS, MB", "offers a second", "CPU us an offer"), ours, theirs, strict=True)


def _measured(folder: Path, *, ours: bool) -> tuple[float, float, float]:
    value = vmi([MASQUERADED], [POD])
    with namespaces.standing_in() as here, namespaces.aside() as there:
        pods = Pods(here, lambda: there, folder / ("ours" if ours else "theirs"))
        pods.setup(value, giving=Giving(has_dummy=False))
        (folder / "vm.json").write_text(json.dumps(value))
        (folder / "resolv.conf").write_text("nameserver 192.0.2.53\n")
        with tap_guest(pods.namespace, "tap0") as guest:
            pods.await_forwarding("tap0")
            if ours:
                state = str(pods.records.directory)
                with serving(folder / "vm.json", pods.namespace, state, folder / "resolv.conf") as process:
                    return _asked(guest.descriptor, process.pid)
            with _dnsmasq(pods.namespace, folder) as pid:
                return _asked(guest.descriptor, pid)


@contextmanager
def _dnsmasq(namespace: str, folder: Path) -> Iterator[int]:
    words = [
        "dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--no-ping", "--user=root",
        "--interface=k6t-eth0", "--bind-dynamic", "--dhcp-authoritative", "--dhcp-range=10.0.2.2,10.0.2.2",
        f"--dhcp-leasefile={folder / 'leases'}", "--pid-file=", "--log-facility=-",
    ]  # fmt: skip
    with netns.inside(namespace):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with process:
        try:
            yield process.pid
        finally:
            process.terminate()


def _asked(descriptor: int, pid: int) -> tuple[float, float, float]:
    """Megabytes, offers a second, microseconds of CPU for each: one question after the other's answer."""
    deadline = time.monotonic() + PATIENCE_S
    while not _offer(descriptor, 0, 0.2):
        if time.monotonic() > deadline:
            raise SystemExit("bench: nobody offers the guest an address")
    began, cpu, count = time.monotonic(), _cpu_s(pid), 0
    while time.monotonic() - began < LASTS_S:
        count += 1
        if not _offer(descriptor, count, PATIENCE_S):
            raise SystemExit("bench: nobody offers the guest an address any more")
    took, used = time.monotonic() - began, _cpu_s(pid) - cpu
    status = Path(f"/proc/{pid}/status").read_text()
    rss_kb = int(status.partition("VmRSS:")[2].split()[0])
    return rss_kb / 1024, count / took, used / count * 1e6


def _offer(descriptor: int, number: int, patience_s: float) -> bool:
    """Whether this question is answered in time."""
    message = dhcp4.Message(dhcp4.REQUEST, number, MAC, ((MESSAGE_TYPE, bytes((dhcp4.DISCOVER,))),))
    datagram = Datagram("0.0.0.0", "255.255.255.255", dhcp4.CLIENT_PORT, dhcp4.SERVER_PORT, message.pack())
    os.write(descriptor, Frame(BROADCAST, MAC, IPV4, datagram.pack()).pack())
    wanted = number.to_bytes(4)
    deadline = time.monotonic() + patience_s
    while (left_s := deadline - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left_s)[0]:
            data = os.read(descriptor, 65536)
            if data[12:14] == b"\x08\x00" and data[34:36] == b"\x00\x43" and data[46:50] == wanted:
                return True
    return False


def _cpu_s(pid: int) -> float:
    """User and system time of a process (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
