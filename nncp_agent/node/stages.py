"""What stands between the host and each policy as it counts: stage by stage, in the order of applying. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netkernel.digests import sha256
from netkernel.documents import Document
from netkernel.frozen import Frozen
from netkernel.host import Host
from nncp_agent import wire
from nncp_agent.components import possible
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.model import NetworkState
from nncp_agent.node import conflicts, order
from nncp_agent.node.asked import EMPTY, Asked
from nncp_agent.node.conflicts import Rival
from nncp_agent.node.memory import Memory
from nncp_agent.node.order import Wanting
from nncp_agent.options import Options
from nncp_agent.plan import decide
from nncp_agent.verify import differences

State = Mapping[str, Any]


class Counting(Frozen):
    """A policy as far as it counts beside the others; `mark` tells one such state from another."""

    asked: Asked
    tree: State = EMPTY
    mark: str = ""
    clashes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.asked.policy.name


class Stage(Frozen, kw_only=True):
    """Policies that are applied as one; nearly always that is one. `lacking` are links that it needs and that are not
    there, `part` what can be without them, `plan` the ops in words, `refused` why there is none, `differences` what is
    not as it should be.
    """

    members: tuple[Counting, ...]
    desired: NetworkState
    part: NetworkState
    lacking: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    refused: tuple[Problem, ...] = ()
    differences: tuple[str, ...] = ()


def counting(policies: Iterable[Asked], memory: Memory) -> dict[str, Counting]:
    """Each policy that was understood, less what others have instead."""
    good = {each.policy.name: each for each in policies if not each.problems}
    rivals = [
        Rival(name, each.tree, each.policy.priority, memory.of(name).edited) for name, each in sorted(good.items())
    ]
    return {
        name: Counting(good[name], settled.tree, mark(settled.tree), settled.clashes)
        for name, settled in conflicts.settled(rivals).items()
    }


def mark(tree: State) -> str:
    """The same for equal states, and for no others."""
    return sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def staged(policies: Mapping[str, Counting]) -> list[tuple[tuple[Counting, ...], NetworkState]]:
    """The policies in the order of applying, each with what it comes to. Raises InvalidPolicy where nothing does."""
    states = {name: _state([each]) for name, each in policies.items()}
    wanting = [Wanting(name, each.asked.policy.priority, states[name]) for name, each in policies.items()]
    found = []
    for names in order.steps(wanting):
        members = tuple(policies[name] for name in names)
        found.append((members, states[names[0]] if len(names) == 1 else _state(members)))
    return found


def looked_at(
    members: tuple[Counting, ...], desired: NetworkState, host: Host, committed: NetworkState, options: Options
) -> Stage:
    """The stage on this host."""
    part, lacking = possible(desired, host)
    missing = tuple(sorted({*lacking, *_ways_to_nowhere(desired, host)}))
    try:
        decision = decide(
            part,
            host,
            committed,
            refusals=options.refusals,
            holders=options.holders,
            link_files=options.link_files,
            claim=options.claim,
        )
    except InvalidPolicy as error:
        return Stage(members=members, desired=desired, part=part, lacking=missing, refused=error.problems)
    return Stage(
        members=members,
        desired=desired,
        part=part,
        lacking=missing,
        plan=tuple(map(str, decision.ops)),
        differences=tuple(differences(decision, host)),
    )


def _state(members: Sequence[Counting]) -> NetworkState:
    if len(members) == 1 and members[0].tree is members[0].asked.tree:
        return members[0].asked.desired
    return wire.decode([Document(joined([each.tree for each in members]))]).desired


def joined(trees: Sequence[State]) -> dict[str, Any]:
    """States that do not contradict each other as one."""
    whole: dict[str, Any] = {}
    for tree in trees:
        whole = _over(tree, whole)
    return whole


def _over(tree: State, below: State) -> dict[str, Any]:
    found = {**below}
    for key, value in tree.items():
        old = below.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            found[key] = _over(value, old)
        elif key == "interfaces" and old:
            named = {each["name"]: each for each in old}
            for each in value:
                named[each["name"]] = _over(each, named.get(each["name"], {}))
            found[key] = [*named.values()]
        elif key == "config" and isinstance(old, list):
            found[key] = [*old, *(each for each in value if each not in old)]
        else:
            found[key] = value
    return found


def _ways_to_nowhere(desired: NetworkState, host: Host) -> set[str]:
    """Where routes leave, as far as that is not there and nobody makes it."""
    there = {name for link in host.links.values() for name in (link.name, *link.altnames)}
    there |= {name for each in desired.interfaces or () for name in (each.name, each.profile_name or each.name)}
    return {name for name in order.ways(desired) if name not in there and name not in order.provides(desired)}
