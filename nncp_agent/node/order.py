"""Which policies come first: what one needs and another provides, then priority, then the name. Pure.

Policies that need each other (a bridge lists a bond, whose own policy names the bridge as its controller) are one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netkernel.frozen import Frozen
from nncp_agent.components import makes, related
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.sections.routes import is_wanted

_NOT_THERE = (State.ABSENT, State.IGNORE)


class Wanting(Frozen):
    """A policy among others."""

    name: str
    priority: int
    desired: NetworkState


def provides(desired: NetworkState) -> frozenset[str]:
    """The links it makes."""
    return frozenset(name for each in desired.interfaces or () if _is_up(each) for name in makes(each))


def needs(desired: NetworkState) -> frozenset[str]:
    """The links it speaks of and does not make: ports, bases, controllers, where routes leave, and NICs."""
    spoken_of = {name for each in desired.interfaces or () if each.state not in _NOT_THERE for name in related(each)}
    spoken_of |= {each.name for each in desired.interfaces or () if each.state not in _NOT_THERE}
    return frozenset((spoken_of | ways(desired)) - provides(desired))


def ways(desired: NetworkState) -> set[str]:
    """The links that its routes leave by."""
    config = (desired.routes.config if desired.routes else None) or ()
    return {each.next_hop_interface for each in config if is_wanted(each) and each.next_hop_interface}


def _is_up(interface: Interface) -> bool:
    return interface.state in (None, State.UP)


def steps(wanting: Iterable[Wanting]) -> tuple[tuple[str, ...], ...]:
    """The names in the order in which they are applied; several in one step need each other."""
    ranked = sorted(wanting, key=lambda each: (-each.priority, each.name))
    made_by: dict[str, list[str]] = {}
    for each in ranked:
        for link in provides(each.desired):
            made_by.setdefault(link, []).append(each.name)
    before = {
        each.name: {maker for link in needs(each.desired) for maker in made_by.get(link, ())} - {each.name}
        for each in ranked
    }
    return tuple(_placed([each.name for each in ranked], before))


def _placed(names: Sequence[str], before: Mapping[str, set[str]]) -> Iterable[tuple[str, ...]]:
    reachable = {name: _all_before(name, before) for name in names}
    left = list(names)
    while left:
        for name in left:
            circle = {other for other in reachable[name] if name in reachable[other]} | {name}
            if (reachable[name] - circle).isdisjoint(left):
                yield tuple(each for each in left if each in circle)
                left = [each for each in left if each not in circle]
                break


def _all_before(name: str, before: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        more = before[queue.pop()] - found
        found |= more
        queue += more
    return found
