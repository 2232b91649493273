"""What is wrong with a bridge by itself (nmstate.md 3.2; kernel-facts.md 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.kinds import bridge_vlans
from nncp_agent.kinds.bridge_config import NO_FILTERING, BridgeConfig, PortVlan
from nncp_agent.model import Interface


def problems(iface: Interface, merged: Interface, before: Link | None) -> Iterator[Problem]:
    """`before` is the bridge there is."""
    config, whole = iface.config, merged.config
    if not isinstance(config, BridgeConfig) or not isinstance(whole, BridgeConfig):
        return
    yield from _options(iface.name, config, whole, before)
    names = Counter(each.name for each in config.port or ())
    for name in (name for name, times in names.items() if times > 1):
        yield Problem(f"{iface.name}: bridge.port", f"found '{name}' twice, wanted each port once")
    if iface.name in names:
        yield Problem(f"{iface.name}: bridge.port", f"found '{iface.name}', the bridge itself, wanted other links")
    for port in config.port or ():
        if port.vlan is not None:
            yield from _vlan(f"{iface.name}: bridge.port[{port.name}].vlan", port.vlan)


def _options(name: str, config: BridgeConfig, whole: BridgeConfig, before: Link | None) -> Iterator[Problem]:
    options = config.options
    if options is None:
        return
    if options.group_fwd_mask is not None and options.group_fwd_mask & 7:
        yield Problem(
            f"{name}: bridge.options.group-fwd-mask",
            f"found {options.group_fwd_mask:#x}, wanted a mask without its lowest three bits: "
            "a bridge never forwards STP, pause and LACP frames",
        )
    pvid = options.vlan_default_pvid
    if pvid is None or pvid == 1 or any(each.vlan not in (None, NO_FILTERING) for each in whole.port or ()):
        return
    if before is None or before.attrs.get("vlan_default_pvid") != pvid:
        yield Problem(
            f"{name}: bridge.options.vlan-default-pvid",
            f"found {pvid}, wanted 1, or a port with a 'vlan' section: without one the bridge does not look at VLANs",
        )


def _vlan(path: str, vlan: PortVlan) -> Iterator[Problem]:
    if vlan == NO_FILTERING:
        return
    tags = vlan.trunk_tags or ()
    for position, tag in enumerate(tags):
        if (tag.id is None) == (tag.id_range is None):
            yield Problem(f"{path}.trunk-tags[{position}]", "wanted either 'id' or 'id-range'")
        elif tag.id_range is not None and tag.id_range.min > tag.id_range.max:
            found = f"{tag.id_range.min} to {tag.id_range.max}"
            yield Problem(f"{path}.trunk-tags[{position}].id-range", f"found {found}, wanted min not above max")
    if bridge_vlans.is_access(vlan):
        yield from _access(path, vlan)
    elif vlan.mode == "trunk":
        yield from _trunk(path, vlan)
    else:
        yield Problem(f"{path}.mode", "missing; wanted trunk or access")
    if (twice := bridge_vlans.overlap(vlan)) is not None:
        yield Problem(f"{path}.trunk-tags", f"found {twice} twice, wanted each VLAN once")


def _access(path: str, vlan: PortVlan) -> Iterator[Problem]:
    if not vlan.tag:
        yield Problem(f"{path}.tag", "missing; wanted the VLAN of the access port, 1 to 4094")
    if vlan.enable_native:
        yield Problem(f"{path}.enable-native", "found true in mode access, wanted mode trunk, or no enable-native")
    if vlan.trunk_tags:
        yield Problem(f"{path}.trunk-tags", "found tags in mode access, wanted mode trunk, or no trunk-tags")


def _trunk(path: str, vlan: PortVlan) -> Iterator[Problem]:
    if vlan.trunk_tags is None:
        yield Problem(f"{path}.trunk-tags", "missing; wanted the VLANs of the trunk, like [{id: 93}]")
    if vlan.tag and not vlan.enable_native:
        yield Problem(
            f"{path}.tag", f"found {vlan.tag} without enable-native, wanted enable-native: true, or mode access"
        )
    if vlan.enable_native and not vlan.tag:
        yield Problem(f"{path}.tag", "missing; wanted the VLAN of untagged frames, 1 to 4094")
