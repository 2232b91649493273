"""ipvlan: linux/if_link.h IFLA_IPVLAN_*, drivers/net/ipvlan. Mode and flags belong to all ipvlans of one base."""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

PRIVATE: Final = 0x1
"""IPVLAN_F_PRIVATE: no traffic between the ipvlans of one base."""
VEPA: Final = 0x2
"""IPVLAN_F_VEPA: traffic between them goes through the switch outside."""

KIND = LinkKind(
    name="ipvlan",
    attrs={"mode": Attr(1, Form.U16, {0: "l2", 1: "l3", 2: "l3s"}), "flags": Attr(2, Form.U16)},
    fixed=frozenset({"link"}),
    mtus=(68, 65535),
    no_vlans=True,
    keeps_frames=True,
    numbered=True,
    passes_over=frozenset({"ipvlan"}),
    defaults={"mode": "l3", "flags": 0},
)
