"""linux-bridge: a switch in the kernel, with VLAN filtering by port (nmstate.md 3.2; net/bridge)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from netkernel.host import Host
from netkernel.records import Attrs, Link, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds import bridge_rules, bridge_vlans
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.kinds.bridge_config import (
    EVERY_TAG,
    NO_FILTERING,
    BridgeConfig,
    BridgeOptions,
    BridgePort,
    PortVlan,
    Stp,
)
from nncp_agent.model import Interface, Model, merge, stated
from nncp_agent.shown.bridge import ATTRS, FLAGS, INTERVALS, ROUTERS, STP_SECONDS, USUAL_PVID, pvid

_STP_ATTRS: Final = {"enabled": "stp_state", "priority": "priority"} | {word: word for word in STP_SECONDS}


class LinuxBridge(Kind):
    name = "linux-bridge"
    family = "bridge"
    link_kinds = ("bridge",)
    subtree = "bridge"
    Config = BridgeConfig
    takes_ports = True
    needs = (ETHERNET,)
    copies_mac = True
    probed = True

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Ports said twice, VLAN tags that contradict each other, a default PVID nobody filters by."""
        return bridge_rules.problems(iface, merged, self._before(iface, context))

    def ports(self, iface: Interface) -> tuple[str, ...] | None:
        """The names in `port`."""
        config = iface.config
        if not isinstance(config, BridgeConfig) or config.port is None:
            return None
        return tuple(each.name for each in config.port)

    def with_ports(self, config: Model | None, ports: Sequence[str]) -> Model | None:
        """`config` with exactly these ports, and what it says about those it keeps."""
        mine = config if isinstance(config, BridgeConfig) else BridgeConfig()
        said = {each.name: each for each in mine.port or ()}
        return replace(mine, port=tuple(said.get(name) or BridgePort(name=name) for name in ports))

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its ports by their new names."""
        if not isinstance(config, BridgeConfig) or config.port is None:
            return config
        return replace(config, port=tuple(replace(each, name=names.get(each.name, each.name)) for each in config.port))

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        if attr in _STP_ATTRS.values():
            word = next(word for word, each in _STP_ATTRS.items() if each == attr)
            return f"bridge.options.stp.{word.replace('_', '-')}"
        word = next((word for word, each in ATTRS.items() if each == attr), attr)
        return "bridge.port" if attr == "vlan_filtering" else f"bridge.options.{word.replace('_', '-')}"

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """Options key by key; the port list replaces, but what a port's entry does not state it keeps."""
        config = merge(desired, present)
        if not isinstance(desired, BridgeConfig) or not isinstance(present, BridgeConfig) or desired.port is None:
            return config
        assert isinstance(config, BridgeConfig)
        there = {each.name: each for each in present.port or ()}
        return replace(config, port=tuple(_merged_port(each, there.get(each.name)) for each in desired.port))

    def implied(self, config: Model) -> Model:
        """kubernetes-nmstate lets every VLAN through a port whose policy does not speak of VLANs (k8s-nmstate.md 2)."""
        if not isinstance(config, BridgeConfig) or config.port is None:
            return config
        ports = tuple(each if each.vlan is not None else replace(each, vlan=EVERY_TAG) for each in config.port)
        return replace(config, port=ports)

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated, the tables of the ports whose VLANs are stated, and filtering when any port needs it."""
        config, whole = iface.config, merged.config
        if not isinstance(config, BridgeConfig) or not isinstance(whole, BridgeConfig):
            return Wanted()
        before = self._before(iface, context)
        attrs = _attrs(config.options, before.attrs if before is not None else {})
        filtering = self._filtering(config, whole, before, context.before)
        if filtering is not None:
            attrs["vlan_filtering"] = int(filtering)
        ports = {each.name: _port_attrs(each) for each in config.port or ()}
        return Wanted(
            attrs=attrs,
            ports={name: port for name, port in ports.items() if port},
            vlans=_tables(config, before, context.before),
        )

    def normalise(self, config: Model) -> Model:
        """Ports in order of their names, tags joined, intervals in ticks every kernel can keep."""
        if not isinstance(config, BridgeConfig):
            return config
        options = config.options
        default = USUAL_PVID
        if options is not None:
            default = USUAL_PVID if options.vlan_default_pvid is None else options.vlan_default_pvid
            even = {word: value - value % 2 for word, value in stated(options).items() if word in INTERVALS}
            options = replace(options, gc_timer=None, hello_timer=None, **even)
        ports = config.port
        if ports is not None:
            ports = tuple(
                replace(each, vlan=bridge_vlans.normalise(each.vlan, default) if each.vlan is not None else None)
                for each in sorted(ports, key=lambda each: each.name)
            )
        return BridgeConfig(options=options, port=ports)

    def shown(self, tree: dict[str, Any]) -> dict[str, Any]:
        """`group-forward-mask` beside `group-fwd-mask`: nmstate prints both."""
        options = tree.get("options")
        if options and "group-fwd-mask" in options:
            options["group-forward-mask"] = options["group-fwd-mask"]
        return tree

    def _filtering(self, config: BridgeConfig, whole: BridgeConfig, before: Link | None, host: Host) -> bool | None:
        """On while any port filters, off when the last one stops; None leaves it."""
        if config.port is None:
            return None
        if any(_filters(each) for each in whole.port or ()):
            return True
        if any(each.vlan is not None for each in config.port):
            return False
        present = self.read(before, host) if before is not None else None
        filtered = isinstance(present, BridgeConfig) and any(each.vlan for each in present.port or ())
        return False if filtered else None


def _merged_port(desired: BridgePort, present: BridgePort | None) -> BridgePort:
    merged = merge(desired, present)
    # Tags of two authors mean nothing together: a stated `vlan` replaces the whole of it.
    return replace(merged, vlan=desired.vlan) if merged is not None and desired.vlan is not None else merged or desired


def _filters(port: BridgePort) -> bool:
    return port.vlan is not None and port.vlan != NO_FILTERING


def _attrs(options: BridgeOptions | None, before: Attrs) -> dict[str, Value]:
    attrs: dict[str, Value] = {}
    for word, value in stated(options).items() if options is not None else ():
        if word in FLAGS:
            attrs[FLAGS[word]] = int(value)
        elif word in INTERVALS:
            attr = INTERVALS[word]
            # Odd centiseconds come back one lower where a tick is 4 ms: that is as wanted as it gets.
            kept = value % 2 and before.get(attr) == value - 1
            attrs[attr] = value - 1 if kept else value
        elif word == "multicast_router":
            attrs["mcast_router"] = ROUTERS.index(value)
        elif word == "mac_ageing_time":
            attrs["ageing_time"] = value * 100
        elif word == "group_addr":
            attrs["group_addr"] = value.lower()
        elif word == "stp":
            attrs |= _stp_attrs(value, before)
        elif word in ATTRS:
            attrs[ATTRS[word]] = value
    return attrs


def _stp_attrs(stp: Stp, before: Attrs) -> dict[str, Value]:
    attrs: dict[str, Value] = {}
    for word, value in stated(stp).items():
        attrs[_STP_ATTRS[word]] = value * 100 if word in STP_SECONDS else int(value)
    delay = before.get("forward_delay")
    if stp.enabled and stp.forward_delay is None and isinstance(delay, int) and not before.get("stp_state"):
        # Without STP the kernel takes any delay, and clamps it when STP comes on (br_stp_set_enabled).
        low, high = STP_SECONDS["forward_delay"]
        if not low * 100 <= delay <= high * 100:
            attrs["forward_delay"] = min(max(delay, low * 100), high * 100)
    return attrs


def _port_attrs(port: BridgePort) -> Attrs:
    """What is stated of a port.

    Path costs: the kernel computes one from the speed until somebody writes it, and does not tell the one from the
    other (net/bridge/br_netlink.c). A port that joins is always told the one that is stated. A port that is there and
    has it is left alone, because what is shown can be asked for without a change; when its speed changes and with it
    the cost, the next plan writes it, for good.
    """
    attrs: dict[str, Value] = {}
    if port.stp_hairpin_mode is not None:
        attrs["hairpin"] = int(port.stp_hairpin_mode)
    if port.stp_path_cost is not None:
        attrs["cost"] = port.stp_path_cost
    if port.stp_priority is not None:
        attrs["priority"] = port.stp_priority
    return attrs


def _tables(config: BridgeConfig, before: Link | None, host: Host) -> Mapping[str, bridge_vlans.Table]:
    """Whole tables of the ports whose VLANs are stated, and of those that follow a new default PVID."""
    old = pvid(before)
    asked = config.options.vlan_default_pvid if config.options is not None else None
    new = old if asked is None else asked
    tables: dict[str, bridge_vlans.Table] = {}
    ports = set(host.ports(before.name)) if before is not None else set()
    if before is not None and new != old:
        tables = {
            name: bridge_vlans.moved(host.vlans.get(name, ()), old, new) for name in (*sorted(ports), before.name)
        }
    for port in config.port or ():
        if port.vlan is None:
            continue
        entries = tables.get(port.name, host.vlans.get(port.name, ())) if port.name in ports else None
        if entries is None or not _is_like(port.vlan, entries, new):
            tables[port.name] = bridge_vlans.table(port.vlan, new)
    return tables


def _is_like(vlan: PortVlan, entries: bridge_vlans.Table, default: int) -> bool:
    """Whether `show` would print these entries as `vlan`: then they stay, with whatever it cannot say."""
    seen, asked = bridge_vlans.read(entries, default), bridge_vlans.normalise(vlan, default)
    return seen is asked if seen is None or asked is None else merge(asked, seen) == seen
