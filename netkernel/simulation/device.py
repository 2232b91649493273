"""What spreads from link to link: up and down, MACs, MTUs (net/core/dev.c, net/8021q/vlan.c, net/bridge/br_if.c)."""

from __future__ import annotations

import errno
from typing import Final

from netkernel import settings
from netkernel.frozen import replace
from netkernel.link_local import is_kernel_made
from netkernel.ops import SetLink
from netkernel.records import Attrs, Link, Value
from netkernel.simulation import ip, stacked, tun
from netkernel.simulation.world import ETHERNET_MTU, NO_MAC, RANDOM, SET_BY_USER, STOLEN, World, number, refuse

OWN_PORT_MACS: Final = frozenset({"balance-tlb", "balance-alb"})
"""Bond modes that leave each port a MAC of its own (bond_alb.c); which one has which is the driver's affair."""


def set_up(world: World, what: object, name: str) -> None:
    """Bring a link up, with the VLANs above it. Raises KernelRefused: ENETDOWN for a VLAN over a down base, or
    EADDRNOTAVAIL for one with a MAC of zeros, born on a bridge that had lost its last port (eth_validate_addr).
    """
    link = world.links[name]
    if link.up:
        return
    base = world.links.get(link.link)
    if link.kind == "vlan" and base is not None and not base.up and not link.attrs.get("loose_binding"):
        refuse(what, errno.ENETDOWN)
    if link.kind == "vlan" and link.address == NO_MAC:
        refuse(what, errno.EADDRNOTAVAIL)
    carrier = link.carrier or link.kind != "tun"  # as if every cable were plugged in; a tap's is a process
    world.put(replace(world.change(name, {"up": True}), carrier=carrier))
    if link.kind == "vlan" and base is not None:
        _catch_up_mac(world, name, base)
    ip.give_link_local(world, name)
    for vlan in world.vlans_above(name):
        if not vlan.up and not vlan.attrs.get("loose_binding") and vlan.address != NO_MAC:
            world.lifted.append(vlan.name)  # before those above it
            set_up(world, what, vlan.name)


def _catch_up_mac(world: World, name: str, base: Link) -> None:
    """A VLAN that was down while its base's MAC changed takes it now, unless it was given one of its own."""
    link = world.links[name]
    if name in world.stale_macs:
        world.stale_macs.discard(name)
        set_address(world, name, base.attrs.get("address"), STOLEN)
    elif link.address_assigned is None and link.attrs.get("address") != base.attrs.get("address"):
        world.change(name, {}, ["address"])  # whichever it is


def set_down(world: World, name: str) -> None:
    """Take a link down, with the VLANs above it (but loosely bound ones) and everything a down link loses."""
    if not world.links[name].up:
        return
    for vlan in world.vlans_above(name):
        if vlan.up and not vlan.attrs.get("loose_binding"):
            set_down(world, vlan.name)
            world.lost.append(SetLink(vlan.name, "vlan", {"up": False}, {"up": True}))
    world.put(replace(world.change(name, {"up": False}), carrier=False))
    ip.lose_on_down(world, name)


def set_address(world: World, name: str, address: Value | None, assigned: int) -> None:
    """Give a link a MAC (None: one we cannot know); those that follow it get theirs."""
    old = world.links[name].attrs.get("address")
    if address is None:
        address = world.draw_mac() if world.draw_mac else None
    link = world.change(
        name, {} if address is None else {"address": address}, () if address is not None else ["address"]
    )
    world.put(replace(link, address_assigned=assigned))
    if link.kind != "vlan" or assigned != STOLEN:  # a VLAN that follows its base does so without telling anybody
        ip.lose_neighbours(world, name)
    if old == address and address is not None:
        return
    for vlan in list(world.vlans_above(name)):
        if not _follows(vlan, old):
            continue
        if vlan.up:
            set_address(world, vlan.name, address, STOLEN)
        else:
            world.stale_macs.add(vlan.name)
    for above in stacked.address_changed(world, name):
        set_address(world, above, address, STOLEN)
    if link.kind == "bond" and lends_its_mac(link):
        for port in world.ports(name):
            set_address(world, port, address, SET_BY_USER)
    if world.kind_of(link.master) == "bridge":
        refresh_bridge_mac(world, link.master)


def lends_its_mac(bond: Link) -> bool:
    """Whether the bond's ports carry its MAC."""
    return not follows_its_port(bond.attrs) and bond.attrs.get("mode") not in OWN_PORT_MACS


def follows_its_port(options: Attrs) -> bool:
    """Whether a bond so set has its active port's MAC, answers OK to any other and ignores it, ports or none."""
    return options.get("mode") == "active-backup" and options.get("fail_over_mac", "none") != "none"


