"""What NICs are set to (nmstate.md 3.3 and 4.5): ethtool, speed and duplex, virtual functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from nncp_agent.model.base import Model
from nncp_agent.model.words import U32, Duplex, FeatureName, FecWord, Mac, VlanId, VlanProtocol, WakeWord


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

    aliases: ClassVar[Mapping[str, str]] = {"features": "feature"}
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
