"""unknown: links of kinds no policy of this version manages. They are shown with the kernel's word, and left alone."""

from __future__ import annotations

from functools import cache

from nncp_agent.kinds.base import Kind


class Unknown(Kind):
    link_kinds = ()
    is_virtual = False
    managed = False

    def __init__(self, name: str = "unknown") -> None:
        self.name = name


@cache
def called(type: str) -> Unknown:
    """The kind of the links that are shown as this type."""
    return Unknown(type)
