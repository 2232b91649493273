"""What the node does next and what it says of each policy, from all that is known at a moment. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from netkernel.frozen import Frozen, replace
from nncp_agent.errors import Problem
from nncp_agent.node.asked import Asked, without_secrets
from nncp_agent.node.doors import Answer
from nncp_agent.node.memory import Memory, Record
from nncp_agent.node.order import provides
from nncp_agent.node.stages import Counting, Stage
from nncp_agent.objects import conditions as rows
from nncp_agent.objects.enactment import Told

MOST_TRIES: Final = 5
LONGEST_BACKOFF_S: Final = 30.0
_MOST_LINES: Final = 20


class Waiting(Frozen):
    """A policy that is tried again at a moment of the engine's clock, and why it was not well."""

    until_s: float
    why: str


class Manual(Frozen):
    """An apply of somebody else in the history: its number, its command, and the lines of its plan."""

    number: int
    command: str
    plan: tuple[str, ...]


class World(Frozen, kw_only=True):
    """All of it. `unfit` are policies that cannot be understood. `paused` and `busy` say why nothing may be done now,
    "" where it may; `rebooted` are policies that were applied in an earlier boot and not looked at yet; `resumed` is
    the number of the last apply in the history when somebody ended the holds.
    """

    node: str
    stages: tuple[Stage, ...]
    unfit: tuple[Asked, ...] = ()
    memory: Memory = Memory()
    answers: Mapping[tuple[str, int], Answer] = {}
    waiting: Mapping[str, Waiting] = {}
    rebooted: frozenset[str] = frozenset()
    manual: tuple[Manual, ...] = ()
    resumed: int = 0
    paused: str = ""
    busy: str = ""
    now_s: float = 0.0


class Ask(Frozen):
    """Leave for these policies and generations."""

    policies: tuple[tuple[str, int], ...]


class Apply(Frozen):
    """The stage, because it is new; or, as a `repair`, because the host is no longer as it was."""

    stage: Stage
    repair: bool = False


class Decided(Frozen):
    """`due_s` is when to decide again though nothing happened; None: never."""

    step: Ask | Apply | None
    told: Mapping[str, Told]
    due_s: float | None = None


def decide(world: World) -> Decided:
    """One step at most: what comes after it is decided on the host as it is then."""
    work = _Work(world)
    for stage in world.stages:
        work.stage(stage)
    for asked in world.unfit:
        work.told[asked.policy.name] = _unfit(asked)
    if work.asking:
        return Decided(Ask(tuple(work.asking)), work.told, work.due_s)
    return Decided(work.step, work.told, work.due_s)


def backoff_s(tries: int) -> float:
    """How long to wait after so many tries: 1, 2, 4 … 30 seconds."""
    return float(min(LONGEST_BACKOFF_S, 2 ** max(tries - 1, 0)))


