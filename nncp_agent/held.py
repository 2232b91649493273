"""Ops on links that another manager holds, which would undo them: refused, with what makes it let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from netkernel.host import Host
from netkernel.ops import Op, SetLink
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.important import touches
from nncp_agent.managers.base import Holder
from nncp_agent.resolve import Resolved

Holders = Callable[[Mapping[str, Link]], Mapping[str, Holder]]
"""Who holds which of these links."""


_WAY_OUT: Final = "--claim takes it over as it is; by hand, also without losing an address"


def nobody(links: Mapping[str, Link]) -> Mapping[str, Holder]:
    """Where no manager was looked for."""
    return {}


def problems(plan: Sequence[Op], held: Mapping[str, Holder]) -> list[Problem]:
    """One for each held link that the plan changes."""
    return [
        Problem(name, f"{held[name]} holds this link and would change it again; {_WAY_OUT}: {held[name].release}")
        for name in sorted(changed(plan) & held.keys())
    ]


def taken(ops: Sequence[Op], resolved: Resolved, holding: Mapping[str, Holder], before: Host) -> frozenset[str]:
    """The held links that a policy which takes over speaks of or changes, and their held ports: with those their
    manager would go on to make them what they were."""
    names = changed(ops) | resolved.wanted.keys() | resolved.gone
    names |= {port for name in names for port in before.ports(name)}
    return frozenset(names & holding.keys())


def changed(plan: Sequence[Op]) -> frozenset[str]:
    """The links that the plan changes, as far as their managers are concerned."""
    return frozenset(name for op in plan for name in _changes(op))


def _changes(op: Op) -> Iterator[str]:
    """The links an op is about, and the controllers that lose or get one: their ports are theirs."""
    yield from touches(op)
    if isinstance(op, SetLink):
        yield from (str(each["master"]) for each in (op.new, op.old) if each.get("master"))
