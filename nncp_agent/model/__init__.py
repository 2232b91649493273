"""What users write and read: network state in nmstate's words, as frozen values. `None` means "not stated"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import cache, partial
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

from netkernel.ethtool import WAKE_WORDS
from nncp_agent.spelling import (
    Canonical,
    Words,
    alt_name,
    feature,
    ip_address,
    ip_network,
    ip_or_empty,
    ip_token,
    lifetime,
    link_name,
    link_reference,
    link_reference_or_none,
    mac_address,
    name_server,
    pci_address,
)

_ADDR_GEN_MODES = ("eui64", "stable-privacy", "other")
_PRIVACY = ("disabled", "prefer-public", "prefer-temporary")
_ROUTE_TYPES = ("blackhole", "unreachable", "prohibit")
_FAMILIES = ("ipv4", "ipv6")
_IDENTIFIERS = ("name", "mac-address", "pci-address", "driver", "alt-name")
_ABSENT = ("absent",)
_DUPLEX = ("full", "half")
_VLAN_PROTOCOLS = ("802.1q", "802.1ad")
_MPTCP_FLAGS = ("signal", "subflow", "backup", "fullmesh")
_WAIT_IP = ("any", "ipv4", "ipv6", "ipv4+ipv6")
_FEC = ("auto", "off", "rs", "baser", "llrs")

U8 = Annotated[int, Meta(ge=0, le=255)]
U16 = Annotated[int, Meta(ge=0, le=65535)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Meta(ge=0, le=2**64 - 1)]
VlanId = Annotated[int, Meta(ge=0, le=4094)]
NewName = Annotated[str, Canonical(link_name), Meta(min_length=1, max_length=15)]
"""The kernel's own name of a link."""
LinkName = Annotated[str, Canonical(link_reference), Meta(min_length=1, max_length=127)]
"""Whatever a link is called: its name, one of its alternative names, or what a policy calls it."""
LinkNameOrNone = Annotated[str, Canonical(link_reference_or_none), Meta(max_length=127)]
"""A link's name, or "" for no link (`controller`, `primary`)."""
Mac = Annotated[str, Canonical(mac_address), Meta(pattern="^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")]
PciAddress = Annotated[str, Canonical(pci_address)]
Ip = Annotated[str, Canonical(ip_address)]
Lifetime = Annotated[str, Canonical(lifetime, numbers=True), Meta(extra_json_schema={"type": ["string", "integer"]})]
"""`3600sec` or `forever`."""
Duplex = Annotated[str, Words(_DUPLEX), Meta(extra_json_schema={"enum": [*_DUPLEX]})]
VlanProtocol = Annotated[str, Words(_VLAN_PROTOCOLS), Meta(extra_json_schema={"enum": [*_VLAN_PROTOCOLS]})]
WaitIp = Annotated[str, Words(_WAIT_IP), Meta(extra_json_schema={"enum": [*_WAIT_IP]})]
FecWord = Annotated[str, Words(_FEC), Meta(extra_json_schema={"enum": [*_FEC]})]
WakeWord = Annotated[str, Words(WAKE_WORDS), Meta(extra_json_schema={"enum": [*WAKE_WORDS]})]
MptcpFlag = Annotated[str, Words(_MPTCP_FLAGS), Meta(extra_json_schema={"enum": [*_MPTCP_FLAGS]})]
FeatureName = Annotated[str, Canonical(feature)]
AddrGenMode = Annotated[str, Words(_ADDR_GEN_MODES), Meta(extra_json_schema={"enum": [*_ADDR_GEN_MODES]})]
Token = Annotated[str, Canonical(ip_token)]
Privacy = Annotated[str, Words(_PRIVACY), Meta(extra_json_schema={"enum": [*_PRIVACY]})]
RouteType = Annotated[str, Words(_ROUTE_TYPES), Meta(extra_json_schema={"enum": [*_ROUTE_TYPES]})]
Family = Annotated[str, Words(_FAMILIES), Meta(extra_json_schema={"enum": [*_FAMILIES]})]
Identifier = Annotated[str, Words(_IDENTIFIERS), Meta(extra_json_schema={"enum": [*_IDENTIFIERS]})]


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything with a wire form. Keys are kebab-case as in nmstate; kinds rename fields where it is not.

    `aliases`: other words users write for a key. `query_only`: keys that are shown and mean nothing when asked for.
    `later`: keys of nmstate's that this version does not do. `hint`: what to write instead of text where one of these
    is wanted.
    """

    aliases: ClassVar[Mapping[str, str]] = {}
    query_only: ClassVar[frozenset[str]] = frozenset()
    later: ClassVar[frozenset[str]] = frozenset()
    hint: ClassVar[str] = ""


M = TypeVar("M", bound=msgspec.Struct)
N = TypeVar("N", bound=Model)


def merge(desired: M | None, current: M | None) -> M | None:
    """`desired` over `current`: what is stated wins, models and mappings merge, lists and scalars replace."""
    if desired is None or current is None or type(desired) is not type(current):
        return desired if desired is not None else current
    return with_changes(
        current, {field: _over(value, getattr(current, field)) for field, value in stated(desired).items()}
    )


def with_changes(model: M, fields: Mapping[str, Any]) -> M:
    """`model` with these fields; itself where it has them already, as most have."""
    changes = {field: value for field, value in fields.items() if getattr(model, field) != value}
    return msgspec.structs.replace(model, **changes) if changes else model


def _over(value: Any, current: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return merge(value, current)
    return {**(current or {}), **value} if isinstance(value, dict) else value


def of_tree(kind: type[N], tree: Mapping[str, Any]) -> N:
    """A model of plain values that are known to be right (see `shown`); keys that are no fields are left out."""
    fields, values = _fields(kind), {}
    for key, value in tree.items():
        if key in fields:
            name, make = fields[key]
            values[name] = value if make is _as_it_is else make(value)
    return kind(**values)


@cache
def _fields(kind: type[Model]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """By key: the field, and what its values are made of."""
    return {each.encode_name: (each.name, _maker(each.type)) for each in msgspec.structs.fields(kind)}


def _maker(annotation: Any) -> Callable[[Any], Any]:
    if isinstance(annotation, type):
        if issubclass(annotation, Model):
            return partial(of_tree, annotation)
        # as calling the Enum, which costs what a whole small model does
        return {each.value: each for each in annotation}.__getitem__ if issubclass(annotation, Enum) else _as_it_is
    inner = [_maker(each) for each in get_args(annotation) if each is not Ellipsis]
    make = next((each for each in inner if each is not _as_it_is), _as_it_is)
    return (lambda items: tuple([make(each) for each in items])) if get_origin(annotation) is tuple else make


def _as_it_is(value: Any) -> Any:
    return value


def stated(model: msgspec.Struct) -> dict[str, Any]:
    """What a model says, by field; the fields it does not state are left out."""
    pairs = zip(model.__struct_fields__, msgspec.structs.astuple(model), strict=True)
    return {field: value for field, value in pairs if value is not None}


class State(StrEnum):
    """`state` of an interface (nmstate.md 5.2); UNKNOWN is only ever shown."""

    UP = "up"
    DOWN = "down"
    ABSENT = "absent"
    IGNORE = "ignore"
    UNKNOWN = "unknown"


class IpAddress(Model, frozen=True):
    aliases = {
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


class EthtoolPause(Model, frozen=True):
    rx: bool | None = None
    tx: bool | None = None
    autoneg: bool | None = None


class EthtoolCoalesce(Model, frozen=True):
    """When a NIC interrupts: after so many microseconds or frames."""

    adaptive_rx: bool | None = None
    adaptive_tx: bool | None = None
    pkt_rate_high: U32 | None = None
    pkt_rate_low: U32 | None = None
    rx_frames: U32 | None = None
    rx_frames_high: U32 | None = None
    rx_frames_irq: U32 | None = None
    rx_frames_low: U32 | None = None
    rx_usecs: U32 | None = None
    rx_usecs_high: U32 | None = None
    rx_usecs_irq: U32 | None = None
    rx_usecs_low: U32 | None = None
    sample_interval: U32 | None = None
    stats_block_usecs: U32 | None = None
    tx_frames: U32 | None = None
    tx_frames_high: U32 | None = None
    tx_frames_irq: U32 | None = None
    tx_frames_low: U32 | None = None
    tx_usecs: U32 | None = None
    tx_usecs_high: U32 | None = None
    tx_usecs_irq: U32 | None = None
    tx_usecs_low: U32 | None = None


class EthtoolRing(Model, frozen=True):
    """How many frames the rings hold."""

    query_only = frozenset({"rx-max", "rx-jumbo-max", "rx-mini-max", "tx-max"})

    rx: U32 | None = None
    rx_jumbo: U32 | None = None
    rx_mini: U32 | None = None
    tx: U32 | None = None


class EthtoolChannels(Model, frozen=True):
    """How many queues there are; ours, not nmstate's."""

    query_only = frozenset({"rx-max", "tx-max", "other-max", "combined-max"})

    rx: U32 | None = None
    tx: U32 | None = None
    other: U32 | None = None
    combined: U32 | None = None


