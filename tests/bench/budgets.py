"""What has no peer and a limit all the same: the engine on a large policy, and what `show` takes of memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

from netkernel import netns
from netkernel.documents import Document, read
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent import wire
from nncp_agent.committed import following
from nncp_agent.model import NetworkState
from nncp_agent.plan import decide
from tests.bench import cni_limits, node_state, scale
from tests.bench.peak import PEAK
from tests.fake_kernel import FakeKernel

VLANS, BRIDGES = 1000, 200
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """`measure` gives what is used, in `unit`; `most` is the limit, None where the design names none."""

    title: str
    unit: str
    most: float | None
    measure: Callable[[], float]


def budgets() -> list[Budget]:
    what = f"{VLANS} VLANs, {BRIDGES} bridges"
    return [
        Budget(f"{what}: plan to create them", "CPU ms", 1000, lambda: _engine_ms(_bare())),
        Budget(f"{what}: nothing to do, engine", "CPU ms", 100, lambda: _engine_ms(_made())),
        *[Budget(f"{node_state.WHAT}: {title}", unit, most, read) for title, unit, most, read in node_state.budgets()],
        Budget("show -o json of 10,000 links: peak memory", "MB", 150, lambda: _show_mb(10_000)),
        Budget("cni, 200 ADDs, 8 at once: p99 / p50", "times", 5, cni_limits.spread),
        Budget("cni, 200 ADDs, 8 at once: the daemon grows by", "MB", 20, cni_limits.growth_mb),
        Budget("cni ADD beside a stopped daemon", "ms", 200, cni_limits.beside_a_stopped_daemon_ms),
        Budget("cni, RSS of the daemon after 200 ADDs", "MB", None, cni_limits.daemon_mb),
        Budget("cni, RSS of a client in Python", "MB", None, lambda: cni_limits.client_mb("Python")),
        Budget("cni, RSS of a client in C", "MB", None, lambda: cni_limits.client_mb("C")),
    ]


def rows(words: list[str]) -> Iterator[tuple[str, bool]]:
    """A line for each budget with one of `words` in its title, and whether it is exceeded."""
    for budget in budgets():
        if not words or any(word in budget.title for word in words):
            used = budget.measure()
            missed = budget.most is not None and used > budget.most
            most = "" if budget.most is None else f"{budget.most:.4g}"
            yield f"{budget.title:64} {used:>10.1f} {budget.unit:>6} {most:>25}{' !' * missed}", missed


def _bare() -> Host:
    """A host with the one link that the VLANs are of."""
    return Host(
        links={
            "lo": Link("lo", "", {"up": True, "mtu": 65536}, index=1, type=772),
            "d0": Link("d0", "dummy", {"up": True, "mtu": 1500, "address": "02:00:00:00:00:01"}, index=2),
        }
    )


def _made() -> Host:
    kernel = FakeKernel(_bare())
    kernel.execute(decide(wire.decode(_documents()).desired, _bare()).ops)
    return kernel.snapshot()


def _documents() -> tuple[Document, ...]:
    return read(yaml.safe_dump(scale.policy(VLANS, BRIDGES)))


def _engine_ms(host: Host) -> float:
    """From plain values and kernel records to ops and what is committed then; the median of some rounds.

    Reading the text is not in it, nor the look at the kernel: both have rows of their own.
    """
    documents = _documents()
    desired = wire.decode(documents).desired
    committed = following(NetworkState(), desired, host) if len(host.links) > 2 else NetworkState()
    taken = []
    gc.disable()  # as in a command
    for _ in range(ROUNDS):
        began = time.process_time()
        decision = decide(wire.decode(documents).desired, host, committed)
        following(committed, decision.desired, host, decision.claims)
        taken.append(time.process_time() - began)
    gc.enable()
    return sorted(taken)[ROUNDS // 2] * 1e3


def _show_mb(count: int) -> float:
    """Of veths, because a namespace with that many bridges takes minutes to die."""
    with netns.throw_away():
        lines = "".join(f"link add l{i} type veth peer name m{i}\n" for i in range(count // 2))
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
        command = [sys.executable, "-c", PEAK, sys.executable, "-m", "nncp_agent", "show", "-o", "json"]
        return int(subprocess.run(command, check=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL).stderr) / 1024
