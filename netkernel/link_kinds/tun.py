"""tun: linux/if_link.h IFLA_TUN_*, drivers/net/tun.c. Who opens /dev/net/tun is given one, see `tun_device`.

Whether packets have a header before them (`pi`, `vnet_hdr`) is said anew by whoever opens it, so these are facts.
"""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

TUN: Final = "tun"
"""IP packets: no MAC, no frames."""
TAP: Final = "tap"
LARGEST_TAP: Final = 65521
"""Bytes: the largest MTU of a tap (tun_net_initialize)."""
TUN_QUEUE: Final = 500
"""Packets: the transmit queue of a tun (TUN_READQ_SIZE); a tap has Ethernet's."""

KIND = LinkKind(
    name="tun",
    attrs={
        "owner": Attr(1, Form.ID),
        "owning_group": Attr(2, Form.ID),  # `group` is IFLA_GROUP's
        "mode": Attr(3, Form.U8, {1: TUN, 2: TAP}),
        "pi": Attr(4, Form.U8, read_only=True),
        "vnet_hdr": Attr(5, Form.U8, read_only=True),
        "persist": Attr(6, Form.U8, read_only=True),
        "multi_queue": Attr(7, Form.U8),
    },
    fixed=frozenset({"mode", "multi_queue"}),
    irrevocable=frozenset({"owner", "owning_group"}),
    born=frozenset({"pi", "vnet_hdr"}),
    has_device=True,
    mtus=(68, 65535),
    defaults={"owner": "", "owning_group": "", "multi_queue": 0},
)
