"""The state of a node in a file: there soon after any change, cheap in a storm, and still right afterwards."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab import namespaces
from netkernel import inotify
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddAddress, CreateLink, DeleteLink, MoveLink, SetLink
from netkernel.records import Address
from nncp_agent.node_state.sink import NAME, StateFile
from nncp_agent.node_state.sink import found as found_in
from nncp_agent.node_state.watcher import Watcher
from nncp_agent.objects.node_state import About, Wanted
from tests.uts import own_name

LONG_S = 40.0
SETTLED_S = 1.3
STORM = 10_000

pytestmark = pytest.mark.needs_kernel("veth", "dummy")


class Node:
    """A watcher at work, and what it has written."""

    def __init__(self, run: Path, wanted: Wanted) -> None:
        self.run = run
        self.counted = Counted()
        file = StateFile(run, lambda: About(node="n1", version="1"))
        self.watcher = Watcher(file, LinuxKernel, str(run / "state"), wanted, [self.counted])

    @property
    def object(self) -> Any:
        found = found_in(self.run, time.time())
        return found.object if found else {}

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in self.object.get("status", {}).get("currentState", {}).get("interfaces", ())]

    def until(self, holds: Callable[[], object]) -> None:
        """Looking again with each news of the file."""
        deadline = time.monotonic() + LONG_S
        with inotify.of(self.run, inotify.PLACED | inotify.TOUCHED) as news:
            poll = select.poll()
            poll.register(news, select.POLLIN)
            while not holds():
                assert time.monotonic() < deadline, f"{self.object}"
                if poll.poll(1000):
                    os.read(news, 65536)

    def settled(self) -> None:
        """Until nothing was looked at for longer than the kernel needs to tell of carrier (linkwatch: a second)."""
        deadline = time.monotonic() + LONG_S
        while self.counted.comes(SETTLED_S):
            assert time.monotonic() < deadline, "it never comes to rest"


class Counted:
    """A listener that counts."""

    def __init__(self) -> None:
        self.looks = 0
        self._came = threading.Event()

    def seen(self, host: Host) -> None:
        self.looks += 1
        self._came.set()

    def comes(self, within_s: float) -> bool:
        """Whether there is another look so soon."""
        self._came.clear()
        return self._came.wait(within_s)


@contextmanager
def watched(node: Node) -> Iterator[Node]:
    """While it is watched; the first look is over."""
    with own_name("a-name"):
        node.watcher.start()
        try:
            node.until(lambda: node.names)
            yield node
        finally:
            node.watcher.stop()


@pytest.fixture
def node(netns: str, tmp_path: Path) -> Iterator[Node]:
    with watched(Node(tmp_path, Wanted(exclude=("hidden*",)))) as made:
        yield made


def ip(*words: str | bytes) -> None:
    subprocess.run(["ip", *words], check=True)


def test_what_changes_is_in_the_file_soon(node: Node) -> None:
    assert node.names == ["lo"]
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("d0", "dummy", {"up": True}), AddAddress(Address("d0", "192.0.2.1", 24))])
        node.until(lambda: '"192.0.2.1"' in json.dumps(node.object) and "d0" in node.names)
        kernel.execute([SetLink("d0", "dummy", {"mtu": 1400}, {"mtu": 1500})])
        node.until(lambda: '"mtu": 1400' in json.dumps(node.object))
        kernel.execute([DeleteLink("d0", "dummy")])
        node.until(lambda: node.names == ["lo"])


def test_the_name_of_the_host_is_news(node: Node) -> None:
    node.settled()
    socket.sethostname("another-name")
    node.until(lambda: node.object["status"]["currentState"]["hostname"]["running"] == "another-name")
    node.settled()
    socket.sethostname("a-third-name")
    node.until(lambda: node.object["status"]["currentState"]["hostname"]["running"] == "a-third-name")


def test_a_quiet_host_is_not_looked_at_and_costs_nothing(node: Node) -> None:
    node.settled()
    file, began = os.stat(node.run / NAME), time.process_time()
    assert not node.counted.comes(SETTLED_S)
    assert os.stat(node.run / NAME).st_ino == file.st_ino
    assert time.process_time() - began < 0.1


def test_what_says_the_same_is_not_written_and_makes_the_file_young(node: Node) -> None:
    node.settled()
    file = os.stat(node.run / NAME)
    os.utime(node.run / NAME, (1, 1))
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("hidden0", "dummy", {"up": True})])
    node.until(lambda: os.stat(node.run / NAME).st_mtime > 1)
    assert os.stat(node.run / NAME).st_ino == file.st_ino


def test_a_pods_wire_is_left_out_and_comes_back_with_what_a_pod_had(
    node: Node, another_netns: Callable[[], str], netns: str
) -> None:
    pod = another_netns()
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("v0", "veth", {"peer": "w0"})])
        node.until(lambda: node.names == ["lo", "v0", "w0"])
        kernel.execute([MoveLink("w0", netns, pod)])
        node.until(lambda: node.names == ["lo"])
        kernel.execute([MoveLink("w0", pod, netns)])
        node.until(lambda: node.names == ["lo", "v0", "w0"])


def test_who_asks_gets_the_file_back(node: Node) -> None:
    (node.run / NAME).unlink()
    node.watcher.refresh()
    node.until(lambda: node.names == ["lo"])


def test_a_storm_of_events_costs_little_and_ends_in_the_truth(node: Node) -> None:
    node.settled()
    looks = node.counted.looks
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("d0", "dummy", {})])
        began = time.monotonic()
        for number in range(STORM // 100):
            kernel.execute([SetLink("d0", "dummy", {"mtu": 1300 + each}, {}) for each in range(number, number + 100)])
        took_s = time.monotonic() - began
    node.until(lambda: f'"mtu": {1300 + STORM // 100 + 98}' in json.dumps(node.object))
    assert node.counted.looks - looks <= 3 + took_s / 0.05


def test_a_link_may_be_called_anything(node: Node) -> None:
    names = [b"\xff\xfe", b"a\\b", b"'\"{}", b"-_#", "ß☃".encode(), b"\x01\x7f", b"~", b"$(x)", b"yes"]
    for name in names:
        ip(b"link", b"add", b"name", name, b"type", b"dummy")
    spelt = {each.decode(errors="backslashreplace") for each in names}
    node.until(lambda: spelt <= {*node.names})


def test_a_namespace_that_dies_takes_its_wires_along(netns: str, tmp_path: Path) -> None:
    with watched(Node(tmp_path, Wanted(include=("*",)))) as node:
        with ExitStack() as pod, LinuxKernel() as kernel:
            path = pod.enter_context(namespaces.aside())
            kernel.execute([CreateLink(f"v{each}", "veth", {"peer": f"w{each}"}) for each in range(20)])
            kernel.execute([MoveLink(f"w{each}", netns, path) for each in range(20)])
            node.until(lambda: len(node.names) == 21)
        node.until(lambda: node.names == ["lo"])
