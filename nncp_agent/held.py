"""Ops on links that another manager holds, which would undo them: refused, with what makes it let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from netkernel.ops import Op, SetLink
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.important import touches
from nncp_agent.managers.base import Holder

Holders = Callable[[Mapping[str, Link]], Mapping[str, Holder]]
"""Who holds which of these links."""


_WAY_OUT: Final = "to make it let go, which keeps what it configured there"


def nobody(links: Mapping[str, Link]) -> Mapping[str, Holder]:
    """Where no manager was looked for."""
    return {}


def problems(plan: Sequence[Op], held: Mapping[str, Holder]) -> list[Problem]:
    """One for each held link that the plan changes."""
    changed = {name for op in plan for name in _changes(op)}
    return [
        Problem(name, f"{held[name]} holds this link and would change it again; {_WAY_OUT}: {held[name].release}")
        for name in sorted(changed & held.keys())
    ]


def _changes(op: Op) -> Iterator[str]:
    """The links an op is about, and the controllers that lose or get one: their ports are theirs."""
    yield from touches(op)
    if isinstance(op, SetLink):
        yield from (str(each["master"]) for each in (op.new, op.old) if each.get("master"))
