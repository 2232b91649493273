"""One interface, and what all interfaces have (nmstate.md 2 and 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from nncp_agent.model.base import Model
from nncp_agent.model.hardware import Ethernet, Ethtool
from nncp_agent.model.words import (
    U32,
    U64,
    Absent,
    AddrGenMode,
    Identifier,
    Ip,
    Lifetime,
    LinkName,
    LinkNameOrNone,
    Mac,
    MptcpFlag,
    PciAddress,
    Privacy,
    State,
    Token,
    WaitIp,
)
from nncp_agent.spelling import Canonical, alt_name


class IpAddress(Model, frozen=True):
    aliases: ClassVar[Mapping[str, str]] = {
        "valid-left": "valid-life-time",
        "valid-lft": "valid-life-time",
        "preferred-left": "preferred-life-time",
        "preferred-lft": "preferred-life-time",
    }
    query_only = frozenset({"mptcp-flags", "dynamic", "flags"})
    hint = "a mapping like {ip: 192.0.2.1, prefix-length: 24}"

    ip: Ip
    prefix_length: Annotated[int, Meta(ge=0, le=128)]
    valid_life_time: Lifetime | None = None
    preferred_life_time: Lifetime | None = None
    flags: tuple[str, ...] | None = None  # query only, ours: what keeps it from being used (`shown.DETECTION`)


class IpStack(Model, frozen=True):
    """`ipv4` or `ipv6` of an interface (nmstate.md 4.1). Keys of one family only are refused by `ip` for the other."""

    later = frozenset({"forwarding", "prefix-route-metric"})

    enabled: bool | None = None
    address: tuple[IpAddress, ...] | None = None
    dhcp: bool | None = None
    autoconf: bool | None = None
    allow_extra_address: bool | None = None
    addr_gen_mode: AddrGenMode | None = None
    token: Token | None = None
    privacy: Privacy | None = None
    auto_dns: bool | None = None
    auto_gateway: bool | None = None
    auto_routes: bool | None = None
    auto_route_table_id: U32 | None = None
    auto_route_metric: U32 | None = None
    dhcp_client_id: str | None = None
    dhcp_duid: str | None = None
    dhcp_send_hostname: bool | None = None
    dhcp_custom_hostname: str | None = None


class Dispatch(Model, frozen=True):
    """`dispatch` of an interface: shell scripts, "" for none (nmstate.md 2)."""

    hint = "a mapping like {post-activation: echo up}"

    post_activation: str | None = None
    post_deactivation: str | None = None


class Mptcp(Model, frozen=True):
    """`mptcp` (nmstate.md 2): what each address of the interface is to MPTCP; nothing where the list is empty."""

    hint = "a mapping like {address-flags: [subflow]}"

    address_flags: tuple[MptcpFlag, ...] | None = None


class Lldp(Model, frozen=True):
    """`lldp` (nmstate.md 4.6): whether we listen to what neighbours say of themselves."""

    query_only = frozenset({"neighbors"})
    hint = "a mapping like {enabled: true}"

    enabled: bool | None = None


class AltName(Model, frozen=True):
    """One of the `alt-names` of an interface; those that are not in the list stay."""

    hint = "a mapping like {name: enp7s0f0}"

    name: Annotated[str, Canonical(alt_name), Meta(min_length=1, max_length=127)]
    state: Absent | None = None


class Interface(Model, frozen=True):
    """One interface: asked for, observed, or the one merged over the other. `config` is its kind's subtree.

    On the wire `config` stands under its kind's key (`link-aggregation`, `bridge`, `vlan`, …); `wire` moves it.
    """

    query_only = frozenset({"permanent-mac-address", "min-mtu", "max-mtu", "owner"})

    name: str
    type: str | None = None
    state: State | None = None
    profile_name: str | None = None
    description: str | None = None
    driver: str | None = None  # query only, but where `identifier` says so: a pattern
    identifier: Identifier | None = None
    alt_name: str | None = None  # a pattern
    pci_address: PciAddress | None = None
    alt_names: tuple[AltName, ...] | None = None
    mac_address: Mac | None = None  # upper case, as nmstate shows it; where `identifier` is another word, to be set
    permanent_mac_address: str | None = None  # query only
    mtu: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    min_mtu: U64 | None = None  # query only
    max_mtu: U64 | None = None  # query only
    wait_ip: WaitIp | None = None
    mptcp: Mptcp | None = None
    controller: LinkNameOrNone | None = None  # "" detaches
    accept_all_mac_addresses: bool | None = None
    copy_mac_from: LinkName | None = None
    ipv4: IpStack | None = None
    ipv6: IpStack | None = None
    lldp: Lldp | None = None
    ethtool: Ethtool | None = None
    dispatch: Dispatch | None = None
    ethernet: Ethernet | None = None
    owner: str | None = None  # query only, ours: the stamp of a link that CNI or a VM owns
    config: Model | None = None
