"""The catalogue of interface kinds. Adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netkernel.records import Link
from nncp_agent.kinds import unknown
from nncp_agent.kinds.base import Kind
from nncp_agent.kinds.bond import Bond
from nncp_agent.kinds.dummy import Dummy
from nncp_agent.kinds.ethernet import Ethernet
from nncp_agent.kinds.linux_bridge import LinuxBridge
from nncp_agent.kinds.loopback import Loopback
from nncp_agent.kinds.veth import Veth
from nncp_agent.kinds.vlan import Vlan

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (Bond(), Dummy(), Ethernet(), LinuxBridge(), Loopback(), Veth(), Vlan())
}
"""By nmstate's `type` word."""

_ETHER, _LOOPBACK = 1, 772
"""ARPHRD_* of linux/if_arp.h."""
_BARE: Final[Mapping[int, Kind]] = {_ETHER: KINDS["ethernet"], _LOOPBACK: KINDS["loopback"]}
_BY_KERNEL_WORD: Final[Mapping[str, Kind]] = {word: kind for kind in KINDS.values() for word in kind.link_kinds if word}


def by_link(link: Link) -> Kind:
    """The kind of a link the kernel has; `unknown` under the kernel's word for what no policy manages."""
    if link.kind:
        return _BY_KERNEL_WORD.get(link.kind) or unknown.called(link.kind)
    return _BARE.get(link.type) or unknown.called("infiniband" if link.type == 32 else "")


__all__ = ["KINDS", "Kind", "by_link"]
