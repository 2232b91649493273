"""What a policy says about a linux-bridge (nmstate.md 3.2), and where the kernel keeps it (IFLA_BR_*)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from nncp_agent.model import U16, U32, U64, LinkName, Model, VlanId
from nncp_agent.spelling import Canonical, Numbered

Tag = Annotated[int, Meta(ge=1, le=4094)]
Centiseconds = Annotated[int, Meta(ge=0, le=2**32 - 1)]
GROUP_PREFIX: Final = "01:80:C2:00:00:0"


def group_address(text: str) -> str:
    """Where STP frames go: 01:80:C2:00:00:0X, X not 1, 2 or 3 (br_netlink.c, IEEE 802.1Q table 8-1)."""
    address = text.upper().replace("-", ":")
    if len(address) != 17 or not address.startswith(GROUP_PREFIX) or address[-1] not in "0456789ABCDEF":
        raise ValueError("a link-local group address like 01:80:C2:00:00:00, the last digit not 1, 2 or 3")
    return address


class Stp(Model, frozen=True):
    """Spanning tree; times in seconds."""

    enabled: bool | None = None
    forward_delay: Annotated[int, Meta(ge=2, le=30)] | None = None
    hello_time: Annotated[int, Meta(ge=1, le=10)] | None = None
    max_age: Annotated[int, Meta(ge=6, le=40)] | None = None
    priority: U16 | None = None


class BridgeOptions(Model, frozen=True):
    """`bridge.options`. Multicast intervals are in centiseconds, `mac-ageing-time` in seconds."""

    aliases: ClassVar[Mapping[str, str]] = {"group-forward-mask": "group-fwd-mask"}
    query_only = frozenset({"gc-timer", "hello-timer"})

    gc_timer: U64 | None = None  # query only
    group_addr: Annotated[str, Canonical(group_address)] | None = None
    group_fwd_mask: U16 | None = None
    hash_max: U32 | None = None
    hello_timer: U64 | None = None  # query only
    mac_ageing_time: Annotated[int, Meta(ge=0, le=(2**32 - 1) // 100)] | None = None
    multicast_last_member_count: U32 | None = None
    multicast_last_member_interval: Centiseconds | None = None
    multicast_membership_interval: Centiseconds | None = None
    multicast_querier: bool | None = None
    multicast_querier_interval: Centiseconds | None = None
    multicast_query_interval: Centiseconds | None = None
    multicast_query_response_interval: Centiseconds | None = None
    multicast_query_use_ifaddr: bool | None = None
    multicast_router: Annotated[Literal["disabled", "auto", "enabled"], Numbered()] | None = None
    multicast_snooping: bool | None = None
    multicast_startup_query_count: U32 | None = None
    multicast_startup_query_interval: Centiseconds | None = None
    stp: Stp | None = None
    vlan_default_pvid: VlanId | None = None
    vlan_protocol: Literal["802.1q", "802.1ad"] | None = None


class TagRange(Model, frozen=True):
    """VLANs `min` to `max`, both included."""

    hint = "a mapping like {min: 2, max: 4094}"

    min: Tag
    max: Tag


class TrunkTag(Model, frozen=True):
    """One VLAN or a range of them."""

    hint = "a mapping like {id: 93} or {id-range: {min: 2, max: 4094}}"

    id: Tag | None = None
    id_range: TagRange | None = None


class PortVlan(Model, frozen=True):
    """`vlan` of a bridge port. Empty, it clears what the port has."""

    enable_native: bool | None = None
    mode: Literal["trunk", "access"] | None = None
    tag: VlanId | None = None
    trunk_tags: tuple[TrunkTag, ...] | None = None


class BridgePort(Model, frozen=True):
    """One item of `bridge.port`."""

    hint = "a mapping like {name: eth1}"
    aliases: ClassVar[Mapping[str, str]] = {"profile-name": "name"}

    name: LinkName
    stp_hairpin_mode: bool | None = None
    stp_path_cost: Annotated[int, Meta(ge=1, le=65535)] | None = None
    stp_priority: Annotated[int, Meta(ge=0, le=63)] | None = None
    vlan: PortVlan | None = None


class BridgeConfig(Model, frozen=True):
    """`bridge` of an interface."""

    aliases: ClassVar[Mapping[str, str]] = {"ports": "port", "slaves": "port"}

    options: BridgeOptions | None = None
    port: tuple[BridgePort, ...] | None = None


NO_FILTERING: Final = PortVlan()
EVERY_TAG: Final = PortVlan(mode="trunk", trunk_tags=(TrunkTag(id_range=TagRange(min=2, max=4094)),))
"""What kubernetes-nmstate gives a port whose policy says nothing about VLANs (k8s-nmstate.md 2)."""