class _Work:
    def __init__(self, world: World) -> None:
        self._world = world
        self._makers = {
            link: member.name for stage in world.stages for member in stage.members for link in provides(stage.desired)
        }
        self.told: dict[str, Told] = {}
        self.asking: list[tuple[str, int]] = []
        self.step: Apply | None = None
        self.due_s: float | None = None

    def stage(self, stage: Stage) -> None:
        told = self._kept(stage) if all(map(self._is_kept, stage.members)) else self._new(stage)
        for member in stage.members:
            if member.name not in self.told:
                self.told[member.name] = _about(told, member, stage, self._record(member))

    def _record(self, member: Counting) -> Record:
        return self._world.memory.of(member.name)

    def _is_kept(self, member: Counting) -> bool:
        record = self._record(member)
        return record.outcome == "kept" and record.wanted == member.mark

    def _kept(self, stage: Stage) -> Told:
        wrong = _wrong(stage)
        if not wrong and not stage.plan:
            return Told(row=rows.AVAILABLE)
        lines = wrong or stage.plan
        drift = _some(lines, 3)
        if self._world.busy:
            return Told(row=rows.AVAILABLE, drifted=f"held: {self._world.busy}: {drift}", differences=lines)
        manual = self._manual(stage, lines)
        if manual is not None and manual.number > self._world.resumed:
            words = (
                f"held as `{manual.command}` (apply {manual.number}) left it, until an edit or `nncp resume`: {drift}"
            )
            return Told(row=rows.AVAILABLE, drifted=words, differences=lines)
        told = Told(row=rows.AVAILABLE, drifted=drift, differences=lines)
        repairs = manual is not None or any(map(self._repairs, stage.members))
        if not repairs or not stage.plan or self._stopped(stage):
            return told
        if (waiting := self._waiting(stage)) is not None:
            self._wake_at(waiting.until_s)
            return replace(told, drifted=f"{drift}; {waiting.why}")
        self.step = self.step or Apply(stage, repair=True)
        return told

    def _repairs(self, member: Counting) -> bool:
        """After a restart of the machine nobody has changed anything: it is what no boot unit has restored."""
        return member.asked.policy.drift_policy == "Repair" or member.name in self._world.rebooted

    def _manual(self, stage: Stage, lines: Sequence[str]) -> Manual | None:
        """The last apply of somebody else since ours that has to do with what is not as wanted."""
        ours = max(self._record(each).history for each in stage.members)
        names = {line.partition(":")[0] for line in lines} | {each.name for each in stage.desired.interfaces or ()}
        since = [each for each in self._world.manual if each.number > ours and _speaks_of(each.plan, names)]
        return since[-1] if since else None

    def _new(self, stage: Stage) -> Told:
        failed = [self._record(each) for each in stage.members if self._has_failed(each)]
        if failed:
            row = rows.ABORTED if failed[0].outcome == "aborted" else rows.FAILED
            return Told(row=row, message=failed[0].message, plan=stage.plan)
        if max(self._record(each).tries for each in stage.members) >= MOST_TRIES and not self._waiting(stage):
            return Told(row=rows.FAILED, message=f"given up: the daemon ended {MOST_TRIES} times while applying it")
        if stage.lacking:
            return Told(row=rows.PENDING, message=self._lacks(stage), reason="WaitingForInterface")
        if stage.refused:
            return Told(row=rows.FAILED, message=_problems(stage.refused))
        if stopped := self._stopped(stage):
            return Told(row=rows.PENDING, message=stopped[0], reason=stopped[1], plan=stage.plan)
        if (waiting := self._waiting(stage)) is not None:
            self._wake_at(waiting.until_s)
            tries = max(self._record(each).tries for each in stage.members)
            return Told(row=rows.RETRYING, message=self._again(tries, waiting.why), retries=tries, plan=stage.plan)
        answers = self._answers(stage) if stage.plan else [Answer.GRANTED]
        if Answer.ABORTED in answers:
            what = " and ".join(each.name for each in stage.members)
            return Told(row=rows.ABORTED, message=f"reconciliation of enactment {self._world.node}.{what} has aborted")
        if Answer.WAITING in answers:
            return Told(row=rows.PENDING, plan=stage.plan)
        if self.step is not None and not self.step.repair:
            first = " and ".join(each.name for each in self.step.stage.members)
            return Told(row=rows.PENDING, message=f"waiting for policy {first}, which comes first", plan=stage.plan)
        self.step = Apply(stage)
        return Told(row=rows.PROGRESSING, plan=stage.plan)

    def _has_failed(self, member: Counting) -> bool:
        record = self._record(member)
        return record.wanted == member.mark and record.outcome in ("failed", "aborted")

    def _lacks(self, stage: Stage) -> str:
        return "waiting for " + ", ".join(f"{link} ({self._maker(link)})" for link in stage.lacking[:_MOST_LINES])

    def _maker(self, link: str) -> str:
        maker = self._makers.get(link)
        if maker is None:
            return "no policy provides it"
        if (told := self.told.get(maker)) is not None and told.row in (rows.FAILED, rows.ABORTED):
            return f"policy {maker}, which provides it, failed"
        return f"policy {maker} provides it"

    def _answers(self, stage: Stage) -> list[Answer]:
        wanted = [(each.name, each.asked.policy.generation) for each in stage.members]
        missing = [each for each in wanted if each not in self._world.answers]
        self.asking += missing
        return [self._world.answers.get(each, Answer.WAITING) for each in wanted]

    def _again(self, tries: int, why: str) -> str:
        return (
            f"failed to reconcile NodeNetworkConfigurationPolicy on node {self._world.node}. "
            f"Retrying {tries}/{MOST_TRIES}: {why}"
        )

    def _stopped(self, stage: Stage) -> tuple[str, str] | None:
        """Why nothing may be done for it now, and a reason in one word."""
        if self._world.paused:
            return self._world.paused, "Paused"
        if paused := [each.name for each in stage.members if each.asked.policy.paused]:
            return f"policy {paused[0]} is paused", "Paused"
        return (self._world.busy, "Held") if self._world.busy else None

    def _waiting(self, stage: Stage) -> Waiting | None:
        found = [self._world.waiting[each.name] for each in stage.members if each.name in self._world.waiting]
        return next((each for each in found if each.until_s > self._world.now_s), None)

    def _wake_at(self, moment_s: float) -> None:
        self.due_s = moment_s if self.due_s is None else min(self.due_s, moment_s)


def _about(told: Told, member: Counting, stage: Stage, record: Record) -> Told:
    """With what is so of a policy whatever comes of it."""
    captured = {name: {"state": each.state} for name, each in member.asked.captured.items()}
    return replace(
        told,
        desired=without_secrets(member.tree),
        captured=captured or None,
        conflict=_some(member.clashes, 5),
        retries=told.retries or (record.tries if record.outcome != "kept" else 0),
    )


def _unfit(asked: Asked) -> Told:
    message = _problems(asked.problems)
    if asked.is_captured_badly:
        message = f"failure generating desiredState and capturedStates: {message}"
    return Told(row=rows.FAILED, message=message)


def _wrong(stage: Stage) -> tuple[str, ...]:
    """Lines on what is not as the stage wants it."""
    missing = tuple(f"{link}: wanted up, not found" for link in stage.lacking)
    said = {line.partition(":")[0] for line in missing}
    rest = stage.differences or tuple(str(each) for each in stage.refused if not stage.lacking)
    return (*missing, *(line for line in rest if line.partition(":")[0] not in said))


def _problems(problems: Iterable[Problem]) -> str:
    return "\n".join(str(each) for each in list(problems)[:_MOST_LINES])


def _some(lines: Sequence[str], most: int) -> str:
    return "; ".join(lines[:most]) + (f"; and {len(lines) - most} more" if len(lines) > most else "")


def _speaks_of(plan: Iterable[str], names: Iterable[str]) -> bool:
    words = {word for line in plan for word in _words(line)}
    return not words.isdisjoint(names)


def _words(line: str) -> Iterator[str]:
    yield from re.split(r"[\s,:;()]+", line)
