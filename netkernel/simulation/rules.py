"""Rules: which one the kernel means when it is told to add or delete one (net/core/fib_rules.c)."""

from __future__ import annotations

import errno

from netkernel.ops import AddRule, DeleteRule
from netkernel.records import Rule
from netkernel.simulation.world import World, refuse


def add(world: World, op: AddRule) -> None:
    """It goes behind those of the same priority. Raises KernelRefused: EEXIST."""
    if not op.beside and any(is_taken_for(op.rule, each) for each in world.rules):
        refuse(op, errno.EEXIST)
    world.rules.append(op.rule)


def delete(world: World, op: DeleteRule) -> None:
    """The first that has all that is said goes, whatever more it has. Raises KernelRefused: ENOENT."""
    for position, each in enumerate(world.rules):
        if is_meant(op.rule, each):
            del world.rules[position]
            return
    refuse(op, errno.ENOENT)


def is_taken_for(new: Rule, old: Rule) -> bool:
    """Whether the kernel may say that `new` is there already (rule_exists): what `new` has no words for, matches."""
    return (
        _slot(new) == _slot(old)
        and (new.action, new.table, new.iif, new.oif) == (old.action, old.table, old.iif, old.oif)
        and (new.fwmark, new.fwmask, new.extra) == (old.fwmark, old.fwmask, old.extra)
        and new.suppress_prefix_length == old.suppress_prefix_length
        and _is_selected(new, old)
    )


def is_meant(said: Rule, held: Rule) -> bool:
    """Whether a deletion of `said` may hit `held` (rule_find), where it comes first."""
    return (
        _slot(said) == _slot(held)
        and said.action in (0, held.action)
        and said.table in (0, held.table)
        and said.iif in ("", held.iif)
        and said.oif in ("", held.oif)
        and said.fwmark in (0, held.fwmark)
        and said.fwmask in (0, held.fwmask)
        and said.suppress_prefix_length in (None, held.suppress_prefix_length)
        and said.extra in (b"", held.extra)
        and _is_selected(said, held)
    )


def _slot(rule: Rule) -> tuple[int, int]:
    return rule.family, rule.priority


def _is_selected(said: Rule, held: Rule) -> bool:
    """fib4_rule_compare and fib6_rule_compare; neither asks for `not`, and most kernels not for the protocol."""
    return said.source in ("", held.source) and said.destination in ("", held.destination) and said.tos in (0, held.tos)