def _follows(vlan: Link, old: Value | None) -> bool:
    """A VLAN that was never given a MAC has its base's; where nobody knows, being equal decides."""
    if vlan.address_assigned is not None:
        return vlan.address_assigned == STOLEN
    return vlan.attrs.get("address") == old


def _lowest(world: World, bridge: str, joined: str) -> Value | None:
    """The lowest port MAC; None when one is not known. With a port that `joined`, the bridge has that of the others."""
    known = world.links[bridge].attrs.get("address")
    others = [known] if joined and world.port_count(bridge) > 1 else []
    names = (joined,) if others else world.ports(bridge)
    macs = [*others, *(world.links[port].attrs.get("address") for port in names)]
    return None if None in macs else min((str(mac) for mac in macs), default=NO_MAC)


def refresh_bridge_mac(world: World, name: str, joined: str = "") -> None:
    """The lowest port MAC, zero without ports, unless somebody wrote it (br_stp_recalculate_bridge_id)."""
    bridge = world.links[name]
    if world.is_pinned(bridge):
        return
    lowest = _lowest(world, name, joined)
    if lowest is None or (world.may_be_pinned(bridge) and lowest != bridge.attrs.get("address")):
        world.change(name, {}, ["address"])
        ip.lose_neighbours(world, name)
    elif lowest != bridge.attrs.get("address"):
        set_address(world, name, lowest, RANDOM)


def check_mtu(world: World, what: object, name: str, mtu: int) -> None:
    """Raises KernelRefused: EINVAL outside the device's limits, ERANGE above a VLAN's base."""
    link = world.links[name]
    if mtu < link.min_mtu:
        refuse(what, errno.EINVAL, "mtu less than device minimum")
    if link.max_mtu and mtu > link.max_mtu:
        refuse(what, errno.EINVAL, "mtu greater than device maximum")
    base = world.links.get(link.link)
    bounded = link.kind in stacked.SMALLER_THAN_BASE and base is not None and "mtu" in base.attrs
    if bounded and base is not None and mtu > base.mtu - stacked.room(link.kind, link.attrs, base):
        refuse(what, errno.ERANGE if link.kind in ("vlan", "macsec") else errno.EINVAL)
    if link.kind == "bond":
        for port in world.ports(name):
            check_mtu(world, what, port, mtu)


def set_mtu(world: World, name: str, mtu: Value | None) -> None:
    """Write an MTU; VLANs above shrink with it, a bond's ports take it, a bridge above may follow."""
    old = world.links[name]
    if mtu is None:
        world.change(name, {}, ["mtu"])
        return
    link = world.change(name, {"mtu": mtu})
    had, has = ip.has_inet6(old), ip.has_inet6(link)
    if had and not has:
        _lose_inet6(world, old)
    elif has and not had:
        mode = world.new_gen_mode()
        world.change(name, {} if mode is None else {"addr_gen_mode": mode, "token": ""})
        conf6 = world.new_conf6(link.kind, link.link, not tun.has_no_mac(link.kind, link.attrs))
        world.put(replace(world.links[name], conf6=conf6))
        ip.give_link_local(world, name)
    for vlan in list(world.vlans_above(name)):
        if vlan.mtu > number(mtu) and link.kind != "macsec":  # there the kernel asks for too much, and is refused
            set_mtu(world, vlan.name, mtu)
            world.lost.append(SetLink(vlan.name, "vlan", {"mtu": mtu}, {"mtu": vlan.mtu}))
    for above, its in stacked.mtu_changed(world, name, mtu).items():
        follower = world.links[above]
        set_mtu(world, above, its)
        world.lost.append(SetLink(above, follower.kind, {"mtu": its}, {"mtu": follower.mtu}))
    if link.kind == "bond":
        for port in world.ports(name):
            if world.links[port].attrs.get("mtu") != mtu:
                set_mtu(world, port, mtu)
    if world.kind_of(link.master) == "bridge":
        refresh_bridge_mtu(world, link.master)


def _lose_inet6(world: World, link: Link) -> None:
    ip.lose_inet6(world, link.name)
    rest = tuple(each for each in world.addresses.get(link.name, ()) if not is_kernel_made(each, link))
    world.addresses[link.name] = rest
    world.change(link.name, {}, ["addr_gen_mode", "token"])
    world.put(replace(world.links[link.name], conf6=b""))
    world.forget_settings(link.name, settings.IPV6)


def refresh_bridge_mtu(world: World, name: str, joined: str = "") -> None:
    """The lowest port MTU until somebody wrote it (br_mtu_auto_adjust)."""
    if world.pinned_mtus.get(name):
        return
    names = (name, joined) if joined and world.port_count(name) > 1 else world.ports(name)
    mtus = [world.links[each].attrs.get("mtu") for each in names]
    lowest = None if None in mtus else min((number(mtu) for mtu in mtus), default=ETHERNET_MTU)
    if lowest != world.links[name].attrs.get("mtu"):
        set_mtu(world, name, lowest)
