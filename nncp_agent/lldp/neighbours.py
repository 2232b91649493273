"""Which neighbours a link has, as a function of what was heard and of time (IEEE 802.1AB-2016, 9.2). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets import lldp

MOST: Final = 64
"""Of one link. Who makes neighbours up cannot fill our memory with them, nor drive those away that are known."""

Key = tuple[bytes, bytes]
"""Chassis and port, by which a neighbour is known (8.2, MSAP identifier)."""


class Neighbour(Frozen):
    """`packet` is all it said last, which holds until `until_s`."""

    packet: bytes
    until_s: float


Neighbours = Mapping[Key, Neighbour]
NONE: Final[Neighbours] = {}


def heard(known: Neighbours, packet: bytes, now_s: float) -> Neighbours:
    """The neighbours after this packet; what is no LLDP, and who is one too many, changes nothing."""
    try:
        said = lldp.parse(packet)
    except MalformedMessage:
        return known
    key = said[0].value, said[1].value
    known = aged(known, now_s)
    if not (ttl_s := lldp.ttl_s(said)):  # it takes its leave
        return {each: neighbour for each, neighbour in known.items() if each != key}
    if key not in known and len(known) >= MOST:
        return known
    return {**known, key: Neighbour(packet, now_s + ttl_s)}


def aged(known: Neighbours, now_s: float) -> Neighbours:
    """Those whose word still holds; the same object where all do."""
    if now_s < due_s(known):
        return known
    return {key: neighbour for key, neighbour in known.items() if now_s < neighbour.until_s}


def due_s(known: Neighbours) -> float:
    """When the first of them is to be forgotten."""
    return min((each.until_s for each in known.values()), default=math.inf)
