"""CNI without a peer: how evenly a burst is served, how large who serves it is, and what a stopped daemon costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from netkernel import netns
from tests.bench.cni import PLAIN, Node, said
from tests.bench.peak import PEAK
from tests.cni.process import Daemon

PODS: Final = 200
AT_ONCE: Final = 8
ROUNDS: Final = 5


def spread() -> float:
    """The second longest of 200 ADDs, 8 at once, counted in what is usual; the median of some rounds."""
    return _median(_burst(lambda node, daemon, taken: taken[-PODS // 100 - 1] / taken[PODS // 2]) for _ in range(3))


def growth_mb() -> float:
    """What a daemon has more after 200 ADDs than after one."""
    with _served() as (node, daemon):
        node.call("ADD", PODS)
        first = _resident_mb(daemon)
        _adds(node)
        return _resident_mb(daemon) - first


def daemon_mb() -> float:
    """After 200 ADDs."""
    return _burst(lambda node, daemon, taken: _resident_mb(daemon))


def client_mb(language: str) -> float:
    """At most, of one ADD."""
    with netns.throw_away():
        node = Node([PLAIN], 1, language)
        asked = subprocess.Popen(
            [sys.executable, "-c", PEAK, node.commands["bridge"]],
            env=node.environment("ADD", 0), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, told = asked.communicate(json.dumps(PLAIN).encode())
        return int(told) / 1024


def beside_a_stopped_daemon_ms() -> float:
    """One ADD, the median of some."""
    with _served() as (node, daemon):
        daemon.tell(signal.SIGSTOP)
        taken = _median(_took_s(node, pod) for pod in range(ROUNDS))
        assert node.ports() == ROUNDS
        daemon.tell(signal.SIGCONT)
        return taken * 1e3


@contextmanager
def _served() -> Iterator[tuple[Node, Daemon]]:
    """By a daemon that is a process of its own, where the clients in C look for it."""
    with netns.throw_away():
        node = Node([PLAIN], PODS + 1, "C", is_served=False)
        daemon = Daemon(node.folder)
        try:
            yield node, daemon
        finally:
            daemon.die()
            node.close()


def _burst(measure: Callable[[Node, Daemon, list[float]], float]) -> float:
    with _served() as (node, daemon):
        node.call("ADD", PODS)
        return measure(node, daemon, _adds(node))


def _adds(node: Node) -> list[float]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sorted(threads.map(lambda pod: _took_s(node, pod), range(PODS)))


def _took_s(node: Node, pod: int) -> float:
    began = time.monotonic()
    said(node.start("ADD", pod, PLAIN))
    return time.monotonic() - began


def _resident_mb(daemon: Daemon) -> float:
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _median(values: Iterator[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
