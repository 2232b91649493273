"""Routes and the rules that choose between their tables (nmstate.md 4.2 and 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from nncp_agent.model.base import Model
from nncp_agent.model.words import U32, Family, LinkNameOrNone, RouteType, State
from nncp_agent.spelling import Canonical, ip_network, ip_or_empty


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

    aliases: ClassVar[Mapping[str, str]] = {
        "suppress_prefixlength": "suppress-prefix-length",
        "suppress-prefixlength": "suppress-prefix-length",
    }
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
