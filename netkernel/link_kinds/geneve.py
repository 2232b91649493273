"""geneve: linux/if_link.h IFLA_GENEVE_*, drivers/net/geneve.c. It has no base; its frames go where the routes say."""

from netkernel.link_kinds.base import Attr, Form, LinkKind, only
from netkernel.typed import Final

ROOM: Final = {4: 50, 6: 70}
"""Bytes of outer headers by address family (GENEVE_IPV4_HLEN, GENEVE_IPV6_HLEN and the inner Ethernet header)."""
USUAL_PORT: Final = 6081
"""RFC 8926 section 3.3."""

_FIXED: Final = (
    "id", "port", "collect_metadata", "udp_csum", "udp_zero_csum6_tx", "udp_zero_csum6_rx", "inner_proto_inherit",
    "ttl_inherit",
)  # fmt: skip
"""The last could be changed, but not in one message with `ttl`, which is overheard then."""

KIND = LinkKind(
    name="geneve",
    attrs={
        "id": Attr(1, Form.U32),
        "remote": Attr(2, Form.IPV4),
        "ttl": Attr(3, Form.U8),
        "tos": Attr(4, Form.U8),
        "port": Attr(5, Form.U16_BE),
        "collect_metadata": Attr(6, Form.MARK),
        "remote6": Attr(7, Form.IPV6),
        "udp_csum": Attr(8, Form.U8),
        "udp_zero_csum6_tx": Attr(9, Form.U8),
        "udp_zero_csum6_rx": Attr(10, Form.U8),
        "label": Attr(11, Form.U32_BE),
        "ttl_inherit": Attr(12, Form.U8),
        "df": Attr(13, Form.U8, {0: "unset", 1: "set", 2: "inherit"}),
        "inner_proto_inherit": Attr(14, Form.MARK),
    },
    fixed=frozenset(_FIXED),
    barriers={"remote": only(""), "remote6": only("")},  # the address family stays
    mtus=(68, 65485),
    identity=lambda attrs: tuple(attrs.get(key) or "" for key in ("id", "port", "remote", "remote6")),
    rebinds=frozenset({"remote", "remote6"}),
    defaults={"remote": "", "remote6": "", "port": USUAL_PORT, "ttl": 0, "tos": 0, "label": 0, "df": "unset"},
)