class EthtoolFec(Model, frozen=True):
    """Forward error correction; ours, not nmstate's."""

    query_only = frozenset({"active"})
    hint = "a mapping like {encoding: [rs]}"

    encoding: tuple[FecWord, ...] | None = None


class EthtoolEee(Model, frozen=True):
    """Energy-efficient Ethernet; ours, not nmstate's. The timer is in microseconds."""

    query_only = frozenset({"active", "supported"})
    hint = "a mapping like {enabled: true, tx-lpi: true}"

    enabled: bool | None = None
    tx_lpi: bool | None = None
    tx_lpi_timer: U32 | None = None
    advertise: tuple[str, ...] | None = None


class EthtoolWakeOnLan(Model, frozen=True):
    """What wakes the machine; ours, not nmstate's. Nothing does where the list is empty."""

    query_only = frozenset({"supported"})
    hint = "a mapping like {modes: [magic]}"

    modes: tuple[WakeWord, ...] | None = None


class Ethtool(Model, frozen=True):
    """`ethtool` of an interface (nmstate.md 4.5); its keys are `netkernel.ethtool.SECTIONS`."""

    aliases = {"features": "feature"}
    hint = "a mapping like {ring: {rx: 512}, feature: {rx-gro: true}}"

    pause: EthtoolPause | None = None
    feature: Mapping[FeatureName, bool] | None = None
    coalesce: EthtoolCoalesce | None = None
    ring: EthtoolRing | None = None
    channels: EthtoolChannels | None = None
    fec: EthtoolFec | None = None
    eee: EthtoolEee | None = None
    wake_on_lan: EthtoolWakeOnLan | None = None


