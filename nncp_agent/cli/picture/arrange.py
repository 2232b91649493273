"""Which interfaces make a block, and where each stands in it: groups, bundles of many of a sort, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from nncp_agent.cli.picture import blocks, layers

BELOW, ABOVE = 0, 1
MANY = 9
"""So many of a sort on one side of an interface are put in a frame, row by row, with one line for all."""
LONG = 6
"""What has as many members as others, but no more than this, and hangs on one line counts as one of a sort."""


def arrange(below: layers.Below, sizes: Mapping[str, blocks.Size]) -> blocks.Block:
    """The whole picture: each group of interfaces that have to do with each other in a block of its own.

    `below` says for each name what it stands on; `sizes` has all of its names.
    """
    firm = layers.without_loops(below)
    groups = sorted(_components(firm, list(firm)), key=lambda names: -len(names))
    alone = [names[0] for names in groups if len(names) == 1]
    put = [_grown(firm, names, sizes) for names in groups if len(names) > 1]
    if len(alone) >= MANY:
        put.append(blocks.grid([blocks.single(name, sizes) for name in alone]))
    else:
        put += [blocks.single(name, sizes) for name in alone]
    return blocks.shelved(put)


def _grown(below: layers.Below, names: Sequence[str], sizes: Mapping[str, blocks.Size]) -> blocks.Block:
    """One group. What hangs on an interface in large numbers is laid out for itself and takes part as one box."""
    parts = {name: blocks.single(name, sizes) for name in names}
    lower = {name: list(below[name]) for name in names}
    while found := _many(lower):
        hub, side, tails = found
        gone = {name for tail in tails for name in tail}
        framed = blocks.grid([_layered(lower, tail, parts) for tail in tails])
        bundle = "\n".join(sorted(gone))  # a name no interface has
        lower = {name: [each for each in lower[name] if each not in gone] for name in lower if name not in gone}
        lower[bundle] = [hub] if side == ABOVE else []
        lower[hub] += [bundle] if side == BELOW else []
        parts[bundle] = framed
    return _layered(lower, list(lower), parts)


def _many(below: layers.Below) -> tuple[str, int, list[list[str]]] | None:
    """Whoever has most of a sort on one side, which side that is, and them."""
    above = _above(below, list(below))
    degrees = [(len(near[name]), name, side) for name in below for side, near in ((BELOW, below), (ABOVE, above))]
    for degree, hub, side in sorted(degrees, reverse=True):
        if degree < MANY:
            return None
        tails = _tails(below, hub, (below, above)[side][hub])
        for count in range(1, LONG + 1):
            if len(alike := [tail for tail in tails if len(tail) == count]) >= MANY:
                return hub, side, alike
    return None


def _tails(below: layers.Below, hub: str, near: Sequence[str]) -> list[list[str]]:
    """The small groups that hang on `hub` by one line, from one of `near`, and on nothing else."""
    rest = {name: [each for each in below[name] if each != hub] for name in below if name != hub}
    found = []
    for group in _components(rest, list(rest)):
        touching = [name for name in group if hub in below[name] or name in below[hub]]
        if len(group) <= LONG and len(touching) == 1 and touching[0] in near:
            found.append(group)
    return found


def _layered(below: layers.Below, names: Sequence[str], parts: Mapping[str, blocks.Block]) -> blocks.Block:
    """Columns of blocks with lines between them. A line that passes a column has a place of its own there."""
    chosen = set(names)
    inner = {name: [each for each in below[name] if each in chosen] for name in names}
    column = layers.columns(inner)
    rows: list[list[str]] = [[] for _ in range(1 + max(column.values()))]
    for name in names:
        rows[column[name]].append(name)
    ways: list[list[str]] = []
    for name in names:
        for carrier in inner[name]:
            passed = [f"{carrier}\n{name}\n{at}" for at in range(column[carrier] + 1, column[name])]
            for at, place in enumerate(passed, column[carrier] + 1):
                rows[at].append(place)
            ways.append([carrier, *passed, name])
    steps = [(one, other) for way in ways for one, other in pairwise(way)]
    ordered = layers.ordered(rows, steps)
    size = {
        name: (parts[name].width, parts[name].height) if name in parts else (0.0, 0.0) for row in rows for name in row
    }
    middle = layers.centres(ordered, steps, {name: height for name, (_, height) in size.items()}, blocks.GAP)
    top = min(middle[name] - size[name][1] / 2 for name in middle)
    lefts, x = [], 0.0
    for row in ordered:
        lefts.append(x)
        x += max(size[name][0] for name in row) + blocks.AISLE
    spans = {
        name: (left, left + max(size[each][0] for each in row))
        for left, row in zip(lefts, ordered, strict=True)
        for name in row
    }
    put = [parts[name].moved(spans[name][0], middle[name] - size[name][1] / 2 - top) for name in names]
    height = max(middle[name] + size[name][1] / 2 for name in middle) - top
    lines = tuple(_line(way, spans, {name: at - top for name, at in middle.items()}, size) for way in ways)
    return blocks.together(put, x - blocks.AISLE, height, lines=lines)


def _line(
    way: Sequence[str],
    spans: Mapping[str, tuple[float, float]],
    middle: Mapping[str, float],
    size: Mapping[str, blocks.Size],
) -> blocks.Line:
    first, last = way[0], way[-1]
    points = [(spans[first][0] + size[first][0], middle[first])]
    if size[first][0] < spans[first][1] - spans[first][0]:
        points.append((spans[first][1], middle[first]))  # straight to where its column ends
    for name in way[1:-1]:
        points += [(spans[name][0], middle[name]), (spans[name][1], middle[name])]
    return blocks.Line((*points, (spans[last][0], middle[last])))


def _components(below: layers.Below, names: Sequence[str]) -> list[list[str]]:
    """The groups of names that have to do with each other, each in the order of `names`."""
    above = _above(below, names)
    chosen, seen = set(names), set[str]()
    groups: list[set[str]] = []
    for name in names:
        if name in seen:
            continue
        pending, group = [name], set[str]()
        while pending:
            each = pending.pop()
            if each in chosen and each not in group:
                group.add(each)
                pending += [*below[each], *above[each]]
        seen |= group
        groups.append(group)
    place = {name: at for at, name in enumerate(names)}
    return [sorted(group, key=place.__getitem__) for group in groups]


def _above(below: layers.Below, names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for each in below[name]:
            if each in found:
                found[each].append(name)
    return found
