"""Which capture needs which, and so which comes first; documents name them in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nncp_agent.policy.lexer import Faulty
from nncp_agent.policy.parser import Expression, Path


def ordered(expressions: Mapping[str, Expression]) -> list[str]:
    """Every capture after those it needs; those that need themselves, and what needs those, are left out."""
    waiting = {
        name: {path.name for path in needs(each) if path.name in expressions} for name, each in expressions.items()
    }
    above: dict[str, list[str]] = {}
    for name, below in waiting.items():
        for each in below:
            above.setdefault(each, []).append(name)
    ready = [name for name, below in waiting.items() if not below]
    found = []
    while ready:
        name = ready.pop()
        found.append(name)
        for each in above.get(name, ()):
            waiting[each].discard(name)
            if not waiting[each]:
                ready.append(each)
    return found


def needs(expression: Expression) -> Iterator[Path]:
    """The captures it speaks of."""
    for path in (expression.piped, expression.source, expression.value):
        if isinstance(path, Path) and path.owner == "capture":
            yield path


def circle(name: str, expressions: Mapping[str, Expression]) -> Faulty | None:
    """What is wrong with a capture that in the end needs itself; None for one that does not."""
    came_by: dict[str, str] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for path in needs(expressions[current]):
            if path.name == name:
                return Faulty(f"needs itself: {_way(name, current, came_by)}", next(needs(expressions[name])).at)
            if path.name in expressions and path.name not in came_by:
                came_by[path.name] = current
                waiting.append(path.name)
    return None


def _way(name: str, last: str, came_by: Mapping[str, str], most: int = 8) -> str:
    way = [last]
    while way[-1] != name:
        way.append(came_by[way[-1]])
    way.reverse()
    shown = [*way[:most], "…"] if len(way) > most else way
    return " needs ".join([*shown, name])
