"""Does the step that was decided, and remembers what came of it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from netkernel.errors import AnswerLost, DumpInterrupted, KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.ops import CreateLink
from netkernel.transaction import Kernel
from nncp_agent import history
from nncp_agent.apply import apply
from nncp_agent.errors import Busy, Interrupted, NotSettled, NoWatchdog, StoreBroken
from nncp_agent.model import NetworkState
from nncp_agent.node import checks, ways
from nncp_agent.node.decision import MOST_TRIES, Apply, Waiting, backoff_s
from nncp_agent.node.deleting import Deleting
from nncp_agent.node.doors import ThisNode
from nncp_agent.node.holds import COMMAND
from nncp_agent.node.leave import Leave
from nncp_agent.node.memory import Captured, Record, Remembering
from nncp_agent.node.order import provides
from nncp_agent.node.stages import Counting, Stage, looked_at
from nncp_agent.node.telling import Telling
from nncp_agent.objects.conditions import ABORTED
from nncp_agent.objects.enactment import Told
from nncp_agent.objects.policy import Policy
from nncp_agent.options import Options, Outcome
from nncp_agent.sections.hardware import needed
from nncp_agent.store import Store

if TYPE_CHECKING:
    from nncp_agent.node.turn import Doors

log = logging.getLogger(__name__)

_PASSES: Final = (errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENOBUFS, errno.ENOMEM, errno.ETIMEDOUT)
"""What the kernel may say yes to the next time."""
_PATIENCE_S: Final = 5.0
"""For an apply of somebody else: then we look again, for things may be otherwise by then."""
_REJOIN_S: Final = 1.0
_CALM_S: Final = 60.0
"""A policy that stayed as it was that long after a repair is repaired at once again."""


class Superseded(Interrupted):
    """There is a newer generation, so nobody wants this one any more."""


class Acting:
    """`waiting` are policies that are left alone for a while, by name."""

    def __init__(
        self,
        doors: Doors,
        kernel: Kernel,
        store: Store,
        options: Options,
        memory: Remembering,
        telling: Telling,
        leave: Leave,
        clock: Callable[[], float],
    ) -> None:
        self._doors = doors
        self._kernel = kernel
        self._store = store
        self._options = options
        self._memory = memory
        self._telling = telling
        self._leave = leave
        self._clock = clock
        self._again_s: float | None = None
        self._repairs: dict[str, tuple[int, float]] = {}
        self._deleting = Deleting(kernel, store, options, memory, telling)
        self.waiting: dict[str, Waiting] = {}

    def apply(self, step: Apply, node: ThisNode, nics: Sequence[str]) -> None:
        """Make a stage true, or leave the host as it was."""
        stage = step.stage
        if not step.repair and stage.plan:
            self._remember(stage, lambda member, record: _trying(member, record, nics))
        try:
            outcome = apply(stage.part, self._kernel, self._store, options=self._how(step, node))
        except Superseded:
            log.info("%s: superseded by an edit", _names(stage))
            self._give_back(stage, failed=False)
        except (Busy, StoreBroken) as error:
            self._wait(stage, _PATIENCE_S, str(error))
            self._remember(stage, lambda _, record: msgspec.structs.replace(record, tries=max(record.tries - 1, 0)))
        except NetworkError as error:
            self._failed(step, error)
        else:
            self._done(step, outcome, nics)

    def _how(self, step: Apply, node: ThisNode) -> Options:
        policies = [each.asked.policy for each in step.stage.members]
        options = checks.stated(self._options, policies, node, self._doors.source, self._doors.api_server)
        if step.repair and step.stage.lacking:  # what is committed is more than there can be now
            options = replace(options, memory_only=True, record=False)
        return replace(
            options,
            command=f"{COMMAND} (repair)" if step.repair else COMMAND,
            policies=tuple(each.name for each in policies),
            lock_timeout_s=_PATIENCE_S,
            still_wanted=partial(self._still_wanted, policies),
        )

    def _still_wanted(self, policies: Sequence[Policy]) -> None:
        now = self._doors.source.policies()
        if now is None:
            return
        known = {each.name: (each.uid, each.generation) for each in now}
        if any(known.get(each.name) != (each.uid, each.generation) for each in policies):
            raise Superseded("a newer generation is there")

    def _done(self, step: Apply, outcome: Outcome, nics: Sequence[str]) -> None:
        stage = step.stage
        number = outcome.history or history.next_number(self._store) - 1
        for member in stage.members:
            self.waiting.pop(member.name, None)
            if outcome.history and outcome.ops:
                ways.keep(self._store, member.name, outcome.history)
        made = {op.name for op in outcome.ops if isinstance(op, CreateLink)}
        self._remember(stage, lambda member, record: _kept(member, record, stage, number, made, nics))
        if step.repair:
            self._repaired(stage)
        for member in stage.members:
            policy = member.asked.policy
            if step.repair:
                self._telling.event(policy.name, "Normal", "Repaired", "; ".join(map(str, outcome.ops)))
            elif outcome.seconds:
                log.info("%s: %d changes in %.2f s", policy.name, len(outcome.ops), sum(outcome.seconds.values()))
                self._telling.timed(policy, dict(outcome.seconds))
        self._give_back(stage, failed=False)
        if outcome.ops and self._doors.changed is not None:
            self._doors.changed.applied()

    def _failed(self, step: Apply, error: NetworkError) -> None:
        stage, words = step.stage, _words(error)
        log.error("%s: %s", _names(stage), words)
        if step.repair:
            self._repaired(stage, f"repairing it failed: {words}")
            return
        tries = max(self._memory.now.of(each.name).tries for each in stage.members)
        if (passes(error) or self._is_otherwise_now(stage, error)) and tries < MOST_TRIES:
            self._wait(stage, backoff_s(tries), words)
            return
        self._remember(stage, lambda _, record: msgspec.structs.replace(record, outcome="failed", message=words))
        self._give_back(stage, failed=True)

    def _is_otherwise_now(self, stage: Stage, error: NetworkError) -> bool:
        """Whether the kernel refused a plan for a host that somebody changed meanwhile: a driver, udev, a person."""
        if not isinstance(error, KernelRefused):
            return False
        host = self._kernel.snapshot(needed(stage.desired, self._store.committed()))
        again = looked_at(stage.members, stage.desired, host, self._store.committed(), self._options)
        return again.plan != stage.plan

    def _repaired(self, stage: Stage, why: str = "") -> None:
        """Against somebody who changes it again and again one repairs less and less often."""
        now = self._clock()
        for member in stage.members:
            count, last = self._repairs.get(member.name, (0, now))
            count = count + 1 if now - last < _CALM_S else 1
            self._repairs[member.name] = (count, now)
            words = why or f"repaired {count} times, and changed again: next in a moment"
            pause_s = min(2.0 ** (count - 1), _CALM_S / 2) if count > 1 or why else 0.0
            if pause_s:
                self.waiting[member.name] = Waiting(now + pause_s, words)

    def _wait(self, stage: Stage, seconds: float, why: str) -> None:
        for member in stage.members:
            self.waiting[member.name] = Waiting(self._clock() + seconds, why)

    def abort(self, staged: Iterable[Stage], told: Mapping[str, Told]) -> None:
        """Remember who was told that this generation is over."""
        for stage in staged:
            name = stage.members[0].name
            if told[name].row is ABORTED and self._memory.now.of(name).outcome != "aborted":
                self._remember(stage, partial(_aborted, told[name].message))

    def _remember(self, stage: Stage, change: Callable[[Counting, Record], Record]) -> None:
        memory = self._memory.now
        self._memory.keep(memory.having({each.name: change(each, memory.of(each.name)) for each in stage.members}))

    def _give_back(self, stage: Stage, failed: bool) -> None:
        for member in stage.members:
            self._leave.give_back(member.name, member.asked.policy.generation, failed)

    def again_s(self) -> float | None:
        """When to come back for what could not be done just now, by the clock."""
        moment = self._again_s
        return moment if moment is not None and moment > self._clock() else None

    def rejoin(self, part: NetworkState, names: Iterable[str]) -> bool | None:
        """Bring back what waited for links; whether there was anything to do, None when it is to be tried again."""
        options = replace(
            self._options,
            command=f"{COMMAND} (a link came back)",
            check=False,
            memory_only=True,
            record=False,
            keep_unsettled=True,
            lock_timeout_s=_PATIENCE_S,
        )
        what = ", ".join(sorted(names))
        try:
            outcome = apply(part, self._kernel, self._store, options=options)
        except NetworkError as error:
            log.error("%s: is back and could not join: %s", what, error)
            self._again_s = self._clock() + _REJOIN_S
            return None
        if outcome.ops:
            log.info("%s: back: %s", what, "; ".join(map(str, outcome.ops)))
        return bool(outcome.ops)

    def delete(self, policies: Sequence[Policy], mine: Sequence[Policy], node: ThisNode) -> bool:
        """Do for one deleted policy what it wanted done then; whether there was one."""
        try:
            return self._deleting.one(policies, mine, node)
        except (Busy, StoreBroken) as error:
            log.warning("%s", error)
            self._again_s = self._clock() + _PATIENCE_S
            return False


def passes(error: NetworkError) -> bool:
    """Whether the same may go well the next time: nobody's policy is wrong, and nobody was cut off."""
    if isinstance(error, KernelRefused):
        return error.errno in _PASSES
    return isinstance(error, NotSettled | NoWatchdog | Interrupted | DumpInterrupted | AnswerLost)


