"""unknown: links of kinds no policy of this version manages. They are shown with the kernel's word, and left alone."""

from __future__ import annotations

from functools import cache
from typing import Final

from nncp_agent.kinds.base import Kind


class Unknown(Kind):
    link_kinds = ()
    is_virtual = False
    managed = False

    def __init__(self, name: str = "unknown") -> None:
        self.name = name


WORDS: Final = {"macvlan": "mac-vlan", "macvtap": "mac-vtap", "openvswitch": "ovs-bridge"}
"""Where nmstate's word is not the kernel's in lower case."""


@cache
def called(kernel_word: str) -> Unknown:
    """The kind of a link with this IFLA_INFO_KIND."""
    word = kernel_word.lower()
    return Unknown(WORDS.get(word, word) or "unknown")
