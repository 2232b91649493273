"""Links come, go and change: RTM_NEWLINK and RTM_DELLINK as net/core/rtnetlink.c carries them out."""

from __future__ import annotations

import errno
from typing import Final

from netkernel.frozen import replace
from netkernel.link_kinds import KINDS
from netkernel.link_kinds.bond import REPORTED_IN_LACP_ONLY
from netkernel.link_kinds.ip_tunnel import is_tunnel
from netkernel.ops import CreateLink, DeleteLink, MoveLink, SetLink, SetPort
from netkernel.records import Attrs, Link, Value
from netkernel.simulation import bond, bridge, device, hsr, ip, macsec, stacked, tun, tunnels, vrf
from netkernel.simulation.world import NO_MAC, RANDOM, SET_BY_USER, STOLEN, World, number, refuse

_PLAIN: Final = ("txqlen", "alias", "group", "promisc", "allmulti", "addr_gen_mode", "token", "altnames")
_NOT_BORN: Final = frozenset({"up", "master", "promisc", "allmulti", "address", "mtu"})
"""Written without consequences."""


def create(world: World, op: CreateLink) -> None:
    """Raises KernelRefused: EEXIST, EOPNOTSUPP (no such kind), ENODEV, EINVAL, ENETDOWN."""
    if (missing := op.attrs.get("link") or op.attrs.get("master")) and missing not in world.links:
        refuse(op, errno.ENODEV)
    if op.kind not in KINDS:
        refuse(op, errno.EOPNOTSUPP, "Unknown device type")
    if world.has_index(op.index) or world.has_index(op.peer_index):
        refuse(op, errno.EEXIST)
    peer = str(op.attrs.get("peer", ""))
    is_here = op.kind == "veth" and not op.attrs.get("peer_netns")
    if op.kind == "veth" and (not peer or (is_here and peer in world.links)):
        refuse(op, errno.EEXIST if peer else errno.EINVAL)
    if op.kind == "tun":
        tun.check_birth(op, op.attrs)
    attrs = stacked.over_the_last(world, op.kind, op.attrs)
    stacked.check_birth(world, op, op.kind, attrs)
    if op.kind == "hsr":
        hsr.check_birth(world, op, attrs)
    if op.name in world.links:  # an ifindex says which link is meant, so the name is looked at last
        refuse(op, errno.EEXIST)
    world.put(_born(world, op, op.name, attrs))
    if is_here:
        world.put(_born(world, op, peer, {"peer": op.name}))
    if op.kind == "bridge" and (table := bridge.default_table(world.links[op.name])):
        world.vlans[op.name] = table
    if op.kind == "vrf":
        vrf.begin(world)
    stacked.share(world, op.name, world.links[op.name].attrs)
    if op.kind == "hsr":
        hsr.take_ports(world, world.links[op.name])
    _apply_late(world, op, op.name, attrs)


def _apply_late(world: World, op: CreateLink, name: str, attrs: Attrs) -> None:
    """Master and flags follow once the device is registered; when they fail, the link is taken away again."""
    try:
        if (master := str(attrs.get("master", ""))) and attrs.get("up") and world.kind_of(master) == "bond":
            refuse(op, errno.EPERM, "Device can not be enslaved while up")
        if master:
            _set_master(world, op, name, master)
        if attrs.get("up"):
            device.set_up(world, op, name)
    except BaseException:
        delete(world, DeleteLink(name, op.kind))
        world.lost.clear()
        raise


def _born(world: World, op: CreateLink, name: str, stated: Attrs) -> Link:
    kind = KINDS[op.kind]
    base = _base(world, op, stated) if op.kind == "vlan" else stacked.lender(world.links, op.kind, stated)
    is_told = "mtu" in stated and not kind.chooses_mtu
    mtu = number(stated["mtu"]) if is_told else stacked.born_mtu(world.links, op.kind, stated)
    attrs: dict[str, Value] = {"up": False, "promisc": False, "allmulti": False, "mtu": mtu, "master": ""}
    if not mtu and not is_told:  # its base's, which nobody can foretell: the base comes out of a bond
        del attrs["mtu"]
    attrs |= {
        "txqlen": kind.queue,
        "alias": "",
        "link": "",
        "group": 0,
        "altnames": (),
        **kind.defaults,
    }
    assigned = SET_BY_USER
    address = stated.get("address")
    if address is None:
        address = stacked.first_mac(world.links, op.kind, stated)
        assigned = STOLEN if base else RANDOM
        if tun.has_no_mac(op.kind, stated):
            address = ""
        elif address is None and not base and op.kind not in ("macsec", "ipoib") and world.draw_mac:
            address = world.draw_mac()
    if address is not None:
        attrs["address"] = address
    attrs |= tunnels.address_of(op.kind, stated)
    if (mode := world.new_gen_mode()) is not None:
        attrs |= {"addr_gen_mode": mode, "token": ""}
    attrs |= {key: value for key, value in stated.items() if key not in _NOT_BORN}
    attrs |= macsec.named(attrs) if op.kind == "macsec" else {}
    if op.kind == "bond":
        attrs |= bond.new_attrs(op, stated)
        world.primaries[name] = str(stated.get("primary") or "")
        attrs["primary"] = ""
    elif op.kind == "bridge":
        attrs |= bridge.new_attrs(op, stated)
    elif op.kind == "veth":
        attrs.pop("link")
    elif op.kind == "tun":
        attrs |= {"txqlen": tun.queue(attrs, stated)}
    left_out = kind.born | kind.untold
    attrs = {key: value for key, value in attrs.items() if key not in left_out}
    low, high = kind.mtus
    if "mtu" in attrs and (mtu < low or (high and mtu > high)):
        refuse(op, errno.EINVAL, "mtu less than device minimum" if mtu < low else "mtu greater than device maximum")
    link = Link(
        name,
        op.kind,
        attrs,
        conf6=world.new_conf6(op.kind, base.name if base else "", not tun.has_no_mac(op.kind, attrs)),
        index=_index(world, op, name),
        min_mtu=low,
        max_mtu=high,
        type=tun.NO_HARDWARE if tun.has_no_mac(op.kind, stated) else kind.type,
        facts=stacked.facts_of(op.kind, {**attrs, **stated}),
    )
    link = replace(link, address_assigned=assigned)
    if not ip.has_inet6(link):
        attrs.pop("addr_gen_mode", None)
        attrs.pop("token", None)
        link = replace(link, conf6=b"")
    return link


def _index(world: World, op: CreateLink, name: str) -> int:
    return (op.index if name == op.name else op.peer_index) or world.next_index()


def _base(world: World, op: CreateLink, stated: Attrs) -> Link:
    name = str(stated["link"])
    base = world.links[name]
    ids = stated.get("id"), stated.get("protocol", "802.1q")
    if (base.kind in KINDS and KINDS[base.kind].no_vlans) or base.name == "lo":
        refuse(op, errno.EOPNOTSUPP, "8021q: VLANs not supported on device")
    if world.is_taken(("vlan", (name, *ids))):
        refuse(op, errno.EEXIST, "8021q: VLAN device already exists")
    if "mtu" in base.attrs and number(stated.get("mtu")) > base.mtu - stacked.room("vlan", stated, base):
        refuse(op, errno.EINVAL)
    return base


def delete(world: World, op: DeleteLink) -> None:
    """With everything above it, its addresses, routes and neighbours. Raises KernelRefused: ENODEV, EOPNOTSUPP."""
    link = world.links.get(op.name) or refuse(op, errno.ENODEV)
    if not link.kind:
        refuse(op, errno.EOPNOTSUPP)
    _vanish(world, op.name)
    peer = world.links.get(link.peer)
    if link.kind == "veth" and peer is not None and peer.kind == "veth":
        _vanish(world, peer.name)


def _vanish(world: World, name: str) -> None:
    for above in world.above(name):
        link = world.links[above]
        if is_tunnel(link.kind):  # it goes wherever the routes say now
            left = tunnels.with_what_stays(link, {"link": ""})
            world.change(above, {"link": ""})
            world.lost.append(SetLink(above, link.kind, left, {key: link.attrs.get(key, "") for key in left}))
            continue
        _vanish(world, above)
        world.lost.append(DeleteLink(above, link.kind, link.attrs, link.index))
    for port in world.ports(name):
        kind = world.links[name].kind
        _leave(world, port)
        if kind != "hsr":  # whose ports nobody can take away by themselves
            world.lost.append(SetLink(port, world.links[port].kind, {"master": ""}, {"master": name}))
        if kind == "bond":
            world.touched.add(port)
    link = world.links[name]
    if link.up:
        for vlan in world.vlans_above(name):
            device.set_down(world, vlan.name)
        ip.lose_on_down(world, name)
    ip.lose_on_delete(world, name)
    if link.master:
        _leave(world, name)
    world.remove(name)


def _leave(world: World, port: str) -> None:
    """Out of whatever controller it has."""
    match world.kind_of(world.links[port].master):
        case "bond":
            bond.release(world, port)
        case "bridge":
            bridge.detach(world, port)
        case "vrf":
            vrf.move(world, port, port, "")
        case "hsr":
            hsr.leave(world, port)
        case _:
            world.put(replace(world.change(port, {"master": ""}), port={}))