class VirtualFunction(Model, frozen=True):
    """One virtual function of a NIC; rates are in Mb/s, 0 for no limit."""

    query_only = frozenset({"iface-name"})
    hint = "a mapping like {id: 0, mac-address: 02:00:00:00:00:01}"

    id: Annotated[int, Meta(ge=0, le=65535)]
    mac_address: Mac | None = None
    spoof_check: bool | None = None
    trust: bool | None = None
    min_tx_rate: U32 | None = None
    max_tx_rate: U32 | None = None
    vlan_id: VlanId | None = None
    qos: Annotated[int, Meta(ge=0, le=7)] | None = None
    vlan_proto: VlanProtocol | None = None


class SrIov(Model, frozen=True):
    """`sr-iov` of a NIC: how many virtual functions it has, and what each may do."""

    hint = "a mapping like {total-vfs: 2}"

    drivers_autoprobe: bool | None = None
    total_vfs: Annotated[int, Meta(ge=0, le=65535)] | None = None
    vfs: tuple[VirtualFunction, ...] | None = None


class Ethernet(Model, frozen=True):
    """`ethernet` of a NIC (nmstate.md 3.3)."""

    hint = "a mapping like {auto-negotiation: false, speed: 1000, duplex: full}"

    auto_negotiation: bool | None = None
    speed: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None  # Mb/s
    duplex: Duplex | None = None
    advertise: tuple[str, ...] | None = None  # link modes that are negotiated about, as `ethtool` prints them
    sr_iov: SrIov | None = None


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
    state: Annotated[str, Words(_ABSENT), Meta(extra_json_schema={"enum": [*_ABSENT]})] | None = None


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


