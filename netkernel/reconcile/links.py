"""Links go and change their own attributes; `birth` makes them."""

from __future__ import annotations

from functools import lru_cache

from netkernel import devconf
from netkernel.link_kinds import KINDS
from netkernel.link_local import is_link_local
from netkernel.ops import CreateLink, DeleteLink, WriteSysctl
from netkernel.reconcile import values
from netkernel.reconcile.world import Planning
from netkernel.records import Link, Value
from netkernel.simulation import stacked
from netkernel.simulation.bond import DELAYS
from netkernel.simulation.device import follows_its_port
from netkernel.simulation.ip import has_inet6, listens_to_routers
from netkernel.simulation.world import identity

LATE = frozenset({"up", "master", "promisc", "allmulti", "addr_gen_mode", "token", "primary", "peer"})
"""Attributes with a stage of their own; `primary` is known by the name of a port, so ports come first."""
DEFAULT_PVID = "vlan_default_pvid"


def remove(planning: Planning) -> None:
    """Delete what is not wanted, and what has to be made anew; from the top down."""
    names = planning.names()
    making_way = _in_each_others_way(planning, names)
    for name in reversed(names):
        link = planning.world.links.get(name)
        if link is None or not link.kind or link.kind not in KINDS:
            continue
        want = planning.target.links.get(name)
        remade = name in making_way or (want is not None and _is_anothers(planning, link, want))
        if want is None or remade or not _is_same_device(link, want):
            planning.do(DeleteLink(name, link.kind, link.attrs, link.index))


def _in_each_others_way(planning: Planning, names: list[str]) -> set[str]:
    """Links that want what only one can have and another has now, and those others: no two may have it at any time."""
    links = (planning.target.links[name] for name in names if name in planning.target.links)
    wanted = {key: link.name for link in links if (key := identity(link.kind, link.attrs)) is not None}
    found: set[str] = set()
    for link in planning.world.links.values() if wanted else ():
        heir = wanted.get(identity(link.kind, link.attrs), link.name)
        found |= {heir, link.name} if heir != link.name else set()
    return found


def _is_same_device(have: Link, want: Link) -> bool:
    """Whether `want` can be reached without making the link anew."""
    kind = KINDS[have.kind]
    if have.kind != want.kind:
        return False
    asked = (*kind.fixed, *kind.barriers, *kind.irrevocable)
    changed = {key for key in asked if key in want.attrs and have.attrs.get(key, want.attrs[key]) != want.attrs[key]}
    if any(want.attrs[key] == "" for key in changed & kind.irrevocable):
        return False
    return changed.isdisjoint(kind.fixed) and all(
        kind.barriers[key](have.attrs[key]) == kind.barriers[key](want.attrs[key])
        for key in changed & kind.barriers.keys()
    )


def _is_anothers(planning: Planning, have: Link, want: Link) -> bool:
    """Whether it was made in the place of what is to come back, though it could be changed into the like of that."""
    kind = KINDS[have.kind]
    may_be = kind.irrevocable or (kind.identity is not None and "link" not in kind.fixed)
    if not planning.exact or not may_be or not want.index:
        return False
    staying = (link for name, link in planning.world.links.items() if name in planning.target.links)
    return have.index != want.index and all(link.index != want.index for link in staying)


def change(planning: Planning) -> None:
    """Attributes that need nothing of others: options, MACs, MTUs (falling from the top, rising from the bottom)."""
    pairs = list(planning.pairs())
    for have, want in reversed(pairs):
        mtu(planning, have.name, want, rising=False)
    for have, want in pairs:
        if not set(have.altnames) <= set(want.altnames) and "altnames" in want.attrs:  # another link may be called so
            planning.set(have.name, {"altnames": tuple(sorted(set(have.altnames) & set(want.altnames)))})
    for have, want in pairs:
        if want.kind == "bridge":  # without a MAC it refuses a new default PVID
            _address(planning, want)
        _options(planning, have.name, want)
        mtu(planning, have.name, want, rising=True)
        _address(planning, want)
        plain = ("txqlen", "alias", "group", "altnames")
        planning.set(have.name, {key: want.attrs[key] for key in plain if key in want.attrs})


def _address(planning: Planning, want: Link) -> None:
    have = planning.world.links[want.name]
    if not want.address or values.follows_others(planning, want):
        return
    if not follows_its_port(have.attrs):
        planning.set(want.name, {"address": want.address})
    elif have.attrs["fail_over_mac"] == "follow" and have.attrs.get("address") != want.address:
        # its active port has the bond's MAC, and the bond takes another while it follows none, which is without ports
        _set_options(planning, want, {"fail_over_mac": "none"})
        planning.set(want.name, {"address": want.address})
        planning.set(want.name, {"fail_over_mac": "follow"})


def default_pvids(planning: Planning) -> None:
    """Of bridges that are about to lose all ports, and with them their MAC, without which they refuse a new one."""
    for have, want in planning.pairs():
        if have.kind == "bridge" and planning.world.has_ports(have.name) and not planning.target.ports(have.name):
            _set_options(planning, want, {key: want.attrs[key] for key in (DEFAULT_PVID,) if key in want.attrs})


def mtu(planning: Planning, name: str, want: Link, rising: bool) -> None:
    have = planning.world.links[name]
    if "mtu" not in want.attrs or have.attrs.get("mtu") == want.mtu or (want.mtu > have.mtu) is not rising:
        return
    if _bond_sees_to_mtu(planning, have, want):
        return
    base = planning.world.links.get(have.link)
    if (
        have.kind in stacked.SMALLER_THAN_BASE
        and base is not None
        and values.is_too_small_yet(planning, base, have, want.mtu)
    ):
        return  # a bridge that follows its ports has shrunk under it
    follows = have.kind == "bridge" and "mtu" in have.attrs and not planning.world.pinned_mtus.get(name)
    if follows and values.is_untold(planning, want, "mtu"):
        return
    planning.set(name, {"mtu": want.mtu})


def _bond_sees_to_mtu(planning: Planning, have: Link, want: Link) -> bool:
    """A bond writes its MTU to its ports; written before, it would be what a port comes back with when it leaves."""
    bond = planning.target.links.get(want.master)
    if bond is None or bond.kind != "bond":
        return False
    now = planning.world.links.get(bond.name)
    return have.master != want.master or (want.mtu == bond.mtu and now is not None and now.mtu != bond.mtu)


def _options(planning: Planning, name: str, want: Link) -> None:
    """Options of the link's kind; the mode of a bond by itself and first, because it decides what others there are."""
    kind = KINDS.get(want.kind)
    if kind is None:
        return
    if "mode" in kind.attrs and "mode" in want.attrs:
        _set_options(planning, want, {"mode": want.attrs["mode"]})
    wanted = {
        key: value
        for key, value in want.attrs.items()
        if key in kind.attrs and key not in LATE and not kind.attrs[key].read_only and key not in kind.fixed
    }
    if values.has_no_mac(planning, planning.world.links[name]):
        pvid = wanted.pop(DEFAULT_PVID, None)  # refused; the next round says it, when a port has brought a MAC
        if pvid not in (None, planning.world.links[name].attrs.get(DEFAULT_PVID)) and not planning.target.ports(name):
            _with_a_mac_for_now(planning, want, {DEFAULT_PVID: pvid})
    _set_options(planning, want, {key: value for key, value in wanted.items() if values.is_taken(want, key)})


def _with_a_mac_for_now(planning: Planning, want: Link, changes: dict[str, Value]) -> None:
    """A port that comes and goes brings the bridge a MAC and takes it along; one written could not be taken back."""
    scratch = next(name for name in map("mac-for-now{}".format, ("", *range(99))) if name not in planning.world.links)
    planning.do(CreateLink(scratch, "dummy", {"master": want.name}))
    _set_options(planning, want, changes)
    planning.do(DeleteLink(scratch, "dummy"))


