"""Runs two ways of doing the same work turn and turn about, each time in a fresh network namespace and process."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from netkernel import netns

CLONE_NEWNS = 0x00020000
"""linux/sched.h."""


@dataclass(frozen=True, slots=True)
class Side:
    """One contestant. `prepare` is not timed; what it returns is handed to `run`, which is. `holds` proves the result.

    `runs` repeats `run` within one round where a single one would be too short for the CPU clock.
    """

    name: str
    prepare: Callable[[], object]
    run: Callable[[object], object]
    holds: Callable[[], bool]
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Contest:
    """`goal` is the ratio ours/peer that must not be exceeded; None where the design names no budget.

    `by` says which clock the goal is about: `cpu` (user and system time of the process and its children) or `wall`.
    """

    title: str
    ours: Side
    peers: tuple[Side, ...]
    goals: tuple[float | None, ...]
    by: str = "cpu"
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Timing:
    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the printed table: medians of all rounds."""

    title: str
    by: str
    ours: Timing
    peer_name: str
    peer: Timing
    goal: float | None
    spread: tuple[Timing, Timing] = field(default=(Timing(0, 0), Timing(0, 0)))

    @property
    def ratio(self) -> float:
        mine, other = (self.ours.cpu_s, self.peer.cpu_s) if self.by == "cpu" else (self.ours.wall_s, self.peer.wall_s)
        return mine / other if other else float("inf")


def hold(contest: Contest) -> list[Line]:
    """All rounds of a contest, interleaved, so that a neighbour's load hits every side alike."""
    sides = (contest.ours, *contest.peers)
    timings: list[list[Timing]] = [[] for _ in sides]
    for _ in range(contest.rounds):
        for side, taken in zip(sides, timings, strict=True):
            taken.append(_one_round(side))
    medians = [_median(taken) for taken in timings]
    return [
        Line(contest.title, contest.by, medians[0], peer.name, median, goal)
        for peer, median, goal in zip(contest.peers, medians[1:], contest.goals, strict=True)
    ]


def _median(taken: list[Timing]) -> Timing:
    return Timing(statistics.median(t.wall_s for t in taken), statistics.median(t.cpu_s for t in taken))


def _one_round(side: Side) -> Timing:
    """In a child of its own, so that neither side inherits the other's caches, namespaces or garbage."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with netns.throw_away():
                _see_own_sysfs()
                os.write(writing, json.dumps(_timed(side)).encode())
            status = 0
        except (SystemExit, AssertionError) as failed:
            print(failed, file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status or not answer:
        raise SystemExit(f"bench: {side.name}: the round failed (status {status})")
    wall_s, cpu_s = json.loads(answer)
    return Timing(wall_s, cpu_s)


def _see_own_sysfs() -> None:
    """/sys/class/net shows the namespace it was mounted in, and some peers read and write there."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise SystemExit(f"bench: unshare: {os.strerror(ctypes.get_errno())}")
    for words in ("--make-rprivate /", "-t sysfs sysfs /sys"):
        subprocess.run(["mount", *words.split()], check=True)


def _timed(side: Side) -> tuple[float, float]:
    material = side.prepare()
    cpu, wall = _cpu_s(), time.perf_counter()
    for _ in range(side.runs):
        side.run(material)
    wall, cpu = time.perf_counter() - wall, _cpu_s() - cpu
    if not side.holds():
        raise SystemExit(f"bench: {side.name}: the work was not done")
    return wall / side.runs, cpu / side.runs


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
