"""bond: linux/if_link.h IFLA_BOND_*, drivers/net/bonding/bond_options.c."""

from collections.abc import Mapping

from netkernel.link_kinds.base import Attr, Form, LinkKind, enumerated
from netkernel.typed import Final

KIND = LinkKind(
    name="bond",
    attrs={
        "mode": enumerated(
            1,
            Form.U8,
            "balance-rr",
            "active-backup",
            "balance-xor",
            "broadcast",
            "802.3ad",
            "balance-tlb",
            "balance-alb",
        ),
        "active_slave": Attr(2, Form.LINK, read_only=True),
        "miimon": Attr(3, Form.U32),
        "updelay": Attr(4, Form.U32),
        "downdelay": Attr(5, Form.U32),
        "use_carrier": Attr(6, Form.U8),
        "arp_interval": Attr(7, Form.U32),
        "arp_ip_target": Attr(8, Form.IPV4S),
        "arp_validate": enumerated(
            9, Form.U32, "none", "active", "backup", "all", "filter", "filter_active", "filter_backup"
        ),
        "arp_all_targets": enumerated(10, Form.U32, "any", "all"),
        "primary": Attr(11, Form.LINK),
        "primary_reselect": enumerated(12, Form.U8, "always", "better", "failure"),
        "fail_over_mac": enumerated(13, Form.U8, "none", "active", "follow"),
        "xmit_hash_policy": enumerated(
            14, Form.U8, "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"
        ),
        "resend_igmp": Attr(15, Form.U32),
        "num_peer_notif": Attr(16, Form.U8),
        "all_slaves_active": enumerated(17, Form.U8, "dropped", "delivered"),
        "min_links": Attr(18, Form.U32),
        "lp_interval": Attr(19, Form.U32),
        "packets_per_slave": Attr(20, Form.U32),
        "ad_lacp_rate": enumerated(21, Form.U8, "slow", "fast"),
        "ad_select": enumerated(22, Form.U8, "stable", "bandwidth", "count"),
        "ad_actor_sys_prio": Attr(24, Form.U16),
        "ad_user_port_key": Attr(25, Form.U16),
        "ad_actor_system": Attr(26, Form.MAC),
        "tlb_dynamic_lb": Attr(27, Form.U8),
        "peer_notif_delay": Attr(28, Form.U32),
        "ad_lacp_active": Attr(29, Form.U8),
        "missed_max": Attr(30, Form.U8),
        "ns_ip6_target": Attr(31, Form.IPV6S),
        "coupled_control": Attr(32, Form.U8),
        "broadcast_neighbor": Attr(33, Form.U8),
    },
    ports={
        "queue_id": Attr(5, Form.U16),
        "prio": Attr(9, Form.S32),
    },
    needs_down=frozenset(
        {"mode", "ad_select", "ad_lacp_rate", "ad_lacp_active", "ad_user_port_key", "coupled_control", "tlb_dynamic_lb"}
    ),
    needs_no_ports=frozenset({"mode", "fail_over_mac"}),
    defaults={
        "mode": "balance-rr", "miimon": 0, "updelay": 0, "downdelay": 0, "peer_notif_delay": 0, "use_carrier": 1,
        "arp_interval": 0, "arp_ip_target": (), "ns_ip6_target": (), "arp_validate": "none", "arp_all_targets": "any",
        "primary_reselect": "always", "fail_over_mac": "none", "xmit_hash_policy": "layer2", "resend_igmp": 1,
        "num_peer_notif": 1, "all_slaves_active": "dropped", "min_links": 0, "lp_interval": 1, "packets_per_slave": 1,
        "ad_lacp_rate": "slow", "ad_lacp_active": 1, "ad_select": "stable", "tlb_dynamic_lb": 1, "missed_max": 2,
        "coupled_control": 1, "broadcast_neighbor": 0,
    },
    mtus=(68, 65535),
    port_defaults={"queue_id": 0, "prio": 0},
)  # fmt: skip

_ARP = frozenset({"balance-rr", "active-backup", "balance-xor", "broadcast"})
_PRIMARY = frozenset({"active-backup", "balance-tlb", "balance-alb"})
_LACP = frozenset({"802.3ad"})
_BALANCING = frozenset({"balance-tlb", "balance-alb"})
MODES: Final[Mapping[str, frozenset[str]]] = {
    "arp_interval": _ARP,
    "arp_validate": _ARP,
    "missed_max": _ARP,
    "packets_per_slave": frozenset({"balance-rr"}),
    "primary": _PRIMARY,
    "active_slave": _PRIMARY,
    "ad_lacp_rate": _LACP,
    "ad_lacp_active": _LACP,
    "ad_actor_sys_prio": _LACP,
    "ad_user_port_key": _LACP,
    "ad_actor_system": _LACP,
    "coupled_control": _LACP,
    "broadcast_neighbor": _LACP,
    "tlb_dynamic_lb": _BALANCING,
}
"""The modes that take an option; options that are not here are taken in every mode (bond_options.c unsuppmodes)."""
REPORTED_IN_LACP_ONLY: Final = frozenset({"ad_actor_sys_prio", "ad_user_port_key", "ad_actor_system"})
"""Not in dumps of a bond in another mode (bond_netlink.c bond_fill_info)."""
MIIMON_BY_ITSELF: Final = frozenset({"802.3ad", "balance-tlb", "balance-alb"})
"""Modes that cannot do without: the driver sets miimon to 100 ms where nobody did (BOND_DEFAULT_MIIMON)."""