def _aborted(message: str, member: Counting, record: Record) -> Record:
    return msgspec.structs.replace(record, wanted=member.mark, outcome="aborted", message=message)


def _trying(member: Counting, record: Record, nics: Sequence[str]) -> Record:
    return msgspec.structs.replace(
        record,
        outcome="trying",
        wanted=member.mark,
        tries=record.tries + 1 if record.wanted == member.mark else 1,
        captured=_captured(member, record, nics),
    )


def _kept(member: Counting, record: Record, stage: Stage, number: int, made: set[str], nics: Sequence[str]) -> Record:
    own = made & provides(stage.desired) if len(stage.members) > 1 else made
    return msgspec.structs.replace(
        record,
        outcome="kept",
        wanted=member.mark,
        tries=0,
        message="",
        history=number,
        asked=dict(member.tree),
        captured=_captured(member, record, nics),
        made=tuple(sorted({*record.made, *own})),
    )


def _captured(member: Counting, record: Record, nics: Sequence[str]) -> dict[str, Captured]:
    """What was captured, with the NICs there were then."""
    found = {}
    for name, each in member.asked.captured.items():
        known = record.captured.get(name)
        is_known = known is not None and (known.expression, known.state) == (each.expression, each.state)
        found[name] = known if known is not None and is_known else msgspec.structs.replace(each, nics=tuple(nics))
    return found


def _names(stage: Stage) -> str:
    return ", ".join(each.name for each in stage.members)


def _words(error: NetworkError) -> str:
    left = "; ".join(error.leftovers)
    return f"{error}" + (f"; not as it was: {left}" if left else "")
