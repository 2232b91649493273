"""A node of a cluster: a Node object, a namespace with NICs wired to the API server, and the daemon in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lab.cluster import Server, until
from nncp_agent.kube import times
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import AlreadyExists, NotFound
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, STATES
from nncp_agent.objects import conditions, slots
from nncp_agent.objects.enactment import conditions_of, generation_of, message_of, name_of

TREE: Final = Path(__file__).parents[2]
WAIT_S: Final = 90.0
NICS: Final = ("eth1", "eth2", "eth3", "eth4")
DAEMON: Final = "system:serviceaccount:nncp-agent:nncp-daemon"


class ClusterNode:
    """`namespace` is a path; `number` makes its address 192.0.2.1NN. The caller stands where the server is."""

    def __init__(self, server: Server, name: str, folder: Path, namespace: str, number: int) -> None:
        self.server = server
        self.name = name
        self.address = f"192.0.2.{100 + number}"
        self.api = Api(Access(str(server.kubeconfig())))
        self.folder = folder / name
        self.state, self.run = self.folder / "state", self.folder / "run"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = self.folder / "log"
        self._namespace = namespace
        for each in (self.state, self.run):
            each.mkdir(parents=True)
        self._wire()

    def register(self, **labels: str) -> None:
        """What a kubelet does."""
        body = {"metadata": {"name": self.name, "labels": {"kubernetes.io/hostname": self.name, **labels}}}
        try:
            self.api.create(NODES, body)
        except AlreadyExists:
            self.api.patch(NODES, self.name, body)
        self.ready(True)

    def ready(self, is_ready: bool) -> None:
        """What a kubelet says of its node."""
        said = {"type": "Ready", "status": str(is_ready), "reason": "Lab", "message": ""}
        self.api.patch(NODES, self.name, {"status": {"conditions": [said]}}, subresource="status")

    def start(self, kubeconfig: Path | None = None, *, waits: bool = True, **environment: str) -> None:
        """Returns when it is ready, as it tells systemd."""
        file = kubeconfig or self.server.kubeconfig(DAEMON, address="192.0.2.1")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, self.log.open("ab") as log:
            place = self.folder / f"notify-{time.monotonic_ns()}"
            told.bind(str(place))
            told.settimeout(WAIT_S)
            self.process = subprocess.Popen(
                [
                    *("nsenter", f"--net={self._namespace}", sys.executable, "-m", "nncp_agent", "daemon"),
                    *("--state-dir", str(self.state), "--run-dir", str(self.run), "--kubeconfig", str(file)),
                    *("--node-name", self.name, "--cni-socket", str(self.folder / "cni")),
                ],
                cwd=TREE,
                stdout=log,
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(place), "NNCP_RESOLV_CONF": "/dev/null", **environment},
            )
            if waits:
                assert told.recv(1024) == b"READY=1"

    def end(self) -> int:
        """Its exit status, once it has ended as asked."""
        return self._over(signal.SIGTERM)

    def die(self) -> None:
        self._over(signal.SIGKILL)

    def clear(self) -> None:
        """With all that it has said. The wire goes at once, and not with the namespace, by and by."""
        self.die()
        subprocess.run(["ip", "link", "del", f"to-{self.name}"], check=True)
        for resource, name in ((STATES, self.name), (NODES, self.name)):
            self._gone(resource, name)
        for each in self.api.list(ENACTMENTS, labels=f"nmstate.io/node={self.name}").items:
            self._gone(ENACTMENTS, each["metadata"]["name"])
        for each in self.api.list(LEASES, slots.NAMESPACE, labels=f"nmstate.io/node={self.name}").items:
            self.api.delete(LEASES, each["metadata"]["name"], slots.NAMESPACE)
        self.api.close()

    def policy(self, name: str, state: str, **spec: Any) -> int:
        """Apply it with kubectl; `state` is its desiredState in YAML of one line. Gives its generation."""
        more = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in spec.items())
        text = (
            "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\n"
            f"metadata: {{name: {name}}}\nspec:\n{more}  desiredState: {state}\n"
        )
        said = self.server.kubectl("apply", "-f", "-", "-o", "json", stdin=text)
        return int(json.loads(said)["metadata"]["generation"])

    def grant(self, policy: str, generation: int, aborted: bool = False) -> None:
        """What the writer does when this node has waited long enough."""
        until(
            lambda: self.row(policy) == "Pending" and self.generation(policy) == generation,
            "the node asks",
            within_s=WAIT_S,
        )
        body = slots.lease(policy, self.name, generation, times.now_exactly(), aborted=aborted)
        self.take_away(policy)
        self.api.create(LEASES, body, slots.NAMESPACE)

    def take_away(self, policy: str) -> None:
        """What the writer does when it has seen how it ended."""
        try:
            self.api.delete(LEASES, slots.slot_name(policy, self.name), slots.NAMESPACE)
        except NotFound:
            """There was none."""

    def apply(self, name: str, state: str, **spec: Any) -> None:
        """A policy, and leave for it."""
        self.grant(name, self.policy(name, state, **spec))

    def enactment(self, policy: str) -> Mapping[str, Any]:
        try:
            return self.api.get(ENACTMENTS, name_of(self.name, policy))
        except NotFound:
            return {}

    def row(self, policy: str) -> str:
        found = self.enactment(policy)
        return conditions.row_of(conditions_of(found)).name if found else ""

    def message(self, policy: str) -> str:
        return message_of(self.enactment(policy))

    def generation(self, policy: str) -> int:
        return generation_of(self.enactment(policy))

    def until_row(self, policy: str, row: str, generation: int = 0) -> float:
        """Wait until the node says so of it; gives the seconds that took."""
        began = time.monotonic()

        def holds() -> bool:
            return self.row(policy) == row and self.generation(policy) >= generation

        until(holds, Said(f"{policy} is {row}", self), within_s=WAIT_S)
        return time.monotonic() - began

    def ip(self, words: str, check: bool = True) -> str:
        """What somebody on the node does by hand, or sees."""
        done = self.inside("ip", *words.split(), check=check)
        return done.stdout

    def inside(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", f"--net={self._namespace}", *command], check=check, capture_output=True, text=True
        )

    def links(self) -> dict[str, dict[str, Any]]:
        """As ip(8) shows them."""
        return {each["ifname"]: each for each in json.loads(self.ip("-d -j link"))}

    def _wire(self) -> None:
        """eth0 leads to the server; the other NICs have carrier, and nobody is behind them."""
        wire = f"to-{self.name}"
        made = (
            f"ip link add {wire} type veth peer name eth0 netns {self._namespace}; "
            f"ip link set {wire} up; ip route add {self.address}/32 dev {wire}; "
            f"sysctl -qw net.ipv4.conf.{wire}.proxy_arp=1 || true"
        )
        subprocess.run(["sh", "-euc", made], check=True)
        inner = f"ip addr add {self.address}/24 dev eth0; ip link set eth0 up; " + "".join(
            f"ip link add {nic} type veth peer name p{nic}; ip link set p{nic} up; ip link set {nic} up; "
            for nic in NICS
        )
        self.inside("sh", "-euc", inner)

    def _over(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status, self.process = self.process.wait(WAIT_S), None
        return status

    def _gone(self, resource: Any, name: str) -> None:
        try:
            self.api.delete(resource, name)
        except NotFound:
            """It never was."""


class Said(str):
    """What is waited for; with what the node says instead when it does not come."""

    def __new__(cls, what: str, node: ClusterNode) -> Said:
        made = super().__new__(cls, what)
        made.node = node
        return made

    node: ClusterNode

    def __str__(self) -> str:
        found = self.node.api.list(ENACTMENTS, labels=f"nmstate.io/node={self.node.name}").items
        said = [f"{each['metadata']['name']}: {message_of(each)}" for each in found]
        return f"{super().__str__()}: {said}\n{self.node.log.read_text()[-3000:]}"


def wait_for(claim: Callable[[], Any], what: str) -> Any:
    return until(claim, what, within_s=WAIT_S)
