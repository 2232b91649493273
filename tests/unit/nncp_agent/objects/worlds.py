"""Policies, nodes and what they say, in short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netkernel.documents import Document
from nncp_agent.objects import conditions as c
from nncp_agent.objects.enactment import Told, enactment
from nncp_agent.objects.members import Member
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.slots import Slot, slot_name

ROWS: Mapping[str, c.Row] = {row.name.lower(): row for row in c.ROWS}
NOW = "2026-01-02T03:04:05Z"


def a_policy(**fields: Any) -> Policy:
    return Policy(**{"name": "bond1", "generation": 2, "desired": Document({}), **fields})


def nodes(count: int) -> list[Member]:
    return [Member(f"n{number}", {}) for number in range(count)]


def says(node: str, row: str, generation: int = 2, *, since: str = NOW, reason: str = "") -> dict[str, Any]:
    """An enactment of the node in a state of that name."""
    told = Told(row=ROWS[row], message="so it is", reason=reason)
    return enactment(node, "", a_policy(generation=generation), told, since)


def said(**rows: str) -> dict[str, Any]:
    """Enactments by node: `n0="failed"`; with the generation where it is another: `n0="failed 1"`."""
    made = {}
    for node, words in rows.items():
        row, _, generation = words.partition(" ")
        made[node] = says(node, row, int(generation or 2))
    return made


def holding(*nodes: str, generation: int = 2, aborted: bool = False) -> list[Slot]:
    return [Slot(slot_name("bond1", node), "bond1", node, generation, aborted) for node in nodes]
