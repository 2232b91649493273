"""The daemon of a node with a thousand interfaces: what it costs at rest and in a storm, and how soon it tells."""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from netkernel import inotify, netns
from netkernel.kernel import LinuxKernel
from netkernel.ops import SetLink
from nncp_agent.node_state.sink import NAME
from tests.node.process import Daemon

LINKS: Final = 1000
WHAT: Final = f"node of {LINKS:,} interfaces"
ROUNDS: Final = 15
EVENTS: Final = 10_000
IDLE_S: Final = float(os.environ.get("NNCP_BENCH_IDLE_S", "20"))
"""How long it is watched at rest."""
PATIENCE_S: Final = 60.0
QUIET_S: Final = 3.0
_CLOCK: Final = os.sysconf("SC_CLK_TCK")


class Node:
    """A daemon on a thousand interfaces, and what its process uses."""

    def __init__(self, daemon: Daemon) -> None:
        assert daemon.process is not None
        self.file = daemon.run / NAME
        self._folder = daemon.run
        self._pid = daemon.process.pid
        self._end = os.pidfd_open(self._pid)

    def written(self, change: Callable[[], None]) -> float:
        """Seconds from a change until the state is another file."""
        poll = select.poll()
        with inotify.of(self._folder, inotify.PLACED) as news:
            poll.register(news, select.POLLIN)
            began = time.monotonic()
            change()
            assert poll.poll(PATIENCE_S * 1000), "it writes nothing"
            return time.monotonic() - began

    def rests(self, seconds: float) -> None:
        """Let it be for so long."""
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        assert not poll.poll(seconds * 1000), "it ended"

    def settled(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            before = self.cpu_s
            self.rests(QUIET_S)
            if self.cpu_s == before:
                return

    @property
    def cpu_s(self) -> float:
        """Of all its threads until now (proc_pid_stat(5))."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK

    @property
    def resident_mb(self) -> float:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@contextmanager
def node() -> Iterator[Node]:
    """In a namespace of its own."""
    lines = "".join(f"link add l{each} type veth peer name m{each}\n" for each in range(LINKS // 2))
    with tempfile.TemporaryDirectory() as folder, netns.throw_away():
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
        # Tools of ours bring it along, and msgspec loads it where it is: who installs the agent has not got it.
        Path(folder, "typing_extensions.py").write_text("raise ImportError\n")
        daemon = Daemon(Path(folder))
        daemon.start(PYTHONPATH=folder)
        try:
            made = Node(daemon)
            made.settled()
            yield made
        finally:
            daemon.end()


def budgets() -> Iterator[tuple[str, str, float, Callable[[], float]]]:
    """Title, unit, limit, and what measures it; one daemon serves them all."""
    yield "memory of the daemon", "MB", 35, lambda: measured()["MB"]
    yield "its work in a quiet minute", "CPU ms", 50, lambda: measured()["idle ms"]
    yield "from a link's change to its state", "ms", 1000, lambda: measured()["ms"]
    yield f"its work for {EVENTS:,} link events", "CPU ms", 3000, lambda: measured()["storm ms"]


@cache
def measured() -> dict[str, float]:
    """All of it, from one daemon."""
    with node() as there, LinuxKernel() as kernel:
        found = {"MB": there.resident_mb}
        before = there.cpu_s
        there.rests(IDLE_S)
        found["idle ms"] = (there.cpu_s - before) * 1000 * 60 / IDLE_S
        found["ms"] = statistics.median(_one(there, kernel, each) for each in range(ROUNDS)) * 1000
        there.settled()
        before, began = there.cpu_s, time.monotonic()
        for each in range(0, EVENTS, 100):
            kernel.execute(
                [SetLink("l0", "veth", {"mtu": 1000 + number % 400}, {}) for number in range(each, each + 100)]
            )
        found["storm s"] = time.monotonic() - began
        there.settled()
        found["storm ms"] = (there.cpu_s - before) * 1000
        found["MB after"] = there.resident_mb
    return found


def _one(there: Node, kernel: LinuxKernel, number: int) -> float:
    there.rests(1.0)
    return there.written(lambda: kernel.execute([SetLink("l1", "veth", {"mtu": 900 + number}, {})]))
