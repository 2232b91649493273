"""veth pairs whose ends are born in different namespaces (linux/veth.h, drivers/net/veth.c)."""

from __future__ import annotations

from netkernel import tlv
from netkernel.codec.links import NEW
from netkernel.codec.shapes import HEADER, KIND, KIND_DATA, LINK_INFO, NAME
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.typed import Final

_ADDRESS, _MTU, _ALIAS, _NET_NS_FD = 1, 4, 20, 28
_PEER: Final = 1


def create(name: str, peer: str, namespace: int, *, mtu: int = 0, peer_address: str = "") -> Message:
    """`namespace` is an open descriptor of that of the peer; `mtu` is for both, 0 for the driver's default.

    The kernel chooses both indexes, that of the peer first.
    """
    common = tlv.u32(_MTU, mtu) if mtu else b""
    address = tlv.attribute(_ADDRESS, bytes.fromhex(peer_address.replace(":", ""))) if peer_address else b""
    there = [HEADER.pack(0, 0, 0, 0, 0), tlv.text(NAME, peer), tlv.u32(_NET_NS_FD, namespace), common, address]
    info = tlv.nest(LINK_INFO, tlv.attribute(KIND, b"veth"), tlv.nest(KIND_DATA, tlv.nest(_PEER, *there)))
    return Message(NEW, CREATE | EXCLUSIVE, HEADER.pack(0, 0, 0, 0, 0) + tlv.text(NAME, name) + common + info)


def set_alias(name: str, alias: str) -> Message:
    """For the send of the create message, in which the kernel takes no notice of an alias."""
    raw = alias.encode("utf-8", "surrogateescape")
    return Message(NEW, 0, HEADER.pack(0, 0, 0, 0, 0) + tlv.text(NAME, name) + tlv.attribute(_ALIAS, raw))
