"""macsec: what a secure channel is called, and what its frames need beside what they carry (drivers/net/macsec.c)."""

from __future__ import annotations

import errno

from netkernel.link_kinds import macsec
from netkernel.records import Attrs, Value
from netkernel.simulation.world import World, number, refuse


def room(attrs: Attrs) -> int:
    """Bytes by which its MTU must stay below its base's (macsec_extra_len)."""
    return macsec.HEADER + (number(attrs.get("icv_len")) or macsec.ICV)


def named(attrs: Attrs) -> Attrs:
    """What its secure channel is called: after its MAC at birth and its port (macsec_newlink)."""
    if sci := str(attrs.get("sci") or ""):
        return {"sci": sci, "port": int(sci[-5:].replace(":", ""), 16)}
    port = number(attrs.get("port", 1))
    address = attrs.get("address")
    return {"port": port} | ({"sci": f"{address}:{port >> 8:02x}:{port & 255:02x}"} if address else {})


def check_birth(world: World, what: object, stated: Attrs, first_mac: Value | None) -> None:
    """Raises KernelRefused: EBUSY for a channel that its base has already. Its MAC is stated, or `first_mac`."""
    address = stated.get("address") or first_mac
    sci = named({**stated, **({"address": address} if address else {})}).get("sci")
    siblings = (world.links[each] for each in world.above(str(stated["link"])))
    if sci and sci in {each.attrs.get("sci") for each in siblings}:
        refuse(what, errno.EBUSY)
