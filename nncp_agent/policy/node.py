"""What a node says of itself: its name, labels and annotations, from a file or from a Node of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from netkernel.frozen import Frozen, replace
from nncp_agent.errors import Problem
from nncp_agent.policy.lexer import Faulty
from nncp_agent.policy.parser import Path

NOTHING: Final[Mapping[str, str]] = {}
_KEYS: Final = ("name", "labels", "annotations", "checks")


class Node(Frozen):
    """The node a policy is applied to. `checks` are as a policy's `spec.checks`, as they were written."""

    name: str
    labels: Mapping[str, str] = NOTHING
    annotations: Mapping[str, str] = NOTHING
    checks: Any = None

    def value(self, path: Path) -> str:
        """What `node.name`, `node.labels.KEY` or `node.annotations.KEY` is. Raises Faulty."""
        if path.keys == ("name",):
            return self.name
        group, key = path.keys
        known = self.labels if group == "labels" else self.annotations
        if key in known:
            return known[key]
        word = group.removesuffix("s")
        close = get_close_matches(key[:64], known, n=1)
        guess = f"did you mean '{close[0]}'?" if close else 'give it one, or say | default "…" in the template'
        raise Faulty(f"this node ({self.name}) has no {word} '{key}'; {guess}", path.places[1])

    def also(self, name: str | None, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Node:
        """The node with some of it said otherwise."""
        return replace(
            self,
            name=name or self.name,
            labels={**self.labels, **labels},
            annotations={**self.annotations, **annotations},
        )


def of_document(value: Any, name: str, source: str = "") -> tuple[Node, list[Problem]]:
    """The node of `{name, labels, annotations}`, or of a Kubernetes Node; `name` where it states none.

    Also everything that is wrong with it.
    """
    problems: list[Problem] = []
    checks = value.get("checks") if isinstance(value, Mapping) else None
    if isinstance(value, Mapping) and (value.get("kind") == "Node" or "metadata" in value):
        metadata = value.get("metadata")
        value = {key: metadata[key] for key in _KEYS if key in metadata} if isinstance(metadata, Mapping) else metadata
    if not isinstance(value, Mapping):
        return Node(name), [Problem("", "wanted a mapping with name, labels and annotations", source)]
    problems += [
        Problem(str(key), f"unknown key; wanted one of {', '.join(_KEYS)}", source) for key in value if key not in _KEYS
    ]
    own = value.get("name")
    if own is not None and not isinstance(own, str):
        problems.append(Problem("name", "wanted text", source))
    labels, annotations = (_words(value.get(key), key, source, problems) for key in ("labels", "annotations"))
    return Node(own if isinstance(own, str) and own else name, labels, annotations, checks), problems


def _words(value: Any, key: str, source: str, problems: list[Problem]) -> dict[str, str]:
    """Text by text; numbers and flags as they are written in YAML."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or any(isinstance(each, Mapping | list) for each in value.values()):
        problems.append(Problem(key, "wanted a mapping of text to text", source))
        return {}
    return {str(name): _word(each) for name, each in value.items()}


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
