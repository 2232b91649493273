"""What a policy says about a bond, and which option the kernel takes, and `show` prints, in which mode.

Ranges and words: drivers/net/bonding/bond_options.c; which mode shows what: nmstate.md 3.1; which takes what:
observed on real kernels (kernel-facts.md 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from netkernel.records import Value
from nncp_agent.model import U8, LinkName, LinkNameOrNone, Mac, Model
from nncp_agent.spelling import Canonical, Numbered, ipv4_list

Milliseconds = Annotated[int, Meta(ge=0, le=2**31 - 1)]
NUMBERED: Final = Numbered()

Mode = Annotated[
    Literal["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"],
    NUMBERED,
]
ArpValidate = Literal["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"]
HashPolicy = Literal["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"]


class BondOptions(Model, frozen=True, rename=None):
    """`link-aggregation.options`; names are the kernel's sysfs names."""

    aliases: ClassVar[Mapping[str, str]] = {"num_unsol_na": "num_grat_arp", "balance-slb": "balance_slb"}

    ad_actor_sys_prio: Annotated[int, Meta(ge=1, le=65535)] | None = None
    ad_actor_system: Mac | None = None
    ad_select: Annotated[Literal["stable", "bandwidth", "count"], NUMBERED] | None = None
    ad_user_port_key: Annotated[int, Meta(ge=0, le=1023)] | None = None
    all_slaves_active: Annotated[Literal["dropped", "delivered"], Numbered(flag=True)] | None = None
    arp_all_targets: Annotated[Literal["any", "all"], NUMBERED] | None = None
    arp_interval: Milliseconds | None = None
    arp_ip_target: Annotated[str, Canonical(ipv4_list)] | None = None
    arp_missed_max: Annotated[int, Meta(ge=1, le=255)] | None = None
    arp_validate: Annotated[ArpValidate, NUMBERED] | None = None
    balance_slb: bool | None = None
    downdelay: Milliseconds | None = None
    fail_over_mac: Annotated[Literal["none", "active", "follow"], NUMBERED] | None = None
    lacp_rate: Annotated[Literal["slow", "fast"], NUMBERED] | None = None
    lp_interval: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    miimon: Milliseconds | None = None
    min_links: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    num_grat_arp: U8 | None = None
    packets_per_slave: Annotated[int, Meta(ge=0, le=65535)] | None = None
    primary: LinkNameOrNone | None = None
    primary_reselect: Annotated[Literal["always", "better", "failure"], NUMBERED] | None = None
    resend_igmp: U8 | None = None
    tlb_dynamic_lb: bool | None = None
    updelay: Milliseconds | None = None
    use_carrier: bool | None = None
    xmit_hash_policy: Annotated[HashPolicy, NUMBERED] | None = None


class BondPort(Model, frozen=True):
    """One item of `ports-config`."""

    hint = "a mapping like {name: eth1, queue-id: 1}"

    name: LinkName
    priority: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    queue_id: Annotated[int, Meta(ge=0, le=65535)] | None = None


class BondConfig(Model, frozen=True):
    """`link-aggregation` of an interface. `port` and `slaves` are its older word and the one most manifests use."""

    aliases: ClassVar[Mapping[str, str]] = {"ports": "port", "slaves": "port"}

    mode: Mode | None = None
    options: BondOptions | None = None
    port: tuple[LinkName, ...] | None = None
    ports_config: tuple[BondPort, ...] | None = None


RR, AB, XOR, BROADCAST, AD, TLB, ALB = (
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
)  # fmt: skip
MODES: Final = (RR, AB, XOR, BROADCAST, AD, TLB, ALB)
ALL: Final = frozenset(MODES)
ARP: Final = frozenset({RR, AB, XOR, BROADCAST})
ACTIVE_PORT: Final = frozenset({AB, TLB, ALB})
LACP: Final = frozenset({AD})


class Option(Struct, frozen=True):
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
