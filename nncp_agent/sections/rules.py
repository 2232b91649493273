"""The `route-rules` section: append, absent with wildcards, priorities of our own choice (nmstate.md 4.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace as replaced

from netkernel import ops
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import MAIN_TABLE, Rule
from nncp_agent.model import RuleEntry, State
from nncp_agent.sections.routes import network
from nncp_agent.shown.routes import STATIC
from nncp_agent.shown.rules import ACTIONS, EVERY_BIT, TO_TABLE, is_config, is_shown

FIRST: Final = 30000
"""The lowest priority that nobody asked for (nmstate.md 4.3)."""
LAST: Final = 32765
"""The last one before the kernel's own rule for the main table, behind which no rule is ever asked."""
_NUMBERS: Final = {word: number for number, word in ACTIONS.items()}


def is_wanted(entry: RuleEntry) -> bool:
    """Whether it asks for a rule: neither for its absence nor, being ignored, for nothing at all."""
    return entry.state not in (State.ABSENT, State.IGNORE)


def absent(config: Sequence[RuleEntry] | None) -> list[RuleEntry]:
    """The patterns a policy wants no rule to match."""
    return [entry for entry in config or () if entry.state is State.ABSENT]


def stated(config: Sequence[RuleEntry] | None) -> list[Rule]:
    """The rules a policy wants, each once. Every entry has a priority."""
    return list(dict.fromkeys(rule(entry) for entry in config or () if is_wanted(entry)))


def rule(entry: RuleEntry) -> Rule:
    """With every default filled in; 0 for a priority that is not stated. Raises ValueError for no network."""
    mark = entry.fwmark or 0
    return Rule(
        family=family(entry) or 4,
        priority=entry.priority if has_priority(entry) and entry.priority else 0,
        table=entry.route_table or (0 if entry.action else MAIN_TABLE),
        action=_NUMBERS[entry.action] if entry.action else TO_TABLE,
        source=_network(entry.ip_from),
        destination=_network(entry.ip_to),
        iif=entry.iif or "",
        fwmark=mark,
        fwmask=entry.fwmask if entry.fwmask is not None else EVERY_BIT if mark else 0,
        suppress_prefix_length=entry.suppress_prefix_length,
        protocol=STATIC,
    )


def has_priority(entry: RuleEntry) -> bool:
    """Whether somebody chose one; -1 is "any" (nmstate.md 4.3)."""
    return entry.priority is not None and entry.priority >= 0


def family(entry: RuleEntry) -> int | None:
    """4 or 6, as it says itself or as its addresses are; None when nothing tells."""
    if entry.family is not None:
        return int(entry.family[-1])
    text = entry.ip_from or entry.ip_to
    return (6 if ":" in text else 4) if text else None


def matches(pattern: RuleEntry, held: Rule) -> bool:
    """Whether an absent entry means this rule: what it does not state matches anything, "" only none."""
    return (
        family(pattern) in (None, held.family)
        and (pattern.ip_from is None or _network(pattern.ip_from) == held.source)
        and (pattern.ip_to is None or _network(pattern.ip_to) == held.destination)
        and (not has_priority(pattern) or pattern.priority == held.priority)
        and (not pattern.route_table or pattern.route_table == held.table)
        and pattern.fwmark in (None, held.fwmark)
        and pattern.fwmask in (None, held.fwmask)
        and pattern.iif in (None, held.iif)
        and (pattern.action is None or _NUMBERS[pattern.action] == held.action)
        and pattern.suppress_prefix_length in (None, held.suppress_prefix_length)
    )


def numbered(config: Sequence[RuleEntry], host: Host) -> tuple[RuleEntry, ...]:
    """`config` where every wanted rule has a priority: that of its like on the host, else one that is free.

    Chosen are numbers above all that are in use, from 30000, as nmstate does; where those end, the first that is free.
    """
    there = [each for each in host.rules if is_shown(each)]
    used = {each.priority for each in there} | {entry.priority for entry in config if entry.priority is not None}
    chosen: dict[Rule, int] = {}
    found = []
    for entry in config:
        if is_wanted(entry) and not has_priority(entry):
            wish = rule(entry)
            if wish not in chosen:
                like = next((each.priority for each in there if _without_number(each) == wish), None)
                chosen[wish] = like if like is not None else _free(used)
                used.add(chosen[wish])
            entry = replaced(entry, priority=chosen[wish])
        found.append(entry)
    return tuple(found)


def target(config: Sequence[RuleEntry] | None, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """`rules` with the policy's absent ones gone and its own added; the same object when nothing changes."""
    patterns, wanted = absent(config), stated(config)
    left = tuple(each for each in rules if not _is_doomed(each, patterns, wanted))
    present = {_ours(each) for each in left if is_shown(each)}
    new = [each for each in wanted if each not in present]
    return (*left, *new) if new or len(left) < len(rules) else rules


def differences(config: Sequence[RuleEntry] | None, host: Host) -> Iterator[str]:
    """What the policy says about rules and the host does not show."""
    patterns, wanted = absent(config), stated(config)
    if not patterns and not wanted:
        return
    present = {_ours(each) for each in host.rules if is_shown(each)}
    yield from (f"route-rules: {words(each)}: wanted, not found" for each in wanted if each not in present)
    for each in host.rules:
        if _is_doomed(each, patterns, wanted):
            yield f"route-rules: {words(each)}: wanted absent, found"


def words(rule: Rule) -> str:
    """As the plan says it."""
    return str(ops.AddRule(rule)).removeprefix("add rule ")


def _is_doomed(held: Rule, patterns: Iterable[RuleEntry], wanted: Collection[Rule]) -> bool:
    return is_config(held) and _ours(held) not in wanted and any(matches(each, held) for each in patterns)


def _ours(held: Rule) -> Rule:
    """As we would have made it: who made it does not count."""
    return held if held.protocol == STATIC else replace(held, protocol=STATIC)


def _without_number(held: Rule) -> Rule:
    return replace(held, protocol=STATIC, priority=0)


def _free(used: Collection[int]) -> int:
    """From the end downwards where nothing is left above, which takes thousands of rules."""
    after = max((each for each in used if FIRST <= each <= LAST), default=FIRST - 1) + 1
    if after <= LAST:
        return after
    return next(each for each in range(LAST, 0, -1) if each not in used)


def _network(text: str | None) -> str:
    """Canonical; "" for none and for a network that is everything, which the kernel keeps as none."""
    if not text:
        return ""
    found = network(text)
    return "" if found.endswith("/0") else found
