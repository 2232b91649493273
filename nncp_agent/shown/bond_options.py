"""Every bond option: what the kernel calls it, and which mode takes it, shows it, heeds it.

Which mode shows what: nmstate.md 3.1; which takes what: observed on real kernels (kernel-facts.md 1).
"""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.records import Value
from netkernel.typed import Final

RR, AB, XOR, BROADCAST, AD, TLB, ALB = (
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
)  # fmt: skip
MODES: Final = (RR, AB, XOR, BROADCAST, AD, TLB, ALB)
ALL: Final = frozenset(MODES)
ARP: Final = frozenset({RR, AB, XOR, BROADCAST})
ACTIVE_PORT: Final = frozenset({AB, TLB, ALB})
LACP: Final = frozenset({AD})


class Option(Frozen):
    """One option: the kernel's attribute, the modes that take it, show it and heed it, the kernel's default."""

    attr: str
    default: Value
    taken: frozenset[str] = ALL
    shown: frozenset[str] = ALL
    heeded: frozenset[str] = ALL


OPTIONS: Final[dict[str, Option]] = {
    "ad_actor_sys_prio": Option("ad_actor_sys_prio", 65535, LACP, LACP),
    "ad_actor_system": Option("ad_actor_system", "00:00:00:00:00:00", LACP, LACP),
    "ad_select": Option("ad_select", "stable", ALL, LACP, LACP),
    "ad_user_port_key": Option("ad_user_port_key", 0, LACP, LACP),
    "all_slaves_active": Option("all_slaves_active", "dropped"),
    "arp_all_targets": Option("arp_all_targets", "any", heeded=ARP),
    "arp_interval": Option("arp_interval", 0, ARP),
    "arp_ip_target": Option("arp_ip_target", (), heeded=ARP),
    "arp_missed_max": Option("missed_max", 2, ARP, ARP),
    "arp_validate": Option("arp_validate", "none", ARP),
    "downdelay": Option("downdelay", 0),
    "fail_over_mac": Option("fail_over_mac", "none", ALL, frozenset({AB}), frozenset({AB})),
    "lacp_rate": Option("ad_lacp_rate", "slow", LACP, LACP),
    "lp_interval": Option("lp_interval", 1, heeded=frozenset({TLB, ALB})),
    "miimon": Option("miimon", 0),
    "min_links": Option("min_links", 0, heeded=LACP),
    "num_grat_arp": Option("num_peer_notif", 1, ALL, frozenset({AB}), frozenset({AB})),
    "packets_per_slave": Option("packets_per_slave", 1, frozenset({RR}), frozenset({RR})),
    "primary": Option("primary", "", ACTIVE_PORT, ACTIVE_PORT),
    "primary_reselect": Option("primary_reselect", "always", heeded=ACTIVE_PORT),
    "resend_igmp": Option("resend_igmp", 1, ALL, frozenset({RR, AB, TLB, ALB}), frozenset({RR, AB, TLB, ALB})),
    "tlb_dynamic_lb": Option("tlb_dynamic_lb", 1, frozenset({TLB, ALB}), frozenset({TLB, ALB})),
    "updelay": Option("updelay", 0),
    "use_carrier": Option("use_carrier", 1),
    "xmit_hash_policy": Option(
        "xmit_hash_policy", "layer2", ALL, frozenset({XOR, AD, TLB}), frozenset({XOR, AD, TLB})
    ),
}  # fmt: skip
"""By the policy's word, in the order `show` prints them."""
