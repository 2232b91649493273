"""hsr: linux/if_link.h IFLA_HSR_*, net/hsr. Two ports carry everything twice (IEC 62439-3: HSR, PRP)."""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

TAG: Final = 6
"""Bytes (net/hsr/hsr_main.h HSR_HLEN)."""

KIND = LinkKind(
    name="hsr",
    attrs={
        "slave1": Attr(1, Form.LINK),
        "slave2": Attr(2, Form.LINK),
        "multicast_spec": Attr(4, Form.MAC_END, bit=3),  # not reported, but that address ends with it
        "supervision": Attr(4, Form.MAC, read_only=True),
        "version": Attr(6, Form.U8),
        "protocol": Attr(7, Form.U8, {0: "hsr", 1: "prp"}),
    },
    fixed=frozenset({"slave1", "slave2", "multicast_spec", "version", "protocol"}),
    untold=frozenset({"version"}),
    not_with=frozenset({"hsr", "vlan"}),
    mtus=(0, 1500),
    chooses_mtu=True,
    defaults={"multicast_spec": 0, "protocol": "hsr"},
)