class RouteEntry(Model, frozen=True):
    """One entry of `routes` (nmstate.md 4.2); with `state: absent` every missing field is a wildcard."""

    later = frozenset({"vrf-name"})
    hint = "a mapping like {destination: 0.0.0.0/0, next-hop-address: 192.0.2.1, next-hop-interface: eth0}"

    state: State | None = None
    destination: Annotated[str, Canonical(ip_network)] | None = None
    next_hop_interface: LinkNameOrNone | None = None
    next_hop_address: Annotated[str, Canonical(ip_or_empty)] | None = None
    metric: Annotated[int, Meta(ge=-1, le=2**32 - 1)] | None = None
    table_id: U32 | None = None
    weight: Annotated[int, Meta(ge=1, le=256)] | None = None
    route_type: RouteType | None = None
    cwnd: Annotated[int, Meta(ge=1, le=2**32 - 1)] | None = None
    source: Annotated[str, Canonical(ip_or_empty)] | None = None
    initcwnd: U32 | None = None
    initrwnd: U32 | None = None
    mtu: Annotated[int, Meta(ge=1, le=65520)] | None = None  # the kernel makes more into this (net/ipv4/metrics.c)
    lock_mtu: bool | None = None
    quickack: bool | None = None
    advmss: Annotated[int, Meta(ge=1, le=65495)] | None = None  # as mtu


class Routes(Model, frozen=True):
    running: tuple[RouteEntry, ...] | None = None  # query only
    config: tuple[RouteEntry, ...] | None = None


class RuleEntry(Model, frozen=True):
    """One entry of `route-rules` (nmstate.md 4.3); with `state: absent` every missing field is a wildcard."""

    aliases = {"suppress_prefixlength": "suppress-prefix-length", "suppress-prefixlength": "suppress-prefix-length"}
    hint = "a mapping like {ip-from: 192.0.2.0/24, route-table: 100}"

    state: State | None = None
    family: Family | None = None
    ip_from: Annotated[str, Canonical(ip_network)] | None = None
    ip_to: Annotated[str, Canonical(ip_network)] | None = None
    priority: Annotated[int, Meta(ge=-1, le=2**32 - 1)] | None = None  # -1: any
    route_table: U32 | None = None  # 0: the main table
    fwmark: U32 | None = None  # written as 0x10
    fwmask: U32 | None = None
    action: RouteType | None = None
    iif: LinkNameOrNone | None = None
    suppress_prefix_length: Annotated[int, Meta(ge=0, le=128)] | None = None


class RouteRules(Model, frozen=True):
    config: tuple[RuleEntry, ...] | None = None


class Hostname(Model, frozen=True):
    """`hostname` (nmstate.md 4.4): the kernel's, and that of /etc/hostname, where "" is no file."""

    hint = "a mapping like {running: node1, config: node1.example.org}"

    running: str | None = None
    config: str | None = None


class DnsConfig(Model, frozen=True):
    """What is asked of name resolution: a list that is not stated stays, no list at all clears all (nmstate.md 4.4)."""

    hint = "a mapping like {server: [192.0.2.53], search: [example.org]}"

    server: tuple[Annotated[str, Canonical(name_server)], ...] | None = None
    search: tuple[str, ...] | None = None
    options: tuple[str, ...] | None = None


class DnsResolver(Model, frozen=True):
    """`dns-resolver` (nmstate.md 4.4)."""

    query_only = frozenset({"running"})
    hint = "a mapping with 'config'"

    running: DnsConfig | None = None  # query only
    config: DnsConfig | None = None


class NetworkState(Model, frozen=True):
    """A whole document: what a policy asks for or what a host has."""

    description: str | None = None
    interfaces: tuple[Interface, ...] | None = None
    routes: Routes | None = None
    route_rules: RouteRules | None = None
    hostname: Hostname | None = None
    dns_resolver: DnsResolver | None = None

    def interface(self, name: str) -> Interface | None:
        """The interface called `name`, or None."""
        return next((each for each in self.interfaces or () if each.name == name), None)
