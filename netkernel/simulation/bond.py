"""Bonds: which options the driver takes when, and what becomes of ports (drivers/net/bonding/bond_{main,options}.c)."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from netkernel.frozen import replace
from netkernel.link_kinds import bond
from netkernel.link_kinds.bond import REPORTED_IN_LACP_ONLY
from netkernel.records import Attrs, Link, Value
from netkernel.simulation import device
from netkernel.simulation.world import NO_MAC, RANDOM, SET_BY_USER, STOLEN, World, number, refuse

DELAYS = ("updelay", "downdelay", "peer_notif_delay")
KERNELS_MIIMON = 100


def new_attrs(what: object, attrs: Attrs) -> dict[str, Value]:
    """All options of a bond created with `attrs`. Raises KernelRefused as `options`."""
    mode = str(attrs.get("mode", "balance-rr"))
    defaults = dict(bond.KIND.defaults)
    if mode in bond.MIIMON_BY_ITSELF:
        defaults["miimon"] = KERNELS_MIIMON
    if mode in bond.MODES["ad_actor_sys_prio"]:
        defaults |= {"ad_actor_sys_prio": 65535, "ad_user_port_key": 0, "ad_actor_system": NO_MAC}
    return _written(what, defaults | {"mode": mode}, {key: attrs[key] for key in attrs if key in bond.KIND.attrs})


def options(world: World, what: object, link: Link, new: Attrs) -> dict[str, Value]:
    """The options after `new` was written on a bond that exists.

    Raises KernelRefused: EBUSY (wants the bond down), ENOTEMPTY (wants it without ports), EACCES (not in this mode),
    EINVAL and EPERM where options exclude each other.
    """
    mode = str(new.get("mode", link.attrs.get("mode")))
    for key in new:
        _refuse_by_mode(what, key, mode)
        if key in bond.KIND.needs_no_ports and world.has_ports(link.name):
            refuse(what, errno.ENOTEMPTY, "unable to set option because the bond device has slaves")
        if key in bond.KIND.needs_down and link.up:
            refuse(what, errno.EBUSY, "unable to set option because the bond is up")
    before = {key: value for key, value in link.attrs.items() if key in bond.KIND.attrs}
    if "primary" in new:
        world.primaries[link.name] = str(new["primary"])
    after = _written(what, before, new)
    return _visible_primary(world, link.name, after)


def _written(what: object, before: Mapping[str, Value], new: Attrs) -> dict[str, Value]:
    """Options take effect one by one in the kernel's order: mode, miimon, delays, ARP monitoring, the rest."""
    if new.get("miimon") and new.get("arp_interval"):
        refuse(what, errno.EINVAL, "ARP monitoring cannot be used with MII monitoring")
    if new.get("miimon") and new.get("arp_validate", "none") != "none":
        refuse(what, errno.EINVAL, "ARP validating cannot be used with MII monitoring")
    after = dict(before)
    if "mode" in new:
        _change_mode(after, str(new["mode"]))
    mode = str(after.get("mode"))
    for key in new:
        _refuse_by_mode(what, key, mode)
    if "miimon" in new:
        _change_miimon(after, number(new["miimon"]))
    for key in DELAYS:
        if key in new:
            after[key] = _delay(what, number(new[key]), number(after.get("miimon")))
    if new.get("arp_interval"):
        after |= {"miimon": 0, **dict.fromkeys(DELAYS, 0)}
    return after | {key: value for key, value in new.items() if key not in ("mode", "miimon", *DELAYS)}


def _refuse_by_mode(what: object, key: str, mode: str) -> None:
    if mode not in bond.MODES.get(key, (mode,)):
        refuse(what, errno.EACCES, "option not supported in mode")


def _change_mode(options: dict[str, Value], mode: str) -> None:
    if options.get("mode") == mode:
        return
    options |= {"mode": mode, "arp_validate": "none"}
    if mode in bond.MIIMON_BY_ITSELF:
        options["arp_interval"] = 0
        options["miimon"] = options.get("miimon") or KERNELS_MIIMON
    for key in REPORTED_IN_LACP_ONLY:
        options.pop(key, None)  # what it was last told in this mode is kept, but we do not know it


