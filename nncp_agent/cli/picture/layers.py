"""Where boxes stand in a layered drawing: in which column, in which order, how high. Numbers only.

The steps are Sugiyama's: columns by the longest way up, places for lines that pass a column, fewer crossings by
ordering each column after its neighbours, then heights as near to the neighbours as the order allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Below = Mapping[str, Sequence[str]]
"""For each name what it stands on."""

ROUNDS = 8
"""Sweeps over the columns; more than four change nothing one can see."""


def without_loops(below: Below) -> dict[str, list[str]]:
    """The same, without what would lead back to where one came from: two ends of a veth stand on each other."""
    kept: dict[str, list[str]] = {}
    for root in below:
        if root in kept:
            continue
        kept[root] = []
        way, pending = {root}, [(root, iter(below[root]))]
        while pending:
            name, rest = pending[-1]
            child = next(rest, None)
            if child is None:
                way.discard(name)
                pending.pop()
            elif child in below and child not in way:
                kept[name].append(child)
                if child not in kept:
                    kept[child] = []
                    way.add(child)
                    pending.append((child, iter(below[child])))
    return kept


def columns(below: Below) -> dict[str, int]:
    """For each name its column: 0 for what stands on nothing, else one more than the highest it stands on."""
    found: dict[str, int] = {}
    pending = list(below)
    while pending:
        name = pending[-1]
        missing = [each for each in below[name] if each not in found]
        if missing and name not in found:
            pending += missing
            continue
        pending.pop()
        found[name] = 1 + max((found[each] for each in below[name]), default=-1)
    return found


def ordered(rows: Sequence[Sequence[str]], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The columns with the names of each put in the order of those they are linked to in the column before or after."""
    near: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for one, other in links:
        near[one].append(other)
        near[other].append(one)
    out = [list(row) for row in rows]
    place = {name: float(at) for row in out for at, name in enumerate(row)}
    side = {name: number for number, row in enumerate(out) for name in row}
    for turn in range(ROUNDS):
        step = -1 if turn % 2 == 0 else 1
        for number in range(len(out)) if step == -1 else reversed(range(len(out))):
            row = out[number]
            row.sort(key=lambda name: _mean((place[x] for x in near[name] if side[x] == number + step), place[name]))
            place.update({name: float(at) for at, name in enumerate(row)})
    return out


def centres(
    rows: Sequence[Sequence[str]], links: Iterable[tuple[str, str]], height: Mapping[str, float], gap: float
) -> dict[str, float]:
    """How high the middle of each name stands: nothing overlaps in its column, all are near their neighbours."""
    near: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for one, other in links:
        near[one].append(other)
        near[other].append(one)
    found: dict[str, float] = {}
    for row in rows:
        found.update(_stacked(row, {name: 0.0 for name in row}, height, gap))
    for turn in range(ROUNDS):
        for row in rows if turn % 2 == 0 else list(reversed(rows)):
            wanted = {name: _mean((found[each] for each in near[name]), found[name]) for name in row}
            found.update(_stacked(row, wanted, height, gap))
    return found


def _stacked(
    row: Sequence[str], wanted: Mapping[str, float], height: Mapping[str, float], gap: float
) -> dict[str, float]:
    """The centres nearest to the wanted ones, by least squares, that keep the order and the distance.

    Less the room that all before it need, the centres must only not fall: that is isotonic regression, done by pooling
    neighbours that violate it.
    """
    offsets: list[float] = []
    room = 0.0
    for at, name in enumerate(row):
        room += (height[row[at - 1]] + height[name]) / 2 + gap if at else 0.0
        offsets.append(room)
    pools: list[tuple[float, int]] = []  # mean, how many
    for name, offset in zip(row, offsets, strict=True):
        mean, size = wanted[name] - offset, 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    return {name: mean + offset for name, mean, offset in zip(row, means, offsets, strict=True)}


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise
