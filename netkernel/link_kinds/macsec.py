"""macsec: linux/if_link.h IFLA_MACSEC_*, drivers/net/macsec.c (IEEE 802.1AE). Keys go by generic netlink, not here."""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

HEADER: Final = 16
"""Bytes that each frame takes along beside the integrity check value (macsec_extra_len)."""
ICV: Final = 16
"""Bytes of the integrity check value unless told otherwise (MACSEC_DEFAULT_ICV_LEN, linux/if_macsec.h)."""
TAG: Final = 4
"""Bytes less that a VLAN over it can carry: its frames leave no room for a tag (netif_reduces_vlan_mtu)."""
_SUITES: Final = {
    0x0080020001000001: "gcm-aes-128",  # what the kernel calls its default, by a slip that cannot be mended any more
    0x0080C20001000002: "gcm-aes-256",
    0x0080C20001000003: "gcm-aes-xpn-128",
    0x0080C20001000004: "gcm-aes-xpn-256",
}

KIND = LinkKind(
    name="macsec",
    attrs={
        "sci": Attr(1, Form.SCI),
        "port": Attr(1, Form.SCI_PORT, bit=2),  # read out of the SCI; said by itself, and never beside one
        "icv_len": Attr(3, Form.U8),
        "cipher_suite": Attr(4, Form.U64, _SUITES),
        "window": Attr(5, Form.U32),  # reported while replay_protect is on, which cannot be turned on without it
        "encoding_sa": Attr(6, Form.U8),
        "encrypt": Attr(7, Form.U8),
        "protect": Attr(8, Form.U8),
        "send_sci": Attr(9, Form.U8),
        "end_station": Attr(10, Form.U8),
        "scb": Attr(11, Form.U8),
        "replay_protect": Attr(12, Form.U8),
        "validation": Attr(13, Form.U8, {0: "disabled", 1: "check", 2: "strict"}),
        "offload": Attr(15, Form.U8, {0: "off", 1: "phy", 2: "mac"}, unsaid="off"),  # Linux 6.1 takes it silently
    },
    fixed=frozenset({"link", "sci", "port", "icv_len", "cipher_suite"}),
    mtus=(0, 65535),
    chooses_mtu=True,
    defaults={
        "icv_len": ICV, "cipher_suite": "gcm-aes-128", "encoding_sa": 0, "encrypt": 0, "protect": 1, "send_sci": 1,
        "end_station": 0, "scb": 0, "replay_protect": 0, "validation": "strict", "offload": "off",
    },
)  # fmt: skip
