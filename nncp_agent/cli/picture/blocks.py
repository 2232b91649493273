"""Parts of a picture with their places: boxes, frames around many of a sort, lines; and how parts are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

from netkernel.frozen import Frozen

Size = tuple[float, float]
"""Width and height, in pixels."""

GAP = 12.0
AISLE = 56.0
"""Between columns, for the lines."""
MARGIN = 12.0
"""Within a frame."""
SHAPE = 1.5
"""How wide a picture is for its height, if it can be chosen."""


class Box(Frozen):
    """An interface; x and y are its upper left corner, in pixels."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Frame(Frozen):
    """What holds many of a sort."""

    x: float
    y: float
    width: float
    height: float


class Line(Frozen):
    """From the right side of what carries to the left side of what stands on it, by all points between."""

    points: tuple[tuple[float, float], ...]


class Block(Frozen):
    """A part of the picture, from 0, 0 to its width and height."""

    width: float = 0.0
    height: float = 0.0
    boxes: tuple[Box, ...] = ()
    frames: tuple[Frame, ...] = ()
    lines: tuple[Line, ...] = ()

    def moved(self, x: float, y: float) -> Block:
        """The same elsewhere; only its contents move."""
        return Block(
            self.width,
            self.height,
            tuple(Box(each.name, each.x + x, each.y + y, each.width, each.height) for each in self.boxes),
            tuple(Frame(each.x + x, each.y + y, each.width, each.height) for each in self.frames),
            tuple(Line(tuple((px + x, py + y) for px, py in each.points)) for each in self.lines),
        )


def single(name: str, sizes: Mapping[str, Size]) -> Block:
    """One interface."""
    width, height = sizes[name]
    return Block(width, height, (Box(name, 0.0, 0.0, width, height),))


def grid(blocks: Sequence[Block]) -> Block:
    """Many of a sort in a frame, in their order from top to bottom, column after column."""
    wide = max(each.width for each in blocks) + GAP
    tall = sum(each.height + GAP for each in blocks)
    per = ceil(len(blocks) / max(1, round(sqrt(SHAPE * tall / wide))))
    put: list[Block] = []
    x, lowest = MARGIN, 0.0
    for first in range(0, len(blocks), per):
        column, y = blocks[first : first + per], MARGIN
        for block in column:
            put.append(block.moved(x, y))
            y += block.height + GAP
        x += max(block.width for block in column) + GAP
        lowest = max(lowest, y)
    width, height = x - GAP + MARGIN, lowest - GAP + MARGIN
    return together(put, width, height, frames=(Frame(0.0, 0.0, width, height),))


def shelved(blocks: Sequence[Block]) -> Block:
    """Blocks beside each other on shelves, so that the whole is about as wide as a page."""
    room = sum((each.width + AISLE) * (each.height + AISLE) for each in blocks)
    wide = max([sqrt(room * SHAPE), *(each.width for each in blocks)], default=0.0)
    x = y = tall = reached = 0.0
    put: list[Block] = []
    for block in blocks:
        if x and x + block.width > wide:
            x, y, tall = 0.0, y + tall + AISLE / 2, 0.0
        put.append(block.moved(x, y))
        reached = max(reached, x + block.width)
        x += block.width + AISLE
        tall = max(tall, block.height)
    return together(put, reached, y + tall)


def together(
    blocks: Sequence[Block],
    width: float,
    height: float,
    *,
    frames: tuple[Frame, ...] = (),
    lines: tuple[Line, ...] = (),
) -> Block:
    """Blocks where they stand, with frames under them and lines beside theirs."""
    return Block(
        width,
        height,
        tuple(box for each in blocks for box in each.boxes),
        frames + tuple(frame for each in blocks for frame in each.frames),
        tuple(line for each in blocks for line in each.lines) + lines,
    )
