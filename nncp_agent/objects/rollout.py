"""Which nodes may begin with a generation of a policy, and which slots go back: `maxUnavailable` and the abort rule.

A node that works or has failed is unavailable, and of these there are never more than the policy allows. A slot whose
holder fell silent counts as failed until that node says something: nobody knows what it does. When as many have
failed as are allowed, nodes that wait are told to give up. Another generation begins anew: it may be what mends the
failed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.objects.conditions import (
    AVAILABLE,
    FAILED,
    FINAL,
    PENDING,
    PROGRESSING,
    RETRYING,
    TRUE,
    Row,
)
from nncp_agent.objects.enactment import conditions_of, generation_of, row_of
from nncp_agent.objects.members import Member, meant
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.slots import DURATION_S, Slot

Object = Mapping[str, Any]
_SHARE: Final = re.compile(r"([-+]?[0-9]{1,9})%")


class Rollout(Frozen):
    """What is to be done for one policy.

    `grant` and `abort` are nodes that get a slot, or one that says no; `drop` are names of Leases. `taken` nodes are at
    work or have failed, of which at most `limit` may; `lost` are those whose slot ran out.
    """

    grant: tuple[str, ...] = ()
    abort: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    limit: int = 1


def limit(max_unavailable: int | str | None, nodes: int) -> int:
    """How many of so many nodes may be unavailable: at least one, shares rounded up, half of them where it says nothing
    that can be understood. A number in quotes cannot (kubernetes-nmstate, too, takes text for a share only).
    """
    if isinstance(max_unavailable, int):
        return max(1, max_unavailable)
    found = _SHARE.fullmatch(max_unavailable or "50%")
    share = int(found[1]) if found else 50
    return max(1, -(-share * nodes // 100))


def is_understood(max_unavailable: int | str | None) -> bool:
    """Whether it says how many; else half of the nodes counts."""
    return not isinstance(max_unavailable, str) or _SHARE.fullmatch(max_unavailable) is not None


def asks(enactment: Object | None, generation: int) -> bool:
    """Whether a node waits for a slot. One that waits for anything else says so as the reason of its condition."""
    return row_of(enactment, generation) is PENDING and any(
        each.get("type") == "Pending" and each.get("reason") == PENDING.reason
        for each in conditions_of(enactment or {})
    )


def rollout(
    policy: Policy,
    members: Iterable[Member],
    enactments: Mapping[str, Object],
    slots: Sequence[Slot],
    silent_s: Mapping[str, float],
) -> Rollout:
    """`enactments` and `slots` are the policy's, the former by node; `silent_s` is by the name of a slot's Lease for
    how long it was not renewed, as the writer's own clock has it.
    """
    work = _Work(policy, meant(policy, members), enactments, slots, silent_s)
    allowed = limit(policy.max_unavailable, len(work.meant))
    taken = work.at_work | work.failed
    grant: list[str] = []
    abort: list[str] = []
    if not policy.paused:
        if len(work.failed) >= allowed or work.failed & work.canaries:
            abort = work.waiting()
        else:
            grant = work.next()[: max(0, allowed - len(taken))]
    return Rollout(
        grant=tuple(grant),
        abort=tuple(abort),
        drop=tuple(work.drop),
        taken=frozenset(taken | {*grant}),
        lost=frozenset(work.lost),
        limit=allowed,
    )


class _Work:
    """Where each node stands."""

    def __init__(
        self,
        policy: Policy,
        meant: Sequence[Member],
        enactments: Mapping[str, Object],
        slots: Sequence[Slot],
        silent_s: Mapping[str, float],
    ) -> None:
        self.meant = meant
        self._policy, self._enactments = policy, enactments
        self._members = {each.name: each for each in meant}
        self.canaries = {each for each in policy.canaries if each in self._members}
        self.drop: list[str] = []
        self.lost: set[str] = set()
        self.failed = {name for name in self._members if self._row(name) is FAILED}
        self.at_work: set[str] = set()
        self._answered: set[str] = set()
        for slot in slots:
            self._slot(slot, silent_s.get(slot.name, 0.0) > DURATION_S)
        for name, each in self._members.items():
            # Without a Lease: a plan with nothing to do needs none, or somebody took it away.
            if name not in self._answered and self._row(name) in (PROGRESSING, RETRYING):
                self._works(name, is_lost=not each.is_alive)

    def waiting(self) -> list[str]:
        """Nodes that ask for a slot and have no answer, those that wait longest first."""
        asking = [
            name
            for name in self._members
            if name not in self._answered and asks(self._enactments.get(name), self._policy.generation)
        ]
        return sorted(asking, key=lambda name: (self._since(name), name))

    def next(self) -> list[str]:
        """Those of them that may have one now, in order: canaries, and the others only when all canaries are done."""
        waiting = [name for name in self.waiting() if self._members[name].is_alive]
        first = [name for name in waiting if name in self.canaries]
        return first if first or not self._canaries_are_done() else waiting

    def _canaries_are_done(self) -> bool:
        """A canary that is not ready is not waited for, unless none is."""
        ready = [name for name in self.canaries if self._members[name].is_ready]
        return all(self._row(name) is AVAILABLE for name in ready or self.canaries)

    def _slot(self, slot: Slot, is_silent: bool) -> None:
        """What becomes of a Lease, and what its node is doing."""
        enactment, node = self._enactments.get(slot.node), slot.node
        row = row_of(enactment, slot.generation)
        is_newer = enactment is not None and generation_of(enactment) > slot.generation
        is_of_now = slot.generation == self._policy.generation and node in self._members
        if row in FINAL or is_newer or (not is_of_now and (is_silent or slot.is_aborted or enactment is None)):
            self.drop.append(slot.name)
            return
        if not is_of_now:
            self.at_work.add(node)  # with what was asked before; its slot goes when it says that it heard of this
            return
        if is_silent and row is PENDING and self._members[node].is_alive:
            self.drop.append(slot.name)  # it never began, and asks
            return
        self._answered.add(node)
        if not slot.is_aborted:
            self._works(node, is_lost=is_silent)

    def _works(self, node: str, *, is_lost: bool) -> None:
        if is_lost:
            self.lost.add(node)
            self.failed.add(node)
        else:
            self.at_work.add(node)

    def _row(self, node: str) -> Row:
        return row_of(self._enactments.get(node), self._policy.generation)

    def _since(self, node: str) -> str:
        found = conditions_of(self._enactments[node])
        return next((str(each.get("lastTransitionTime")) for each in found if each.get("status") == TRUE), "")
