"""macvlan and macvtap: linux/if_link.h IFLA_MACVLAN_*, drivers/net/macvlan.c.

`mode` changes in place, except to and from passthru, which the driver refuses.
"""

from netkernel.link_kinds.base import Attr, Form, LinkKind, only
from netkernel.typed import Final

NOPROMISC: Final = 0x1
"""MACVLAN_FLAG_NOPROMISC: a passthru link leaves its base's promiscuity alone."""
TAP_QUEUE: Final = 500
"""Packets (TUN_READQ_SIZE of linux/if_tun.h): a macvtap's queue is what nobody has read out of its device file."""
_MODES: Final = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}


def _kind(name: str, queue: int) -> LinkKind:
    return LinkKind(
        name=name,
        attrs={"mode": Attr(1, Form.U32, _MODES), "flags": Attr(2, Form.U16), "bc_queue_len": Attr(7, Form.U32)},
        fixed=frozenset({"link"}),
        barriers={"mode": only("passthru")},
        mtus=(68, 0),
        keeps_frames=name == "macvtap",  # they are what its device file is read for
        passes_over=frozenset({"macvlan", "macvtap"}),
        queue=queue,
        defaults={"mode": "vepa", "flags": 0, "bc_queue_len": 1000},
    )


MACVLAN = _kind("macvlan", 1000)
MACVTAP = _kind("macvtap", TAP_QUEUE)
