"""What users write and read: network state in nmstate's words, as frozen values. `None` means "not stated"."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

U8 = Annotated[int, Meta(ge=0, le=255)]
U16 = Annotated[int, Meta(ge=0, le=65535)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Meta(ge=0, le=2**64 - 1)]
VlanId = Annotated[int, Meta(ge=0, le=4094)]


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything with a wire form. Keys are kebab-case as in nmstate; kinds rename fields where it is not."""


M = TypeVar("M", bound=msgspec.Struct)


def merge(desired: M | None, current: M | None) -> M | None:
    """`desired` over `current`: what is stated wins, models merge recursively, lists and scalars replace."""
    if desired is None or current is None or type(desired) is not type(current):
        return desired if desired is not None else current
    changes = {
        field: merge(value, getattr(current, field)) if isinstance(value, msgspec.Struct) else value
        for field, value in stated(desired).items()
    }
    return msgspec.structs.replace(current, **changes)


def stated(model: msgspec.Struct) -> dict[str, Any]:
    """What a model says, by field; the fields it does not state are left out."""
    return {field: value for field in model.__struct_fields__ if (value := getattr(model, field)) is not None}


class State(StrEnum):
    """`state` of an interface (nmstate.md 5.2); UNKNOWN is only ever shown."""

    UP = "up"
    DOWN = "down"
    ABSENT = "absent"
    IGNORE = "ignore"
    UNKNOWN = "unknown"


class IpAddress(Model, frozen=True):
    ip: str
    prefix_length: Annotated[int, Meta(ge=0, le=128)]
    valid_life_time: str | int | None = None
    preferred_life_time: str | int | None = None
    mptcp_flags: tuple[str, ...] | None = None  # query only


class IpStack(Model, frozen=True):
    """`ipv4` or `ipv6` of an interface (nmstate.md 4.1). Keys of one family only are refused by `ip` for the other."""

    enabled: bool | None = None
    address: tuple[IpAddress, ...] | None = None
    dhcp: bool | None = None
    autoconf: bool | None = None
    allow_extra_address: bool | None = None
    addr_gen_mode: str | None = None
    token: str | None = None
    auto_dns: bool | None = None
    auto_gateway: bool | None = None
    auto_routes: bool | None = None
    auto_route_table_id: U32 | None = None
    auto_route_metric: U32 | None = None
    dhcp_client_id: str | None = None
    dhcp_duid: str | None = None
    dhcp_send_hostname: bool | None = None
    dhcp_custom_hostname: str | None = None


class Interface(Model, frozen=True):
    """One interface: asked for, observed, or the one merged over the other. `config` is its kind's subtree.

    On the wire `config` stands under its kind's key (`link-aggregation`, `bridge`, `vlan`, …); `wire` moves it.
    """

    name: str
    type: str | None = None
    state: State | None = None
    profile_name: str | None = None
    description: str | None = None
    driver: str | None = None  # query only
    identifier: str | None = None  # name, mac-address
    mac_address: str | None = None  # upper case, as nmstate shows it
    permanent_mac_address: str | None = None  # query only
    mtu: U64 | None = None
    min_mtu: U64 | None = None  # query only
    max_mtu: U64 | None = None  # query only
    wait_ip: str | None = None
    controller: str | None = None  # "" detaches
    accept_all_mac_addresses: bool | None = None
    copy_mac_from: str | None = None
    ipv4: IpStack | None = None
    ipv6: IpStack | None = None
    owner: str | None = None  # query only, ours: the stamp of a link that CNI or a VM owns
    config: Model | None = None


class RouteEntry(Model, frozen=True):
    """One entry of `routes` (nmstate.md 4.2); with `state: absent` every missing field is a wildcard."""

    state: State | None = None
    destination: str | None = None
    next_hop_interface: str | None = None
    next_hop_address: str | None = None
    metric: int | None = None
    table_id: U32 | None = None
    weight: Annotated[int, Meta(ge=1, le=256)] | None = None
    route_type: str | None = None
    cwnd: U32 | None = None
    source: str | None = None


class Routes(Model, frozen=True):
    running: tuple[RouteEntry, ...] | None = None  # query only
    config: tuple[RouteEntry, ...] | None = None


class NetworkState(Model, frozen=True):
    """A whole document: what a policy asks for or what a host has."""

    description: str | None = None
    interfaces: tuple[Interface, ...] | None = None
    routes: Routes | None = None

    def interface(self, name: str) -> Interface | None:
        """The interface called `name`, or None."""
        return next((each for each in self.interfaces or () if each.name == name), None)
