"""Ops on links that another manager holds: it may change them again, so whoever plans is told what lets go of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from netkernel.ops import Op
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.important import touches
from nncp_agent.managers.base import Holder

Holders = Callable[[Mapping[str, Link]], Mapping[str, Holder]]
"""Who holds which of these links."""


_WAY_OUT: Final = "to make it let go, which takes away what it configured there"


def nobody(links: Mapping[str, Link]) -> Mapping[str, Holder]:
    """Where no manager was looked for."""
    return {}


def warnings(plan: Sequence[Op], held: Mapping[str, Holder]) -> list[Problem]:
    """One for each held link that the plan touches."""
    touched = sorted({name for op in plan for name in touches(op) if name in held})
    return [
        Problem(name, f"{held[name]} holds this link and may change it again; {_WAY_OUT}: {held[name].release}")
        for name in touched
    ]
