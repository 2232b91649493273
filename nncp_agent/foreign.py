"""Which links belong to a pod or a VM, so that no port list unplugs them and nobody deletes them by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel import owner
from netkernel.records import Link
from nncp_agent.kinds import KINDS
from nncp_agent.model import NetworkState

TAPS = frozenset({"tun", "tap", "macvtap"})
"""IFLA_INFO_KIND of the links a VM's process holds open."""


def is_foreign(link: Link) -> bool:
    """Whether somebody other than a policy put this link here: a stamp, a tap, a veth into another namespace."""
    return is_a_guests(link) or peer_is_elsewhere(link)


def is_a_guests(link: Link) -> bool:
    """Whether a pod's or VM's owner says so, by a stamp or by holding it open; a veth may be this host's own uplink."""
    return link.kind in TAPS or owner.read(link.alias) is not None


def peer_is_elsewhere(link: Link) -> bool:
    """A veth whose other end lives in another namespace: for this host it is a NIC, and deleting it cuts a pod off."""
    return link.kind == "veth" and (link.netnsid is not None or not link.peer)


def named(state: NetworkState) -> Iterator[str]:
    """Every link a policy speaks of: its interfaces and the ports it lists. Those are the policy's, foreign or not."""
    for iface in state.interfaces or ():
        yield iface.name
        kind = KINDS.get(iface.type or "")
        if kind is not None:
            yield from kind.ports(iface) or ()