def _change_miimon(options: dict[str, Value], miimon: int) -> None:
    """Delays are counted in ticks of miimon."""
    old = number(options.get("miimon"))
    for key in DELAYS:
        if old and miimon:
            options[key] = number(options.get(key)) // old * miimon
        elif not miimon:
            options[key] = 0
        else:
            options.pop(key, None)  # the ticks come back with miimon, and nobody saw them meanwhile
    options["miimon"] = miimon
    if miimon:
        options["arp_interval"] = 0


def _delay(what: object, wanted: int, miimon: int) -> int:
    if not miimon:
        refuse(what, errno.EPERM)
    return wanted // miimon * miimon


def _visible_primary(world: World, name: str, options: dict[str, Value]) -> dict[str, Value]:
    """The primary is kept by name and shown only while that link is a port."""
    if name not in world.primaries:
        return options
    primary = world.primaries[name]
    options["primary"] = primary if primary in world.ports(name) else ""
    return options


def enslave(world: World, what: object, port: str, name: str) -> None:
    """Put a link into a bond, which brings it up. Raises KernelRefused: EPERM for a link that is up, ENETDOWN."""
    link, controller = world.links[port], world.links[name]
    if port == name:
        refuse(what, errno.EPERM, "Cannot enslave bond to itself.")
    if link.up:
        refuse(what, errno.EPERM, "Device can not be enslaved while up")
    base = world.links.get(link.link)
    if link.kind == "vlan" and base is not None and not base.up and not link.attrs.get("loose_binding"):
        refuse(what, errno.ENETDOWN)
    first = not world.has_ports(name)
    world.came_with[port] = link.attrs.get("address"), link.attrs.get("mtu")
    is_its_ports = device.follows_its_port(controller.attrs) and controller.attrs.get("fail_over_mac") == "active"
    if first and (is_its_ports or controller.address_assigned in (None, RANDOM)):
        device.set_address(world, name, link.attrs.get("address"), STOLEN)
        if controller.address_assigned is None and controller.address != link.address:
            world.change(name, {}, ["address"])  # unless somebody wrote it, which nobody told
    controller = world.links[name]
    world.change(port, {"master": name})
    _set_port(world, port, dict(bond.KIND.port_defaults))
    if "mtu" in controller.attrs and controller.mtu != link.mtu:
        device.set_mtu(world, port, controller.mtu)
    if device.lends_its_mac(controller):
        device.set_address(world, port, controller.attrs.get("address"), SET_BY_USER)
    elif first and not is_its_ports and device.follows_its_port(controller.attrs):
        device.set_address(world, port, None, SET_BY_USER)  # with its carrier it becomes active, and gets the bond's
    elif controller.attrs.get("mode") in device.OWN_PORT_MACS:
        device.set_address(world, port, None if not first else link.attrs.get("address"), SET_BY_USER)
    device.set_up(world, what, port)
    world.change(name, _visible_primary(world, name, {}))


def release(world: World, port: str) -> None:
    """Take a link out of its bond: it is left down, with the MAC and MTU it came with where we saw it come."""
    name = world.links[port].master
    device.set_down(world, port)
    world.change(port, {"master": ""})
    _set_port(world, port, {})
    address, mtu = world.came_with.pop(port, (None, None))
    if name in world.links:
        controller = world.links[name]
        if controller.attrs.get("primary") == port:
            world.primaries.setdefault(name, port)
        world.change(name, _visible_primary(world, name, {}))
        if not world.has_ports(name):
            device.set_address(world, name, None, RANDOM)
        elif not device.lends_its_mac(controller):
            world.change(name, {}, ["address"])
    _come_back(world, port, address, mtu)


def _come_back(world: World, port: str, address: Value | None, mtu: Value | None) -> None:
    if address is None:
        world.change(port, {}, ["address"])
    else:
        device.set_address(world, port, address, SET_BY_USER)
    device.set_mtu(world, port, mtu)


def _set_port(world: World, port: str, options: dict[str, Value]) -> None:
    world.put(replace(world.links[port], port=options))