def _set_options(planning: Planning, want: Link, wanted: dict[str, Value]) -> None:
    name, link = want.name, planning.world.links[want.name]
    kind = KINDS[link.kind]
    changes = {key: wanted[key] for key in sorted(wanted, key=lambda key: values.place(kind, key))}
    changes = {key: value for key, value in changes.items() if link.attrs.get(key) != value}
    if changes.get("miimon") == 0:  # the driver takes the delays along, and then answers EPERM to any
        changes = {key: value for key, value in changes.items() if key not in DELAYS}
    if not changes:
        return
    if link.up and changes.keys() & kind.needs_down:
        planning.set(name, {"up": False})
    if changes.keys() & kind.needs_no_ports:
        for port in planning.world.ports(name):
            planning.set(port, {"master": ""})
    if want.address and follows_its_port({**link.attrs, **changes}) and not follows_its_port(link.attrs):
        planning.set(name, {"address": want.address})  # the last moment: then it is answered OK and ignored
    validation = {key: changes.pop(key) for key in ("arp_validate",) if changes.get("miimon") and key in changes}
    planning.set(name, changes)  # the driver takes ARP validation and MII monitoring together, but not in one message
    planning.set(name, validation)


def settings(planning: Planning, have: Link, want: Link) -> None:
    """IPv6 settings and how addresses are made, before the link is up and makes one."""
    if "addr_gen_mode" in want.attrs and has_inet6(planning.world.links[have.name]):
        mode = "none" if _gets_its_old_one(planning, want) else want.attrs["addr_gen_mode"]
        planning.set(have.name, {"addr_gen_mode": mode})
    if not has_inet6(planning.world.links[have.name]):
        return
    token = want.attrs.get("token")
    if token == "" and listens_to_routers(planning.world.links[have.name]):  # afterwards it may do so no more
        planning.set(have.name, {"token": token})
    _write_settings(planning, have, want)
    if token and listens_to_routers(planning.world.links[have.name]):
        planning.set(have.name, {"token": token})


def _gets_its_old_one(planning: Planning, want: Link) -> bool:
    """Whether it is made anew, would make another link-local address than it had, and has not been given that yet."""
    if not planning.exact or want.kind not in KINDS or not KINDS[want.kind].numbered:
        return False
    had = [each for each in planning.target.addresses.get(want.name, ()) if is_link_local(each)]
    return bool(had) and not any(each in planning.world.addresses.get(want.name, ()) for each in had)


def _write_settings(planning: Planning, have: Link, want: Link) -> None:
    if want.conf6 == planning.world.links[have.name].conf6:
        return
    stated, present = _stated(want.conf6), _stated(planning.world.links[have.name].conf6)
    # off before anything else is said, on when all is said
    switch_at = -1 if stated.get("disable_ipv6") else 1
    for setting in sorted(stated, key=lambda setting: (switch_at * (setting == "disable_ipv6"), setting)):
        if present.get(setting) != stated[setting]:
            path = f"net/ipv6/conf/{have.name}/{setting}"
            old = "" if setting not in present else str(present[setting])
            planning.do(WriteSysctl(path, str(stated[setting]), old))


_stated = lru_cache(maxsize=4096)(devconf.stated)
"""Links share their settings, so few arrays are ever read; nobody changes what this gives."""


def switch(planning: Planning) -> None:
    """IPv6 settings, then down from the top and up from the bottom."""
    for have, want in planning.pairs():
        settings(planning, have, want)
    pairs = list(planning.pairs())
    for have, want in reversed(pairs):
        if want.attrs.get("up") is False and planning.world.links[have.name].up:
            planning.set(have.name, {"up": False})
    for have, want in pairs:
        if want.attrs.get("up") and not planning.world.links[have.name].up:
            planning.set(have.name, {"up": True})
    for have, want in pairs:
        if flags := {key: want.attrs[key] for key in ("promisc", "allmulti") if key in want.attrs}:
            planning.set(have.name, flags)
        primary = str(want.attrs.get("primary", ""))
        if want.kind == "bond" and values.is_taken(want, "primary") and primary in planning.world.ports(have.name):
            planning.set(have.name, {"primary": primary})
