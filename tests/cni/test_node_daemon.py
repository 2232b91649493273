"""The daemon as a process: stopped, killed, in another mount namespace, left by its clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cni import ways
from tests.cni.node import Config, Node, Pod
from tests.cni.process import WAIT_S, Daemon, Delegate
from tests.cni.runtime import Failed
from tests.faults import raw

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")


@pytest.fixture
def node(netns: str, another_netns: Callable[[], str], folder: Path) -> Node:
    """Whose runtime starts the client in C."""
    return Node(
        another_netns,
        folder,
        lambda name, environment, stdin: ways.started(ways.in_c(name, folder), environment, stdin),
    )


@pytest.fixture
def daemon(node: Node) -> Iterator[Callable[..., Daemon]]:
    with ExitStack() as all_of_them:

        def start(*wrapped: str, **environment: str) -> Daemon:
            made = Daemon(node.folder, *wrapped, **environment)
            all_of_them.callback(made.die)
            return made

        yield start


def until(holds: Callable[[], bool]) -> None:
    """Looked at again and again: what a daemon does after its client died tells nobody."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline


def held(node: Node, pod: Pod, delegate: Delegate) -> subprocess.Popen[bytes]:
    """A client whose ADD is being worked on, in the delegate."""
    config = node.config(ipam={"type": "held"}, macspoofchk=True)
    environment = pod.runtime.environment("ADD", CNI_PATH=str(delegate.folder))
    client = subprocess.Popen(
        ways.in_c("bridge", node.folder), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert client.stdin is not None
    client.stdin.write(json.dumps(config).encode())
    client.stdin.close()
    delegate.await_begun()
    return client


def said(client: subprocess.Popen[bytes]) -> Config:
    assert client.stdout is not None
    with client.stdout:
        found: Config = json.loads(client.stdout.read())
    client.wait(WAIT_S)
    return found


def test_a_stopped_daemon_is_done_without_and_does_nothing_twice(node: Node, daemon: Callable[..., Daemon]) -> None:
    running = daemon()
    node.filtering_bridge()
    running.tell(signal.SIGSTOP)
    pod = node.pod()
    pod.ask("ADD", node.config(vlan=93))
    port = pod.port
    running.tell(signal.SIGCONT)
    node.pod("c2").ask("STATUS", node.config("1.1.0"))  # is behind the other in the daemon's row
    assert running.end() == 0
    assert node.ports() == [port]


def test_a_daemon_that_dies_with_an_add_is_followed_by_one_error_and_leaves_nothing(
    node: Node, daemon: Callable[..., Daemon]
) -> None:
    node.filtering_bridge()
    pod, delegate = node.pod(), Delegate(node.folder)
    before = node.dump()
    running = daemon()
    client = held(node, pod, delegate)
    assert node.ports() != []
    running.die()
    answer = said(client)
    assert (client.returncode, answer["code"]) == (1, 11)
    assert "daemon ended while it worked" in answer["msg"]
    delegate.let_go()
    assert raw.changes(before, node.dump()) == ""
    assert delegate.calls == ["ADD c1", "DEL c1"]
    pod.ask("DEL", node.config())


def test_what_a_killed_client_asked_for_is_taken_back(node: Node, daemon: Callable[..., Daemon]) -> None:
    node.filtering_bridge()
    pod, delegate = node.pod(), Delegate(node.folder)
    before = node.dump()
    running = daemon()
    client = held(node, pod, delegate)
    client.kill()
    client.wait(WAIT_S)
    delegate.let_go()
    assert running.end() == 0  # when all it has claimed is done
    assert client.stdout is not None
    with client.stdout:
        assert client.stdout.read() == b""
    assert raw.changes(before, node.dump()) == ""
    assert delegate.calls == ["ADD c1", "DEL c1"]


def test_a_daemon_in_a_container_sees_the_nodes_plugins_and_leases(node: Node, daemon: Callable[..., Daemon]) -> None:
    """Its own view has neither; what it calls sees what the client sees."""
    delegate = Delegate(node.folder)
    hidden = f"mount -t tmpfs none {delegate.folder} && mount -t tmpfs none /usr/lib/cni"
    running = daemon("unshare", "-m", "sh", "-euc", f'{hidden} && exec "$@"', "sh")
    there = os.readlink("/proc/self/ns/mnt")
    assert os.readlink(f"/proc/{running.process.pid}/ns/mnt") != there
    client = held(node, node.pod(), delegate)
    delegate.let_go()
    assert said(client)["ips"][0]["address"] == "10.9.0.2/24"
    assert delegate.log.read_text().split()[2] == there
    pod = node.pod("c2")
    pod.ask("ADD", node.config(ipam=node.ipam()))
    assert node.dump()["leases"] == [str(node.folder / "leases" / "net" / "10.9.0.2")]
    pod.ask("DEL", node.config(ipam=node.ipam()))
    assert node.dump()["leases"] == []
    with pytest.raises(Failed, match='failed to find plugin "not-there"'):
        node.pod("c3").ask("ADD", node.config(ipam={"type": "not-there"}))


def test_a_client_in_a_root_of_its_own_is_served_there(node: Node, daemon: Callable[..., Daemon]) -> None:
    """There is no interpreter and no module in it: all that is needed is loaded before."""
    running = daemon()
    (client,) = ways.in_c("bridge", node.folder)
    root = node.folder / "root"
    for each in ("proc", "usr/lib/cni", f"{node.folder}/{ways.SERVED}".lstrip("/")):
        (root / each).mkdir(parents=True)
    (root / "cnv-bridge").write_bytes(Path(client).read_bytes())
    (root / "cnv-bridge").chmod(0o755)
    socket = f"{node.folder}/{ways.SERVED}"
    script = f"mount --bind /proc {root}/proc && mount --bind {socket} {root}{socket} && exec chroot {root} /cnv-bridge"
    pod = node.pod()
    for command, wanted in (("ADD", [1]), ("DEL", [])):
        config = node.config(macspoofchk=True)
        answer = ways.started(
            ["unshare", "-m", "sh", "-euc", script], pod.runtime.environment(command), json.dumps(config).encode()
        )
        assert (answer.status, answer.stderr) == (0, b""), answer
        assert [len(node.ports())] == wanted or node.ports() == wanted
    with pytest.raises(Failed, match="in path"):
        pod.ask("ADD", node.config(ipam={"type": "not-there"}))
    assert running.end() == 0


def test_systemd_is_told_what_becomes_of_it(node: Node, daemon: Callable[..., Daemon]) -> None:
    running = daemon(WATCHDOG_USEC="4000000")
    assert [running.told(), running.told()] == ["WATCHDOG=1", "WATCHDOG=1"]
    running.tell(signal.SIGTERM)
    while (words := running.told()) == "WATCHDOG=1":
        pass
    assert words == "STOPPING=1"
    assert running.process.wait(WAIT_S) == 0
    assert not (node.folder / ways.SERVED / "socket").exists()
