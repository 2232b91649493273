"""What a policy says about a bond. Ranges and words: drivers/net/bonding/bond_options.c."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

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
    aliases: ClassVar[Mapping[str, str]] = {"profile-name": "name"}

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
