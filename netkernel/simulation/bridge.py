"""Bridges: ports, VLAN tables and options (net/bridge/br_if.c, br_vlan.c, br_netlink.c)."""

from __future__ import annotations

import errno

from netkernel.frozen import replace
from netkernel.link_kinds import bridge
from netkernel.ops import AddVlans, DeleteVlans, SetPort
from netkernel.records import Attrs, Link, Value, VlanRange
from netkernel.simulation import device
from netkernel.simulation.world import NO_MAC, World, number, refuse
from netkernel.vlan_ranges import Ranges, absent, added, without

LAST_VLAN = 4094
DELAY_LIMITS = (200, 3000)
"""BR_MIN_FORWARD_DELAY and BR_MAX_FORWARD_DELAY in USER_HZ."""


def new_attrs(what: object, attrs: Attrs) -> dict[str, Value]:
    """All options of a bridge created with `attrs`. Raises KernelRefused as `options`."""
    return _written(what, dict(bridge.KIND.defaults), {key: attrs[key] for key in attrs if key in bridge.KIND.attrs})


def options(world: World, what: object, link: Link, new: Attrs) -> dict[str, Value]:
    """The options after `new`; a new default PVID changes the ports. Raises KernelRefused: EINVAL, ERANGE."""
    before = {key: value for key, value in link.attrs.items() if key in bridge.KIND.attrs}
    after = _written(what, before, new)
    old_pvid, pvid = before.get("vlan_default_pvid"), after.get("vlan_default_pvid")
    if old_pvid != pvid and isinstance(old_pvid, int) and isinstance(pvid, int):
        if pvid and link.address == NO_MAC:
            refuse(what, errno.EINVAL)  # br_fdb_add_local has no MAC to put into the new VLAN
        for name in (link.name, *world.ports(link.name)):
            _change_default(world, name, old_pvid, pvid)
    return after


def _written(what: object, before: dict[str, Value], new: Attrs) -> dict[str, Value]:
    after = before | dict(new)
    if "group_addr" not in new and before.get("group_addr") == _group(before):
        after["group_addr"] = _group(after)
    if number(new.get("group_fwd_mask")) & 7:
        refuse(what, errno.EINVAL)
    if after.get("stp_state"):
        after["stp_state"] = 1
        delay = number(after.get("forward_delay", DELAY_LIMITS[0]))
        low, high = DELAY_LIMITS
        if "forward_delay" in new and before.get("stp_state") and not low <= delay <= high:
            refuse(what, errno.ERANGE)
        if "forward_delay" in after:
            after["forward_delay"] = min(max(delay, low), high)
    return after


def _group(options: Attrs) -> str:
    """The group address until somebody writes it: that of provider bridges where S-VLANs are filtered (br_vlan.c)."""
    is_provider = options.get("vlan_filtering") and options.get("vlan_protocol") == "802.1ad"
    return "01:80:c2:00:00:08" if is_provider else "01:80:c2:00:00:00"


def _change_default(world: World, name: str, old: int, new: int) -> None:
    """Only where the old default is still in place and the new one is not in use: no conflict with what users set."""
    ranges = world.vlans.get(name, ())
    if old and not any(each.pvid and each.untagged and each.first == old for each in ranges):
        return
    if new and any(each.first <= new <= each.last for each in ranges):
        return
    ranges = without(ranges, old, old) if old else ranges
    world.vlans[name] = added(ranges, VlanRange(new, new, pvid=True, untagged=True)) if new else ranges
    world.touched.add(name)


def attach(world: World, what: object, port: str, name: str) -> None:
    """Raises KernelRefused: ELOOP, and EBUSY for what sits on the bridge."""
    link = world.links[port]
    if link.kind == "bridge":
        refuse(what, errno.ELOOP, "Can not enslave a bridge to a bridge")
    if link.link == name:
        refuse(what, errno.EBUSY)
    world.put(replace(world.change(port, {"master": name}), port=dict(bridge.KIND.port_defaults)))
    world.vlans[port] = default_table(world.links[name])
    device.refresh_bridge_mac(world, name, joined=port)
    device.refresh_bridge_mtu(world, name, joined=port)


def default_table(link: Link) -> Ranges:
    """What a port (and the bridge itself) has from the start."""
    pvid = number(link.attrs.get("vlan_default_pvid", 1))
    return (VlanRange(pvid, pvid, pvid=True, untagged=True),) if pvid else ()


def detach(world: World, port: str) -> None:
    """Take a port out; its VLANs and options, as far as attaching would not give them again, are named as lost."""
    link = world.links[port]
    name = link.master
    defaults = bridge.KIND.port_defaults
    changed = {key: value for key, value in link.port.items() if defaults.get(key, value) != value}
    if changed:
        world.lost.append(SetPort(port, "bridge", {key: defaults[key] for key in changed}, changed))
    default = default_table(world.links[name]) if name in world.links else ()
    world.lost += [DeleteVlans(port, each) for each in absent(world.vlans.get(port, ()), default)]
    world.put(replace(world.change(port, {"master": ""}), port={}))
    world.vlans.pop(port, None)
    if name in world.links:
        device.refresh_bridge_mac(world, name)
        device.refresh_bridge_mtu(world, name)


def add_vlans(world: World, op: AddVlans) -> None:
    """Raises KernelRefused: ENODEV, EINVAL also for a link that is no port."""
    _check(world, op)
    world.vlans[op.link] = added(world.vlans.get(op.link, ()), op.vlans)
    world.touched.add(op.link)


def delete_vlans(world: World, op: DeleteVlans) -> None:
    """Absent VLANs are no error. Raises KernelRefused as `add_vlans`."""
    _check(world, op)
    world.vlans[op.link] = without(world.vlans.get(op.link, ()), op.vlans.first, op.vlans.last)
    world.touched.add(op.link)


def _check(world: World, op: AddVlans | DeleteVlans) -> None:
    link = world.links.get(op.link) or refuse(op, errno.ENODEV)
    if link.kind != "bridge" and world.kind_of(link.master) != "bridge":
        refuse(op, errno.EINVAL, "bridge: The device is not a valid bridge or bridge port")
    if op.vlans.first < 1 or op.vlans.last > LAST_VLAN:
        refuse(op, errno.EINVAL, "bridge: Vlan id is invalid")
    if op.vlans.first > op.vlans.last:
        refuse(op, errno.EINVAL, "bridge: End vlan id is less than or equal to start vlan id")
    if op.vlans.pvid and op.vlans.first != op.vlans.last:
        refuse(op, errno.EINVAL, "bridge: Pvid isn't allowed in a range")
