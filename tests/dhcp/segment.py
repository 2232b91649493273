"""An Ethernet segment with real DHCP servers (dnsmasq), each in a namespace of its own, and us on `eth1`."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

DEADLINE_S: Final = 40.0
HUB: Final = """
ip link add hub type bridge
ip link set hub up
"""
PLUG: Final = """
ip link add {ours} type veth peer name {theirs}
ip link set {theirs} netns {hub}
nsenter --net={hub} sh -euc 'ip link set {theirs} master hub && ip link set {theirs} up'
ip link set {ours} up
"""


def sh(script: str, namespace: str = "") -> str:
    """Output of a shell script in a namespace."""
    enter = ["nsenter", f"--net={namespace}"] if namespace else []
    return subprocess.run([*enter, "sh", "-euc", script], check=True, capture_output=True, text=True).stdout


class Server:
    """dnsmasq, with what it says as it says it."""

    def __init__(self, namespace: str, directory: Path, options: Sequence[str]) -> None:
        self._command = [
            "nsenter", f"--net={namespace}", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
            "--port=0", "--interface=srv", "--bind-interfaces", "--no-ping", "--log-dhcp", "--log-facility=-",
            f"--dhcp-leasefile={directory / 'leases'}", "--pid-file", "--no-resolv", *options,
        ]  # fmt: skip
        self.namespace = namespace
        self.leases = directory / "leases"
        self.said: list[str] = []
        self._rest = b""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        self._process = subprocess.Popen([*self._command, *more], stderr=subprocess.PIPE)
        self.hears("started, ")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def hears(self, word: str) -> str:
        """The next line with `word` that it says, as soon as it does."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            while self.said:
                if word in (line := self.said.pop(0)):
                    return line
            self._read(word, deadline)

    def _read(self, word: str, deadline: float) -> None:
        assert self._process and self._process.stderr
        stream = self._process.stderr.fileno()
        ready, _, _ = select.select([stream], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"no {word!r} in time"
        more = os.read(stream, 65536)
        assert more, f"dnsmasq ended: {self._rest!r}"
        *lines, self._rest = (self._rest + more).split(b"\n")
        self.said += [line.decode(errors="replace") for line in lines]


class Segment:
    """Made in the namespace that is to be the client's."""

    def __init__(self, another_netns: Callable[[], str], directory: Path) -> None:
        self._another_netns = another_netns
        self._directory = directory
        self.hub = another_netns()
        self.servers: list[Server] = []
        sh(HUB, self.hub)
        self.plug("eth1")

    def plug(self, ours: str) -> None:
        """A NIC of ours, with carrier."""
        sh(PLUG.format(ours=ours, theirs=f"h-{ours}", hub=self.hub))

    def carrier(self, there: bool, ours: str = "eth1") -> None:
        """Pull our wire, or plug it in again."""
        sh(f"ip link set h-{ours} {'up' if there else 'down'}", self.hub)

    def forget(self, ip: str, ours: str = "eth1") -> None:
        """Take our address off, as a restart of the machine does."""
        sh(f"ip addr flush dev {ours} to {ip}")

    def station(self, address: str) -> str:
        """Somebody else on the segment, with this address; gives the namespace."""
        namespace, name = (
            self._another_netns(),
            f"h{len(self.servers)}{address.replace('.', '').replace(':', '')[-8:-3]}",
        )
        inside = PLUG.format(ours="srv", theirs=name, hub=self.hub)
        at_once = "nodad" if ":" in address else ""  # two that are looking for each other may both give up
        sh(f"{inside}\nip addr add {address} dev srv {at_once}", namespace)
        return namespace

    def server(self, address: str = "192.0.2.1/24", *options: str) -> Server:
        """A server that is not started yet; its link is `srv`."""
        folder = self._directory / f"server{len(self.servers)}"
        folder.mkdir()
        made = Server(self.station(address), folder, options or RANGE)
        self.servers.append(made)
        return made

    def close(self) -> None:
        for server in self.servers:
            server.stop()


RANGE: Final = ("--dhcp-range=192.0.2.10,192.0.2.50,255.255.255.0,120", "--dhcp-authoritative")
EXTENDS_SOON: Final = "--dhcp-option=option:T2,4"
"""Rebinding after 4 s; dnsmasq makes it renewing after 3. A lease lasts 120 s at least."""
