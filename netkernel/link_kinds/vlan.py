"""vlan: linux/if_link.h IFLA_VLAN_*, linux/if_vlan.h VLAN_FLAG_*."""

from netkernel.link_kinds.base import Attr, Form, LinkKind

KIND = LinkKind(
    name="vlan",
    attrs={
        "id": Attr(1, Form.U16),
        "reorder_hdr": Attr(2, Form.BIT, bit=0x1),
        "gvrp": Attr(2, Form.BIT, bit=0x2),
        "loose_binding": Attr(2, Form.BIT, bit=0x4),
        "mvrp": Attr(2, Form.BIT, bit=0x8),
        "bridge_binding": Attr(2, Form.BIT, bit=0x10),
        "egress_qos": Attr(3, Form.PRIORITIES, bit=16),  # TC_PRIO_MAX of linux/pkt_sched.h
        "ingress_qos": Attr(4, Form.PRIORITIES, bit=8),  # the three bits of a tag
        "protocol": Attr(5, Form.U16_BE, {0x8100: "802.1q", 0x88A8: "802.1ad"}),
    },
    fixed=frozenset({"id", "protocol", "link"}),
    mtus=(0, 65535),
    identity=lambda attrs: (attrs.get("link"), attrs.get("id"), attrs.get("protocol")),
    defaults={
        "reorder_hdr": True,
        "gvrp": False,
        "loose_binding": False,
        "mvrp": False,
        "bridge_binding": False,
        "egress_qos": (),
        "ingress_qos": (),
        "protocol": "802.1q",
    },
)
