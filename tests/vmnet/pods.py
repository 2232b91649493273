"""A node, a pod wired to it, and a guest, each a namespace. The guest is on a veth where a tap would be."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from netkernel import netns
from netkernel.host import Host
from tests.faults import raw
from tests.unit.vmnet.manifests import read
from vmnet import act
from vmnet.act import Asked
from vmnet.kept import Records, namespace_id
from vmnet.plan import Plan
from vmnet.pod import LinuxPod
from vmnet.target import Giving

NODE4, NODE6 = "192.0.2.254", "2001:db8::fe"
POD4, POD6 = "192.0.2.1", "2001:db8::1"
GUEST4, GUEST6 = "10.0.2.2", "fd10:0:2::2"
ANSWER_S = 30.0


def sh(script: str, namespace: str = "") -> str:
    """Run a script there. Raises CalledProcessError."""
    with netns.inside(namespace or netns.OWN):
        return subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True).stdout


class Pods:
    """The test's namespace is the node's."""

    def __init__(self, node: str, new_namespace: Callable[[], str], folder: Path) -> None:
        self.node = node
        self.namespace = new_namespace()
        self._new_namespace = new_namespace
        self.records = Records(str(folder / "vmnet"))
        sh("sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up")
        sh("sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up", self.namespace)
        self.attach("eth0", f"{POD4}/24", f"{POD6}/64")
        sh(f"ip addr add {NODE4}/24 dev node-eth0; ip addr add {NODE6}/64 dev node-eth0 nodad")
        sh(f"ip route add default via {NODE4}; ip -6 route add default via {NODE6}", self.namespace)

    def attach(self, name: str, *addresses: str, mtu: int = 1500) -> None:
        """As CNI does it: one end here, the other there."""
        sh(f"ip link add node-{name} mtu {mtu} type veth peer name {name} netns {self.namespace} mtu {mtu}")
        sh(f"ip link set node-{name} up")
        sh(f"ip link set {name} up; " + _given(name, addresses), self.namespace)

    def asked(self, value: Mapping[str, Any], **more: Any) -> Asked:
        return Asked(vm=read(value), namespace=namespace_id(self.namespace), **more)

    def setup(self, value: Mapping[str, Any], **more: Any) -> Plan:
        with LinuxPod(self.namespace) as pod:
            more.setdefault("giving", Giving(has_dummy=pod.has_dummy()))
            return act.setup(self.asked(value, **more), pod, self.records)

    def announce(self, value: Mapping[str, Any]) -> Plan:
        with LinuxPod(self.namespace) as pod:
            return act.announce(self.asked(value, giving=Giving(has_dummy=pod.has_dummy())), pod, self.records)

    def teardown(self) -> Plan:
        with LinuxPod(self.namespace) as pod:
            return act.teardown(namespace_id(self.namespace), pod, self.records)

    def host(self) -> Host:
        """The pod as we see it; `dump` is what others see, where their tools can."""
        with LinuxPod(self.namespace) as pod:
            return pod.snapshot()

    def dump(self) -> raw.Dump:
        with netns.inside(self.namespace):
            return raw.dump()

    def await_forwarding(self, port: str) -> None:
        """Until the pod's bridge takes frames from a port: its carrier comes a moment after somebody has a tap open."""
        deadline = time.monotonic() + 30
        while "state forwarding" not in sh(f"bridge link show dev {port}", self.namespace):
            assert time.monotonic() < deadline, f"{port} does not forward"

    def links(self) -> dict[str, dict[str, Any]]:
        return {each["ifname"]: each for each in json.loads(sh("ip -d -j addr", self.namespace))}

    def guest(self, bridge: str, *addresses: str, gateways: tuple[str, ...] = (), mtu: int = 1500) -> str:
        """The path of a namespace that stands for the guest."""
        there = self._new_namespace()
        sh(
            f"ip link add port type veth peer name eth0 netns {there}; ip link set port master {bridge} up",
            self.namespace,
        )
        sh("sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up", there)
        sh(f"ip link set eth0 mtu {mtu} up; " + _given("eth0", addresses), there)
        for each in gateways:
            sh(f"ip route add default via {each}", there)
        return there


def _given(link: str, addresses: Iterable[str]) -> str:
    return "".join(f"ip addr add {each} dev {link}{' nodad' * (':' in each)};" for each in addresses)


@contextmanager
def answering(namespace: str, port: int, kind: int = socket.SOCK_STREAM) -> Iterator[None]:
    """Somebody there who tells each caller where it called from."""
    with netns.inside(namespace):
        listener = socket.socket(socket.AF_INET6, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        listener.listen()
    worker = threading.Thread(target=_answer, args=(listener, kind), daemon=True)
    worker.start()
    try:
        yield
    finally:
        with suppress(OSError):  # one that is not connected says so, and wakes up all the same
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        worker.join(ANSWER_S)


def _answer(listener: socket.socket, kind: int) -> None:
    try:
        while True:
            if kind == socket.SOCK_DGRAM:
                said, caller = listener.recvfrom(100)
                if not said:
                    return
                listener.sendto(caller[0].encode(), caller)
            else:
                connection, caller = listener.accept()
                connection.sendall(caller[0].encode())
                connection.close()
    except OSError:
        return  # closed: the test is over


def called(
    namespace: str,
    ip: str,
    port: int,
    kind: int = socket.SOCK_STREAM,
    patience_s: float = ANSWER_S,
    source: str = "",
) -> str:
    """Who the other end says called it from there, from `source` if that is given. Raises OSError: nobody answers."""
    with netns.inside(namespace):
        caller = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind)
    with caller:
        caller.settimeout(patience_s)
        if source:
            caller.bind((source, 0))
        caller.connect((ip, port))
        if kind == socket.SOCK_DGRAM:
            caller.send(b"who am I?")
        return caller.recv(100).decode().removeprefix("::ffff:")
