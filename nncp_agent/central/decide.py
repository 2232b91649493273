"""What the writer does next, from all that it knows: slots first, because nodes wait for them, then what is told.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from nncp_agent.central import pacing
from nncp_agent.central.pacing import Written
from nncp_agent.central.world import Decided, Grant, Hold, Object, Sweep, TakeBack, Tell, TellSettings, World, Write
from nncp_agent.objects import nmstate
from nncp_agent.objects.conditions import AVAILABLE, without_times
from nncp_agent.objects.enactment import row_of
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.policy_status import says_the_same, status, summary
from nncp_agent.objects.rollout import Rollout, rollout

FINALIZER: Final = "nmstate.io/nncp-agent"
STRAY_S: Final = 3.0
"""Watches of two resources do not agree at every moment; what has no policy or node for so long, has none."""


def decide(world: World) -> Decided:
    """Everything that is due now."""
    work = _Work(world)
    slots: list[Write] = []
    rest: list[Write] = []
    for policy in world.policies:
        slots += work.slots(policy)
        rest += work.told(policy)
        rest += work.held(policy)
    slots += work.left_over()
    rest += work.cleaned()
    return Decided((*slots, *rest), work.due_s)


class _Work:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rollouts: dict[str, Rollout] = {}
        self.due_s: float | None = None

    def slots(self, policy: Policy) -> Iterator[Write]:
        """Those that go back, then those that are given."""
        name, world = policy.name, self._world
        mine = [slot for slot in world.slots if slot.policy == name]
        found = rollout(policy, world.members, self._enactments(name), mine, world.silent_s)
        self._rollouts[name] = found
        yield from (TakeBack(lease) for lease in found.drop)
        yield from (Grant(name, node, policy.generation) for node in found.grant)
        yield from (Grant(name, node, policy.generation, aborted=True) for node in found.abort)

    def told(self, policy: Policy) -> Iterator[Write]:
        """The status, where it says another thing than what stands there and is due."""
        found, world = self._rollouts[policy.name], self._world
        told = summary(
            policy,
            world.members,
            self._enactments(policy.name),
            lost=found.lost,
            unavailable=len(found.taken),
        )
        stands = policy.source.get("status")
        made = status(told, world.now, stands)
        if says_the_same(stands, made):
            return
        due_s = pacing.due_s(world.written.get(policy.uid), told, world.now_s)
        if due_s > world.now_s:
            self._wake_at(due_s)
            return
        yield Tell(policy.name, policy.uid, made, Written(told, world.now_s))

    def held(self, policy: Policy) -> Iterator[Write]:
        """Our finalizer, for as long as nodes have something to put back when the policy goes."""
        others = tuple(each for each in policy.finalizers if each != FINALIZER)
        if policy.deleting:
            wanted = FINALIZER in policy.finalizers and not self._is_put_back(policy)
        else:
            wanted = policy.deletion_policy != "Retain"
        if wanted != (FINALIZER in policy.finalizers):
            version = str((policy.source.get("metadata") or {}).get("resourceVersion") or "")
            yield Hold(policy.name, version, (*others, FINALIZER) if wanted else others)

    def left_over(self) -> Iterator[Write]:
        """Leases that nobody needs any more."""
        there = {policy.name for policy in self._world.policies}
        yield from (TakeBack(slot.name) for slot in self._world.slots if slot.policy not in there)
        yield from (TakeBack(lease) for lease in self._world.absent)

    def cleaned(self) -> Iterator[Write]:
        """Enactments without a policy or a node, and what NMStates are told."""
        world = self._world
        for name, since_s in world.strays.items():
            if since_s >= STRAY_S:
                yield Sweep(name)
            else:
                self._wake_at(world.now_s + STRAY_S - since_s)
        made = nmstate.statuses(world.settings, world.now)
        for each in world.settings:
            name = str(each["metadata"]["name"])
            old = (each.get("status") or {}).get("conditions") or ()
            if without_times(old) != without_times(made[name]["conditions"]):
                yield TellSettings(name, made[name])

    def _enactments(self, policy: str) -> Mapping[str, Object]:
        return self._world.enactments.get(policy, {})

    def _is_put_back(self, policy: Policy) -> bool:
        """Whether every node that has ever said something of the policy says that it is through with its deletion."""
        if policy.deletion_policy == "Retain":
            return True
        return all(row_of(each, policy.generation) is AVAILABLE for each in self._enactments(policy.name).values())

    def _wake_at(self, moment_s: float) -> None:
        self.due_s = moment_s if self.due_s is None else min(self.due_s, moment_s)
