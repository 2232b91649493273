"""Runtimes, clients and the daemon killed at random in a crowd of pods: GC brings the node back to what it was."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.cni import ways
from tests.cni.node import Node, Pod
from tests.cni.process import Daemon
from tests.faults import raw

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

PODS: Final = 200
AT_ONCE: Final = 8
DAEMONS: Final = 4
LONGEST_S: Final = 0.06
"""Until a client is killed: some have not begun by then, most are in the middle, some have ended."""


def attempt(node: Node, pod: Pod, command: str, fate: random.Random) -> None:
    """One call by a client that may be killed; a runtime that kills it never learns what came of it."""
    made = ways.in_c if fate.random() < 0.8 else ways.in_python
    config = node.config("1.1.0", vlan=93, macspoofchk=fate.random() < 0.7)
    client = subprocess.Popen(
        made("bridge", node.folder),
        env=pod.runtime.environment(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert client.stdin is not None
    try:
        client.stdin.write(json.dumps(config).encode())
        client.stdin.close()
        client.wait(fate.random() * LONGEST_S if fate.random() < 0.9 else None)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        client.kill()
        client.wait()


def lives(node: Node, pod: Pod, fate: random.Random) -> None:
    attempt(node, pod, "ADD", fate)
    if fate.random() < 0.7:
        attempt(node, pod, "DEL", fate)


def test_after_gc_the_node_is_what_it_was(netns: str, another_netns: Callable[[], str], folder: Path) -> None:
    node = Node(another_netns, folder, lambda name, env, stdin: ways.started(ways.in_c(name, folder), env, stdin))
    node.filtering_bridge()
    for made in (ways.in_c, ways.in_python):
        made("bridge", folder)
    pods = [node.pod(f"c{number}") for number in range(PODS)]
    before = node.dump()
    is_over = threading.Event()
    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        daemons = threads.submit(_one_after_the_other, node, is_over)
        done = [threads.submit(lives, node, pod, random.Random(pod.runtime.container)) for pod in pods]
        for each in done:
            each.result()
        is_over.set()
        assert daemons.result() >= 1
    last = Daemon(folder)
    pods[0].ask("GC", {**node.config("1.1.0", vlan=93), "cni.dev/valid-attachments": []})
    assert last.end() == 0
    assert raw.changes(before, node.dump()) == ""


def _one_after_the_other(node: Node, is_over: threading.Event) -> int:
    """Daemons that are killed in the middle of their work, and the last one asked to end; how many there were."""
    for number in range(DAEMONS):
        running = Daemon(node.folder)
        if is_over.wait(1.5):
            assert running.end() == 0
            return number + 1
        running.die()
    return DAEMONS
