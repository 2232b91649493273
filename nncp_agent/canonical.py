"""A document in canonical order and words, for people who compare files: nothing of it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from netkernel.documents import Document
from nncp_agent.policy import may_ask
from nncp_agent.wire.comparable import comparable

TOP: Final = (
    "apiVersion", "kind", "metadata", "spec", "nodeSelector", "maxUnavailable", "capture", "desired", "desiredState",
    "description", "hostname", "dns-resolver", "route-rules", "routes", "interfaces", "ovs-db", "ovn",
)  # fmt: skip
"""Keys around and in a state, in nmstate's order."""
_AROUND: Final = frozenset({"kind", "desired", "desiredState", "items"})
FIRST: Final = ("name", "type", "state", "enabled")
DEEPEST: Final = 64


def canonical(document: Document) -> Any:
    """The document with its keys in order; a state without templates in canonical words, too. Raises InvalidPolicy."""
    tree = document.value
    if (
        isinstance(tree, dict)
        and not {"kind", "desired", "desiredState", "items"} & tree.keys()
        and not may_ask([document])
    ):
        described = {"description": tree["description"]} if "description" in tree else {}
        tree = described | comparable([document])
    return ordered(tree, TOP)


def ordered(tree: Any, first: tuple[str, ...] = FIRST, depth: int = DEEPEST) -> Any:
    """The tree with those keys first that are in `first`, the others in order of the alphabet."""
    if isinstance(tree, Mapping) and depth:
        places = {key: place for place, key in enumerate(first)}
        keys = sorted(tree, key=lambda key: (places.get(key, len(places)), str(key)))
        return {key: ordered(tree[key], TOP if key in TOP[:9] else FIRST, depth - 1) for key in keys}
    if isinstance(tree, list | tuple) and depth:
        return [ordered(each, FIRST if first is TOP else first, depth - 1) for each in tree]
    return tree
