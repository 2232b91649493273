"""What rules of nftables have dropped of the frames of a link, counted by the rules themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from netkernel.frozen import Frozen
from netkernel.nft_rules import Rule
from netkernel.nftables import BRIDGE, INET, Nftables
from netkernel.typed import Final

_WORDS: Final = {BRIDGE: "bridge", INET: "inet"}


class Dropped(Frozen):
    """One rule that drops. `table` is as nft(8) names it, with its family; `comment` what its maker said of it."""

    table: str
    chain: str
    comment: str
    packets: int


def dropped(door: Nftables, links: Collection[str], families: Collection[int] = (BRIDGE,)) -> list[Dropped]:
    """Of every rule that counts and drops, and is about one of `links`: by itself, or in a chain that one jumps to.

    Raises KernelRefused.
    """
    found = []
    for family, name in door.tables():
        if family in families:
            rules = door.rules(family, name)
            counted = _dropping(rules, links)
            table = f"{_WORDS.get(family, family)} {name}"
            found += [Dropped(table, each.chain, each.comment, each.packets or 0) for each in counted]
    return found


def _dropping(rules: Collection[Rule], links: Collection[str]) -> Iterator[Rule]:
    by_chain: dict[str, list[Rule]] = {}
    for rule in rules:
        by_chain.setdefault(rule.chain, []).append(rule)
    seen: set[str] = set()
    for rule in rules:
        if rule.input not in links and rule.output not in links:
            continue
        if rule.drops and rule.packets is not None:
            yield rule
        yield from _behind(rule.jumps_to, by_chain, seen)


def _behind(chain: str, by_chain: Mapping[str, Collection[Rule]], seen: set[str]) -> Iterator[Rule]:
    """Of a chain that is jumped to; each chain once, and no link's rules that is not meant."""
    if not chain or chain in seen:
        return
    seen.add(chain)
    for rule in by_chain.get(chain, ()):
        if rule.input or rule.output:
            continue
        if rule.drops and rule.packets is not None:
            yield rule
        yield from _behind(rule.jumps_to, by_chain, seen)
