"""Many pods at once: everybody's turn comes, and a daemon that has served hundreds is no larger; and a stopped one."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.cni import ways
from tests.cni.node import Node, Pod
from tests.cni.process import Daemon

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

PODS: Final = 200
AT_ONCE: Final = 8
LONGEST: Final = 5
"""The longest of a hundred calls, counted in what is usual."""
GROWS_KB: Final = 20 * 1024
ALONE_S: Final = 0.2
TRIES: Final = 8
"""A busy machine may stop everybody in the middle of any of them, and not of all."""


@pytest.fixture
def node(netns: str, another_netns: Callable[[], str], folder: Path) -> Node:
    made = Node(another_netns, folder, lambda name, env, stdin: ways.started(ways.in_c(name, folder), env, stdin))
    made.filtering_bridge()
    return made


@pytest.fixture
def daemon(node: Node) -> Iterator[Daemon]:
    running = Daemon(node.folder)
    yield running
    running.die()


def took_s(node: Node, pod: Pod, command: str) -> float:
    """From the start of a client until its runtime has all it said."""
    client, config = ways.in_c("bridge", node.folder), node.config(vlan=93, macspoofchk=True)
    began = time.monotonic()
    answer = ways.started(client, pod.runtime.environment(command), json.dumps(config).encode())
    ended = time.monotonic()
    assert answer.status == 0, answer.stdout
    return ended - began


def burst(node: Node, pods: list[Pod], command: str) -> list[float]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sorted(threads.map(lambda pod: took_s(node, pod, command), pods))


def resident_kb(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def test_in_a_burst_nobody_waits_long_and_the_daemon_does_not_grow(node: Node, daemon: Daemon) -> None:
    pods = [node.pod(f"c{number}") for number in range(PODS)]
    took_s(node, pods[0], "ADD")
    took_s(node, pods[0], "DEL")
    before, ratios = resident_kb(daemon), []
    while not ratios or (min(ratios) > LONGEST and len(ratios) < TRIES):
        taken = burst(node, pods, "ADD")
        ratios.append(taken[-PODS // 100 - 1] / taken[PODS // 2])
        assert len(node.ports()) == PODS
        assert resident_kb(daemon) - before <= GROWS_KB
        burst(node, pods, "DEL")
        assert node.ports() == []
    assert min(ratios) <= LONGEST


def test_a_stopped_daemon_costs_a_pod_little_time(node: Node, daemon: Daemon) -> None:
    """Beyond what a plugin takes to start and find nothing to do: a test kernel reads its files slowly."""
    daemon.tell(signal.SIGSTOP)
    taken: list[float] = []
    while not taken or (min(taken) > ALONE_S + _alone_s(node) and len(taken) < TRIES):
        pod = node.pod(f"c{len(taken)}")
        taken.append(took_s(node, pod, "ADD"))
        assert len(node.ports()) == len(taken)
    assert min(taken) <= ALONE_S + _alone_s(node)
    daemon.tell(signal.SIGCONT)


def _alone_s(node: Node) -> float:
    """A plugin that is asked for nothing it knows; the daemon is stopped for it, too."""
    began = time.monotonic()
    (client,) = ways.in_c("bridge", node.folder)
    subprocess.run([client], env={"CNI_COMMAND": "NOTHING"}, capture_output=True, check=False, input=b"{}")
    return time.monotonic() - began
