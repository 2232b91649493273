"""What the readers of all kinds share."""

from __future__ import annotations

from collections.abc import Callable

from netkernel.host import Host
from netkernel.records import Link
from netkernel.typed import Any

Tree = dict[str, Any]
"""Plain values in nmstate's words and order: what is not stated is not there."""
Read = Callable[[Link, Host], Tree | None]
"""The subtree of one kind; None where the kernel has nothing to say about it."""


def unshared(value: Any) -> Any:
    """The same, of parts that nobody else has: interfaces that are alike share what is made of their settings."""
    if isinstance(value, dict):
        return {key: unshared(each) for key, each in value.items()}
    return [unshared(each) for each in value] if isinstance(value, list) else value


def stated(tree: Tree) -> Tree:
    """The keys with a value."""
    return {key: value for key, value in tree.items() if value is not None}
