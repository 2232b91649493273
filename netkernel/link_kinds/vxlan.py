"""vxlan: linux/if_link.h IFLA_VXLAN_*, drivers/net/vxlan. Its base is an attribute of its own, not IFLA_LINK.

A remote or local address is in one of two attributes by its family; the one that is not set is not reported.
"""

from netkernel.link_kinds.base import Attr, Form, LinkKind, only
from netkernel.typed import Final

ROOM: Final = {4: 50, 6: 70}
"""Bytes of outer headers by address family (include/net/vxlan.h VXLAN_HEADROOM, VXLAN6_HEADROOM)."""

KIND = LinkKind(
    name="vxlan",
    attrs={
        "id": Attr(1, Form.U32),
        "remote": Attr(2, Form.IPV4),  # IFLA_VXLAN_GROUP: a unicast peer or a multicast group
        "link": Attr(3, Form.LINK),
        "local": Attr(4, Form.IPV4),
        "ttl": Attr(5, Form.U8),
        "tos": Attr(6, Form.U8),
        "learning": Attr(7, Form.U8),
        "ageing": Attr(8, Form.U32),
        "limit": Attr(9, Form.U32),
        "proxy": Attr(11, Form.U8),
        "rsc": Attr(12, Form.U8),
        "l2miss": Attr(13, Form.U8),
        "l3miss": Attr(14, Form.U8),
        "port": Attr(15, Form.U16_BE),
        "remote6": Attr(16, Form.IPV6),
        "local6": Attr(17, Form.IPV6),
    },
    fixed=frozenset({"id", "limit", "proxy", "rsc", "l2miss", "l3miss", "port"}),
    barriers={"local6": only(""), "remote6": only("")},  # the address family stays
    mtus=(68, 65535),
    identity=lambda attrs: (attrs.get("id"), attrs.get("port"), bool(attrs.get("remote6") or attrs.get("local6"))),
    defaults={
        "remote": "",
        "local": "",
        "remote6": "",
        "local6": "",
        "learning": 1,
        "ageing": 300,
        "port": 8472,
        "ttl": 0,
        "tos": 0,
        "limit": 0,
        "proxy": 0,
        "rsc": 0,
        "l2miss": 0,
        "l3miss": 0,
    },
)
