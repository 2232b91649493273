"""One turn after the other: look at everything, decide, say what is so, do the one step that comes next."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from netkernel import ethtool
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.transaction import Kernel
from nncp_agent import notes, shown
from nncp_agent.checkpoint import Here, namespace_of
from nncp_agent.checks.base import Check as Asking
from nncp_agent.model import NetworkState
from nncp_agent.node import holds, rejoin, stages
from nncp_agent.node.acting import Acting
from nncp_agent.node.asked import Asked, asked, still_good
from nncp_agent.node.decision import Apply, Ask, Decided, World, decide
from nncp_agent.node.doors import Changed, Reports, Slots, Source, Statuses, ThisNode
from nncp_agent.node.leave import Leave
from nncp_agent.node.memory import Captured, Remembering
from nncp_agent.node.rejoin import Seen
from nncp_agent.node.stages import Stage
from nncp_agent.node.telling import Telling
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.selectors import matches
from nncp_agent.options import Options
from nncp_agent.sections.hardware import needed
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_MOST_STEPS: Final = 1000
"""In one go, against a policy that nothing settles."""


class Doors(Frozen):
    """Between which the engine stands."""

    source: Source
    reports: Reports
    slots: Slots
    changed: Changed | None = None
    statuses: Statuses | None = None
    api_server: Asking | None = None  # the check of that name where no policy gives it a target


class Turns:
    """Keeps the policies of one node; for one thread. `clock` is in seconds, `now` the time of day in seconds.

    `look_s` is how long the last look took that found nothing to do.
    """

    def __init__(
        self,
        doors: Doors,
        kernel: Kernel,
        store: Store,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        boot: Callable[[], str] = lambda: Here.find().boot,
    ) -> None:
        self._doors = doors
        self._kernel = kernel
        self._store = store
        self._options = options
        self._clock = clock
        self._now = now
        self._memory = Remembering(store)
        self._manuals = holds.Manuals(store)
        self._telling = Telling(doors.reports, now)
        self._leave = Leave(doors.slots)
        self._acting = Acting(doors, kernel, store, options, self._memory, self._telling, self._leave, clock)
        self._asked: Mapping[str, tuple[object, Asked]] = {}
        self._seen: Seen | None = None
        self._boot = boot()
        kept = (name for name, each in self._memory.now.policies.items() if each.outcome == "kept")
        self._rebooted = frozenset(kept if self._memory.now.boot != self._boot else ())
        self.look_s = 0.0

    def run(self) -> float | None:
        """All steps there are; gives the moment of the clock when to come back though nothing happened.

        Raises NetworkError when the host or the state directory cannot be looked at.
        """
        for _ in range(_MOST_STEPS):
            began_s = self._clock()
            goes_on, due_s = self._turn()
            if not goes_on:
                self.look_s = self._clock() - began_s
                return due_s
        return self._clock() + 1.0

    def _turn(self) -> tuple[bool, float | None]:
        policies, node = self._doors.source.policies(), self._doors.source.node()
        committed = self._store.committed()
        if committed == NetworkState() and not policies and not self._memory.now.policies:
            self._forget((), ()) if policies is not None else None
            return False, None  # a node that nobody has a policy for pays nothing for its pods' coming and going
        pause = holds.paused(self._store, self._now())
        busy = holds.busy(self._store, Here.find(namespace_of(self._kernel)))
        host = self._kernel.snapshot()
        if self._rejoin(committed, host, may_act=not (pause or busy)):
            return True, None
        if policies is None or node is None:
            return False, self._acting.again_s()
        mine = [each for each in policies if matches(each, node.name, node.labels) and not each.deleting]
        self._notice(mine, policies)
        if not (pause or busy) and self._acting.delete(policies, mine, node):
            return True, None
        nics = rejoin.nics(host)
        found = self._understood(mine, node, nics)
        staged = self._staged(found, committed, host)
        world = World(
            node=node.name,
            stages=staged,
            unfit=tuple(each for each in found if each.problems),
            memory=self._memory.now,
            answers=self._leave.held(mine),
            waiting=self._acting.waiting,
            rebooted=self._rebooted,
            manual=self._manuals.all(),
            resumed=holds.resumed(self._store),
            paused=holds.words(pause) if pause else "",
            busy=busy,
            now_s=self._clock(),
        )
        decided = self._decided(world, mine, node)
        self._acting.abort(staged, decided.told)
        if not (pause or busy):
            self._restored(decided)
        self._forget(policies, mine)
        if self._doors.statuses is not None:
            self._doors.statuses.tell(policies, node, self._doors.reports.enactments())
        due_s = _sooner(decided.due_s, self._acting.again_s())
        if pause is not None and pause.until is not None:
            end_s = self._clock() + max(pause.until - self._now(), 0.0) + 0.01
            due_s = _sooner(due_s, end_s)
        if not isinstance(decided.step, Apply):
            return False, due_s
        self._acting.apply(decided.step, node, nics)
        return True, None

    def _notice(self, mine: Iterable[Policy], policies: Iterable[Policy]) -> None:
        """Edits, in the order in which they were made as far as anybody can tell; and whom the node no longer fits."""
        memory = self._memory.now
        for policy in sorted(mine, key=lambda each: (each.created, each.name)):
            record = memory.of(policy.name)
            fresh = record
            if (record.uid, record.generation) != (policy.uid, policy.generation) or not record.edited:
                outcome = record.outcome if record.outcome == "kept" else ""
                memory = msgspec.structs.replace(memory, edits=memory.edits + 1)
                fresh = msgspec.structs.replace(
                    record,
                    uid=policy.uid,
                    generation=policy.generation,
                    edited=memory.edits,
                    outcome=outcome,
                    tries=0,
                    message="",
                )
                self._acting.waiting.pop(policy.name, None)
            memory = memory.having(
                {policy.name: msgspec.structs.replace(fresh, left=False, deletion=policy.deletion_policy)}
            )
        matching = {each.name for each in mine}
        for policy in policies:
            if policy.name in memory.policies and policy.name not in matching and not policy.deleting:
                memory = memory.having({policy.name: msgspec.structs.replace(memory.of(policy.name), left=True)})
        self._memory.keep(memory)

    def _understood(self, mine: Iterable[Policy], node: ThisNode, nics: Collection[str]) -> list[Asked]:
        found, kept = [], {}
        for policy in mine:
            captured = self._captured(policy, nics)
            key = (policy, node.name, node.labels, node.annotations, captured)
            before = self._asked.get(policy.name)
            if before is not None and before[0] == key:
                each = before[1]
            else:
                each = asked(policy, node, self._present, captured)
            if each.captured.keys() == captured.keys() and not each.is_captured_badly:
                kept[policy.name] = (key, each)
            found.append(each)
        self._asked = kept
        return found

    def _captured(self, policy: Policy, nics: Collection[str]) -> Mapping[str, Captured]:
        captured = self._memory.now.of(policy.name).captured
        if captured and not still_good(captured, nics):
            log.info("%s: the hardware is another one: capturing again", policy.name)
            return {}
        return captured

    def _present(self) -> Mapping[str, Any]:
        host = self._kernel.overview(shown.routes.RUNNING_PROTOCOLS, ethtool.PARTS)
        return shown.state(host, notes.read(str(self._store.directory)))

    def _staged(self, found: Iterable[Asked], committed: NetworkState, host: Host) -> tuple[Stage, ...]:
        counting = stages.counting(found, self._memory.now)
        also: set[str] = set()
        planned = stages.staged(counting)
        for _, desired in planned:
            also |= set(needed(desired, committed))
        if also:
            host = self._kernel.snapshot(frozenset(also))
        return tuple(stages.looked_at(members, desired, host, committed, self._options) for members, desired in planned)

    def _rejoin(self, committed: NetworkState, host: Host, may_act: bool) -> bool:
        before, now = self._seen, rejoin.look(committed, host)
        if before is not None and not may_act:  # what was lacking meanwhile may be back when one may
            self._seen = replace(before, lacked=before.lacked | now.lacked)
            return False
        self._seen = now
        if before is None or not (names := rejoin.returned(before, self._seen)):
            return False
        part = rejoin.waiting_for(names, committed, host)
        if part in (NetworkState(), NetworkState(interfaces=())):
            return False
        did = self._acting.rejoin(part, names)
        if did is None:  # not now: it is as if they had not come yet
            self._seen = replace(now, lacked=now.lacked | names)
        return bool(did)

    def _decided(self, world: World, mine: Iterable[Policy], node: ThisNode) -> Decided:
        known = {each.name: each for each in mine}
        while True:
            decided = decide(world)
            step = decided.step
            quiet = step.stage.members if isinstance(step, Apply) and not step.stage.plan else ()
            for name, told in decided.told.items():
                if name not in {each.name for each in quiet}:  # there is nothing to do, so it will not be long
                    self._telling.tell(known[name], told, node)
            if not isinstance(step, Ask):
                return decided
            world = replace(world, answers={**world.answers, **self._leave.ask(step.policies)})

    def _restored(self, decided: Decided) -> None:
        """What is as it was applied, or is about to be something else, is no longer of an earlier boot."""
        told = decided.told
        self._rebooted = frozenset(name for name in self._rebooted if name in told and told[name].drifted)
        if not self._rebooted and self._memory.now.boot != self._boot:
            self._memory.keep(msgspec.structs.replace(self._memory.now, boot=self._boot))

    def _forget(self, policies: Iterable[Policy], mine: Iterable[Policy]) -> None:
        """Enactments of policies that are not for this node, or are no more."""
        known = {each.name for each in mine} | {each.name for each in policies if each.deleting}
        for name in [*self._doors.reports.enactments()]:
            if name not in known:
                self._telling.forget(name)


def _sooner(one_s: float | None, other_s: float | None) -> float | None:
    return min((each for each in (one_s, other_s) if each is not None), default=None)
