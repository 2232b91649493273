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
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from netkernel import netns

CLONE_NEWNS = 0x00020000
"""linux/sched.h."""
PR_SET_CHILD_SUBREAPER = 36
"""linux/prctl.h."""


@dataclass(frozen=True, slots=True)
class Side:
    """One contestant. `prepare` is not timed; what it returns is handed to `run`, which is. `holds` proves the result.

    `runs` repeats `run` within one round where a single one would be too short for the CPU clock. `start` is the same
    program with nothing to do, run in the same rounds before anything is prepared: what it takes is told apart.
    """

    name: str
    prepare: Callable[[], object]
    run: Callable[[object], object]
    holds: Callable[[], bool]
    runs: int = 1
    start: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """`goal` is the ratio ours/peer that must not be exceeded; None where the design names no budget.

    `by` says which clock the goal is about: `cpu` (user and system time of the process and its children) or `wall`.
    `floors` are no contestants: what the parts of our work cost by themselves that no program of our kind does without,
    measured in the same rounds, so that everybody sees what a goal leaves room for; `joined` ones also all together.
    """

    title: str
    ours: Side
    peers: tuple[Side, ...]
    goals: tuple[float | None, ...]
    by: str = "cpu"
    rounds: int = 5
    floors: tuple[Side, ...] = ()
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    wall_s: float
    cpu_s: float

    def without(self, other: Timing) -> Timing:
        return Timing(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)

    def __add__(self, other: Timing) -> Timing:
        return Timing(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the printed table: medians of all rounds."""

    title: str
    by: str
    ours: Timing
    peer_name: str
    peer: Timing
    goal: float | None

    @property
    def ratio(self) -> float:
        mine, other = (self.ours.cpu_s, self.peer.cpu_s) if self.by == "cpu" else (self.ours.wall_s, self.peer.wall_s)
        return mine / other if other else float("inf")


def hold(contest: Contest) -> list[Line]:
    """All rounds of a contest, interleaved, so that a neighbour's load hits every side alike.

    Where both have a `start` there is a second line, "engine", of the medians without it. Floors are held against the
    first peer, each and all together.
    """
    sides = (contest.ours, *contest.peers, *contest.floors)
    timings: list[list[tuple[Timing, Timing]]] = [[] for _ in sides]
    for _ in range(contest.rounds):
        for side, taken in zip(sides, timings, strict=True):
            taken.append(_one_round(side))
    (mine, my_start), *all_others = [tuple(_median(one) for one in zip(*taken, strict=True)) for taken in timings]
    others, floors = all_others[: len(contest.peers)], [whole for whole, _ in all_others[len(contest.peers) :]]
    lines = []
    for peer, (whole, start), goal in zip(contest.peers, others, contest.goals, strict=True):
        lines.append(Line(contest.title, contest.by, mine, peer.name, whole, goal))
        if contest.ours.start and peer.start:
            title = f"{contest.title}, engine"
            lines.append(Line(title, contest.by, mine.without(my_start), peer.name, whole.without(start), None))
    return lines + _floor_lines(contest, floors, others[0][0])


def _floor_lines(contest: Contest, floors: Sequence[Timing], peer: Timing) -> list[Line]:
    names = [side.name for side in contest.floors]
    if contest.joined and len(names) > 1:
        names, floors = [*names, "both"], [*floors, sum(floors[1:], floors[0])]
    return [
        Line(f"{contest.title}, floor: {name}", contest.by, floor, contest.peers[0].name, peer, None)
        for name, floor in zip(names, floors, strict=True)
    ]


def _median(taken: Sequence[Timing]) -> Timing:
    return Timing(statistics.median(t.wall_s for t in taken), statistics.median(t.cpu_s for t in taken))


def _one_round(side: Side) -> tuple[Timing, Timing]:
    """The work, and the start.

    In a child of its own, so that neither side inherits the other's caches, namespaces or garbage."""
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
    work, start = json.loads(answer)
    return Timing(*work), Timing(*start)


def _see_own_sysfs() -> None:
    """/sys/class/net shows the namespace it was mounted in, and some peers read and write there."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise SystemExit(f"bench: unshare: {os.strerror(ctypes.get_errno())}")
    for words in ("--make-rprivate /", "-t sysfs sysfs /sys"):
        subprocess.run(["mount", *words.split()], check=True)


def _timed(side: Side) -> tuple[tuple[float, float], tuple[float, float]]:
    _inherit_orphans()
    start = _clocked(side.start, side.runs) if side.start else (0.0, 0.0)
    material = side.prepare()
    work = _clocked(lambda: side.run(material), side.runs)
    if not side.holds():
        raise SystemExit(f"bench: {side.name}: the work was not done")
    return work, start


def _clocked(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run; the CPU time is also that of a daemon left behind, once it has ended."""
    _bury()
    cpu, wall = _cpu_s(), time.perf_counter()
    for _ in range(runs):
        work()
    wall = time.perf_counter() - wall
    _bury()
    return wall / runs, (_cpu_s() - cpu) / runs


def _inherit_orphans() -> None:
    """A watchdog is nobody's child: without this its time would be on nobody's bill (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _bury() -> None:
    """Wait for the children there are."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
