"""macsec: linux/if_link.h IFLA_MACSEC_*, drivers/net/macsec.c (IEEE 802.1AE). Keys go by generic netlink, not here."""

from netkernel.link_kinds.base import Attr, Form, LinkKind

KIND = LinkKind(
    name="macsec",
    attrs={
        "sci": Attr(1, Form.MAC, read_only=True),  # its base's MAC, and the port in the last two bytes
        "port": Attr(2, Form.U16_BE),  # said at creation and never reported: it is in the SCI
        "icv_len": Attr(3, Form.U8),
        "encoding_sa": Attr(6, Form.U8),
        "encrypt": Attr(7, Form.U8),
        "protect": Attr(8, Form.U8),
        "send_sci": Attr(9, Form.U8),
        "end_station": Attr(10, Form.U8),
        "scb": Attr(11, Form.U8),
        "replay_protect": Attr(12, Form.U8),
        "validation": Attr(13, Form.U8, {0: "disabled", 1: "check", 2: "strict"}),
        "offload": Attr(15, Form.U8, {0: "off", 1: "phy", 2: "mac"}),
    },
    fixed=frozenset({"link", "port", "icv_len"}),
    defaults={"encrypt": 0, "protect": 1, "send_sci": 1, "validation": "strict", "offload": "off"},
)
