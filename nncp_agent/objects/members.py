"""Nodes as the maths of rollouts and status needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netkernel.frozen import Frozen
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.selectors import matches


class Member(Frozen):
    """A node: `has_agent` when a daemon of ours belongs to it, `is_alive` when that was heard of lately."""

    name: str
    labels: Mapping[str, str]
    is_ready: bool = True
    has_agent: bool = True
    is_alive: bool = True


def member(node: Mapping[str, Any], *, has_agent: bool, is_alive: bool) -> Member:
    """What a Node object says."""
    metadata: Mapping[str, Any] = node.get("metadata") or {}
    conditions = (node.get("status") or {}).get("conditions") or ()
    return Member(
        name=str(metadata.get("name")),
        labels=metadata.get("labels") or {},
        is_ready=any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions),
        has_agent=has_agent,
        is_alive=is_alive,
    )


def meant(policy: Policy, members: Iterable[Member]) -> list[Member]:
    """Those that a policy speaks of and that have somebody to do it."""
    return [each for each in members if each.has_agent and matches(policy, each.name, each.labels)]