def move_away(world: World, op: MoveLink) -> None:
    """Into another namespace, out of this one. Raises KernelRefused: ENODEV, EINVAL for what cannot move."""
    link = world.links.get(op.name) or refuse(op, errno.ENODEV)
    if link.kind in ("bond", "bridge", "vrf") or link.type != 1:
        refuse(op, errno.EINVAL, "The interface netns is immutable")
    _vanish(world, op.name)


def _set_master(world: World, what: object, name: str, master: str) -> None:
    if world.links[name].master == master:
        return
    if master and master not in world.links:
        refuse(what, errno.ENODEV)
    if world.kind_of(world.links[name].master) == "hsr":
        refuse(what, errno.EOPNOTSUPP)
    if world.links[name].master:
        _leave(world, name)
    if master:
        stacked.check_joins(world, what, name, master)
    match world.kind_of(master) if master else "":
        case "bond":
            bond.enslave(world, what, name, master)
        case "bridge":
            bridge.attach(world, what, name, master)
        case "vrf":
            vrf.move(world, what, name, master)
        case "hsr":
            refuse(what, errno.EOPNOTSUPP)
        case "":
            return
        case _:
            world.change(name, {"master": master})


def change(world: World, op: SetLink) -> None:
    """Kind's options first, then MAC, MTU, the plain ones, controller and flags, as do_setlink has them.

    Raises KernelRefused: ENODEV and what each attribute's owner answers. Attributes of `fixed` are answered OK and
    ignored, as the kernel does.
    """
    link = world.links.get(op.name) or refuse(op, errno.ENODEV)
    kind = KINDS.get(link.kind)
    own = {key: value for key, value in op.new.items() if kind and key in kind.attrs and key not in kind.fixed}
    if link.kind == "bond":
        own = bond.options(world, op, link, own) if own else {}
    elif link.kind == "bridge":
        own = bridge.options(world, op, link, own) if own else {}
    if own and kind is not None and kind.whole:
        tunnels.change(world, op, link, op.new)
    elif own:
        gone = REPORTED_IN_LACP_ONLY - own.keys() if link.kind == "bond" and "mode" in op.new else ()
        world.change(op.name, own, gone)
        stacked.share(world, op.name, own)
    if "mtu" in op.new and op.new["mtu"] != link.attrs.get("mtu"):
        device.check_mtu(world, op, op.name, number(op.new["mtu"]))
    if "address" in op.new:
        _set_address(world, op, str(op.new["address"]))
    if "mtu" in op.new:
        if link.kind == "bridge":
            world.pinned_mtus[op.name] = True
        device.set_mtu(world, op.name, op.new["mtu"])
    if "addr_gen_mode" in op.new and not ip.has_inet6(world.links[op.name]):
        refuse(op, errno.EAFNOSUPPORT)
    if "token" in op.new and not ip.listens_to_routers(world.links[op.name]):
        refuse(op, errno.EINVAL, "Router advertisement is disabled on device")
    if "altnames" in op.new:
        _check_names(world, op, link)
    if plain := {key: op.new[key] for key in _PLAIN if key in op.new}:
        world.change(op.name, plain)
    if "master" in op.new:
        _set_master(world, op, op.name, str(op.new["master"]))
    if "up" in op.new:
        if op.new["up"]:
            device.set_up(world, op, op.name)
        else:
            device.set_down(world, op.name)


def _check_names(world: World, op: SetLink, link: Link) -> None:
    """Nothing else may be called so, nor the link itself (netdev_name_in_use)."""
    new = set(op.new["altnames"]) - set(link.altnames)  # type: ignore[arg-type]  # a list
    others = (name for each in world.links.values() if each.name != link.name for name in each.altnames)
    if new and (not new.isdisjoint(world.links) or not new.isdisjoint(others)):
        refuse(op, errno.EEXIST)


def _set_address(world: World, op: SetLink, address: str) -> None:
    if address == NO_MAC or int(address[:2] or "0", 16) & 1:
        refuse(op, errno.EADDRNOTAVAIL)
    link = world.links[op.name]
    if tun.has_no_mac(link.kind, link.attrs):
        refuse(op, errno.EOPNOTSUPP)
    if link.kind == "bond" and device.follows_its_port(link.attrs):
        return  # answered OK and ignored
    device.set_address(world, op.name, address, SET_BY_USER)


def change_port(world: World, op: SetPort) -> None:
    """Raises KernelRefused: ENODEV, EOPNOTSUPP on a link that is no port of such a controller."""
    link = world.links.get(op.name) or refuse(op, errno.ENODEV)
    if world.kind_of(link.master) != op.controller_kind:
        refuse(op, errno.EOPNOTSUPP)
    world.put(replace(link, port={**link.port, **op.new}))
