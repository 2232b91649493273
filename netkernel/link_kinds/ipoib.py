"""ipoib: linux/if_link.h IFLA_IPOIB_*, drivers/infiniband/ulp/ipoib/ipoib_netlink.c. IP over InfiniBand (RFC 4391).

An adapter's port is there by itself and sits on nothing; a link of a partition sits on it and is made and deleted.
"""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

INFINIBAND: Final = 32
"""ARPHRD_INFINIBAND (linux/if_arp.h)."""
FULL_MEMBER: Final = 0x8000
"""The bit of a partition key that the driver sets in every key of a link it makes (ipoib_new_child_link)."""
LARGEST: Final = {"datagram": 4092, "connected": 65520}
"""Bytes: the largest MTU by mode (IPOIB_UD_MTU of the largest path, IPOIB_CM_MTU)."""

KIND = LinkKind(
    name="ipoib",
    attrs={
        "pkey": Attr(1, Form.U16),
        "mode": Attr(2, Form.U16, {0: "datagram", 1: "connected"}),
        "umcast": Attr(3, Form.U16),
    },
    fixed=frozenset({"link", "pkey"}),
    mtus=(68, 65520),
    type=INFINIBAND,
    defaults={"mode": "datagram", "umcast": 0},
)
