"""Policy-routing rules: those of one priority are tried in their order, and the kernel mixes up like ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netkernel.ops import AddRule, DeleteRule
from netkernel.reconcile.world import Planning
from netkernel.records import VRF_RULES, Rule
from netkernel.simulation.rules import is_meant, is_taken_for

Slots = dict[tuple[int, int], list[Rule]]


def remove(planning: Planning) -> None:
    """What is not wanted goes, and with it what stands in the way of telling the kernel so."""
    if list(planning.target.rules) == planning.world.rules:
        return
    wanted = _by_slot(planning.target.rules)
    for slot, have in _by_slot(planning.world.rules).items():
        for rule in doomed(have, wanted.get(slot, [])):
            planning.do(DeleteRule(rule))


def add(planning: Planning) -> None:
    """What is missing, in order."""
    if list(planning.target.rules) == planning.world.rules:
        return
    there = _by_slot(planning.world.rules)
    for slot, want in _by_slot(planning.target.rules).items():
        have = there.get(slot, [])
        for rule in want[len(have) :] if want[: len(have)] == have else ():
            planning.do(AddRule(rule, beside=any(is_taken_for(rule, each) for each in have)))
            have.append(rule)


def before_a_vrf(planning: Planning) -> None:
    """Those that the kernel makes with the first VRF there ever was: whether this is that nobody can tell."""
    if any(link.kind == "vrf" for link in planning.world.links.values()):
        return
    for rule in VRF_RULES:
        if rule not in planning.world.rules:
            planning.do(AddRule(rule, beside=any(is_taken_for(rule, each) for each in planning.world.rules)))


def doomed(have: Sequence[Rule], want: Sequence[Rule]) -> list[Rule]:
    """Of the rules of one priority those to delete, in order, so that what is left begins `want`.

    A rule that a deletion would hit, because it comes before the one that is meant, has to go first; and what is put
    back comes last, so that whatever is wanted behind it goes as well.
    """
    kept = _wanted_in_order(have, want)
    while (hit := _hit(have, kept)) is not None:
        kept = {position for position in kept if position < hit}
    return [rule for position, rule in enumerate(have) if position not in kept]


def _wanted_in_order(have: Sequence[Rule], want: Sequence[Rule]) -> set[int]:
    """Positions of the rules that can stay: they are the beginning of `want`."""
    left, kept = list(want), set()
    for position, rule in enumerate(have):
        if rule not in left:
            continue
        if left[0] != rule:
            break
        left.pop(0)
        kept.add(position)
    return kept


def _hit(have: Sequence[Rule], kept: set[int]) -> int | None:
    """A position that stays and stands before a rule to delete that looks like it."""
    for at, rule in enumerate(have):
        if at not in kept:
            for before in range(at):
                if before in kept and is_meant(rule, have[before]):
                    return before
    return None


def _by_slot(rules: Iterable[Rule]) -> Slots:
    slots: Slots = {}
    for rule in rules:
        slots.setdefault((rule.family, rule.priority), []).append(rule)
    return slots
