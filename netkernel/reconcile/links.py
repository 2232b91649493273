"""Links come, go and change their own attributes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from netkernel import devconf
from netkernel.host import Host
from netkernel.link_kinds import COMMON, KINDS, LinkKind
from netkernel.link_kinds.bond import MIIMON_BY_ITSELF, MODES
from netkernel.link_local import is_link_local
from netkernel.ops import CreateLink, DeleteLink, Op, SetLink, WriteSysctl
from netkernel.reconcile.world import Planning
from netkernel.records import Link, Value
from netkernel.simulation import stacked
from netkernel.simulation.bond import DELAYS
from netkernel.simulation.device import follows_its_port
from netkernel.simulation.ip import has_inet6
from netkernel.simulation.world import ETHERNET_MTU, SET_BY_USER, World

LATE = frozenset({"up", "master", "promisc", "addr_gen_mode", "primary", "peer"})
"""Attributes with a stage of their own; `primary` is known by the name of a port, so ports come first."""
DEFAULT_PVID = "vlan_default_pvid"
NO_MAC = "00:00:00:00:00:00"


def remove(planning: Planning) -> None:
    """Delete what is not wanted, and what has to be made anew; from the top down."""
    for name in reversed(planning.names()):
        link = planning.world.links.get(name)
        if link is None or not link.kind or link.kind not in KINDS:
            continue
        want = planning.target.links.get(name)
        if want is None or not _is_same_device(link, want):
            planning.do(DeleteLink(name, link.kind, link.attrs, link.index))


def _is_same_device(have: Link, want: Link) -> bool:
    """Whether `want` can be reached without making the link anew."""
    kind = KINDS[have.kind]
    if have.kind != want.kind:
        return False
    changed = {key for key in (*kind.fixed, *kind.barriers) if key in want.attrs and key in have.attrs}
    changed = {key for key in changed if have.attrs[key] != want.attrs[key]}
    return changed.isdisjoint(kind.fixed) and not any(
        kind.barriers[key] & {have.attrs[key], want.attrs[key]} for key in changed
    )


def lost_for_good(world: World, before: Host, op: Op) -> Iterator[str]:
    """What executing `op` in `world` destroys of `before` that no op can bring back."""
    match op:
        case SetLink(name, "bridge", new) if name in before.links:
            bridge = world.links[name]
            if "address" in new and not world.is_pinned(bridge):
                yield f"{name}: its MAC will no longer follow its ports, and only making it again could undo that"
            if "mtu" in new and not world.pinned_mtus.get(name):
                yield f"{name}: its MTU will no longer follow its ports, and only making it again could undo that"
        case SetLink(name, _, new) if "master" in new:
            old = world.links[name].master
            if old in before.links and world.kind_of(old) == "bridge":
                yield f"{old}: the addresses it has learned behind {name} are forgotten"
    if isinstance(op, SetLink) and op.new.get("up") is False and op.name in before.links and world.links[op.name].up:
        yield from _forgotten(world, before, op.name)


def _forgotten(world: World, before: Host, name: str) -> Iterator[str]:
    """What a link going down has learned: its neighbours, and the bridge's addresses behind it."""
    if not all(map(is_link_local, before.addresses.get(name, ()))):
        yield f"{name}: the neighbours it has learned are forgotten"
    if world.kind_of(name) == "bridge" and before.ports(name):
        yield f"{name}: the addresses it has learned are forgotten"
    elif world.kind_of(bridge := world.links[name].master) == "bridge" and bridge in before.links:
        yield f"{bridge}: the addresses it has learned behind {name} are forgotten"


def cannot_be_made(op: Op) -> bool:
    """Whether `op` takes away a link of a kind that nobody here can make again."""
    return isinstance(op, DeleteLink) and op.kind not in KINDS


def create(planning: Planning) -> None:
    """Make what is missing, bases first; with the index it had, unless somebody has that now."""
    missing = [name for name in planning.names() if name in planning.target.links and name not in planning.world.links]
    taken = {link.index for link in planning.world.links.values()} if missing else set()
    for name in missing:
        want = planning.target.links[name]
        if name in planning.world.links or not _can_be_made(planning, want):
            continue
        for base in (planning.target.links[below] for below in want.below if below in planning.target.links):
            _mtu(planning, base.name, base, rising=True)  # what sits on it must not be larger
            if want.attrs.get("remote6") or want.attrs.get("local6"):  # the driver wants IPv6 on before
                _settings(planning, planning.world.links[base.name], base)
        peer = planning.target.links.get(str(want.attrs.get("peer", "")))
        index, peer_index = (0 if each is None or each.index in taken else each.index for each in (want, peer))
        planning.do(CreateLink(name, want.kind, _at_birth(planning, want), index, peer_index))
    for name in missing:
        if name in planning.world.links:
            _settings(planning, planning.world.links[name], planning.target.links[name])


def _can_be_made(planning: Planning, want: Link) -> bool:
    """Not a NIC, a kind we do not know, a veth whose peer is elsewhere, or what sits on a NIC that is gone."""
    if want.kind not in KINDS or (want.kind == "veth" and not want.attrs.get("peer")):
        return False
    if any(below not in planning.world.links for below in want.below):
        return False
    return want.kind != "vlan" or not _waits_for_its_base(planning, want)


def _waits_for_its_base(planning: Planning, want: Link) -> bool:
    """A VLAN takes its base's MAC at birth, and with one of zeros it never comes up: a bridge gets its own first."""
    if not _has_no_mac(planning, planning.world.links[want.link]):
        return False
    base = planning.target.links.get(want.link)
    return base is not None and (bool(planning.target.ports(base.name)) or base.address not in ("", NO_MAC))


def _has_no_mac(planning: Planning, link: Link) -> bool:
    """Whether its MAC is zeros, as a bridge's whose last port has left.

    Whether a bridge without ports has one is not always known: the kernel says who wrote it in sysfs only.
    """
    unknown = NO_MAC if link.kind == "bridge" and not planning.world.has_ports(link.name) else ""
    return link.attrs.get("address", unknown) == NO_MAC


def _at_birth(planning: Planning, want: Link) -> dict[str, Value]:
    """What has to be said when the link is made: nothing that it has by default or gets from what it sits on."""
    kind = KINDS[want.kind]
    skipped = LATE - ({"peer"} if want.kind == "veth" else set())
    attrs: dict[str, Value] = {}
    for key in sorted(want.attrs, key=lambda key: _place(kind, key)):
        spec = kind.attrs.get(key) or COMMON.get(key)
        if spec is None or spec.read_only or key in skipped or _is_implied(planning, want, key, want.attrs[key]):
            continue
        attrs[key] = want.attrs[key]
    return attrs


def _place(kind: LinkKind, key: str) -> tuple[bool, bool, int, int]:
    """The order attributes are said in: what it sits on, what the kind has in the kernel's order, the rest."""
    spec = kind.attrs.get(key) or COMMON.get(key)
    return key != "link", key not in kind.attrs, spec.number if spec else 0, spec.bit if spec else 0


def _is_implied(planning: Planning, want: Link, key: str, value: Value) -> bool:
    kind = KINDS[want.kind]
    if key in kind.fixed:
        return value == "" if key == "link" else False
    if key == "arp_validate" and want.attrs.get("miimon"):
        return True  # said later: not taken together with miimon
    if key == "miimon" and want.attrs.get("mode") in MIIMON_BY_ITSELF:
        return False
    if key in kind.defaults:
        return kind.defaults[key] == value or not _is_taken(want, key)
    if key == "address":
        return follows_others(planning, want)
    if key == "mtu":
        base = planning.world.links.get(want.link)
        rises_later = base is not None and _is_too_small_yet(planning, base, want.mtu)
        return rises_later or value == _born_mtu(planning, want)
    return value in ("", (), NO_MAC) or (key, value) in (("txqlen", 1000), ("group", 0)) or not _is_taken(want, key)


def _is_taken(want: Link, key: str) -> bool:
    mode = str(want.attrs.get("mode", "balance-rr"))
    return want.kind != "bond" or mode in MODES.get(key, (mode,))


def _born_mtu(planning: Planning, want: Link) -> int:
    """The MTU it gets without being told: its base's, its lowest port's, or Ethernet's."""
    links = planning.target.links
    if want.kind != "bridge":
        return stacked.born_mtu(links, want.kind, want.attrs)
    ports = [links[port].mtu for port in planning.target.ports(want.name) if links[port].mtu]
    return min(ports, default=ETHERNET_MTU)


def follows_others(planning: Planning, want: Link) -> bool:
    """Whether the kernel keeps this link's MAC: a bond's port has the bond's, a VLAN its base's, a bridge a port's."""
    links = planning.target.links
    if planning.world.kind_of(want.master) == "bond" or (links.get(want.master) or want).kind == "bond" != want.kind:
        return _is_untold(planning, want, "address") or _bond_sees_to_mac(planning, want)
    if (base := stacked.lender(links, want.kind, want.attrs)) is not None:
        if want.kind != "vlan":
            return True  # it can have no other
        seen = planning.before.links.get(want.name)
        below = planning.before.links.get(base.name)
        followed = seen is not None and below is not None and seen.address == below.address
        return want.address == base.address or (followed and _is_untold(planning, want, "address"))
    if want.kind == "bridge" and want.address_assigned != SET_BY_USER:
        ports = [links[port].address for port in planning.target.ports(want.name)]
        seen = planning.before.links.get(want.name)
        if seen is not None and want.address_assigned is not None and seen.address_assigned not in (None, SET_BY_USER):
            return True  # it will have what its ports give it
        return want.address in ("", NO_MAC, min(ports, default="")) and _is_untold(planning, want, "address")
    return False


def _bond_sees_to_mac(planning: Planning, want: Link) -> bool:
    """A bond gives its MAC to its ports; written before, it would be what a port comes back with when it leaves."""
    bond = planning.target.links.get(want.master)
    if bond is None or bond.attrs.get("fail_over_mac", "none") != "none":
        return False
    have = planning.world.links.get(want.name)
    return have is None or have.master != want.master or want.address == bond.address


def _is_untold(planning: Planning, want: Link, key: str) -> bool:
    """Whether the target has the value only because the link had it."""
    seen = planning.before.links.get(want.name)
    return (seen is not None and seen.attrs.get(key) == want.attrs.get(key)) or (
        seen is None and want.address_assigned is not None
    )


def change(planning: Planning) -> None:
    """Attributes that need nothing of others: options, MACs, MTUs (falling from the top, rising from the bottom)."""
    pairs = list(planning.pairs())
    for have, want in reversed(pairs):
        _mtu(planning, have.name, want, rising=False)
    for have, want in pairs:
        if want.kind == "bridge":  # without a MAC it refuses a new default PVID
            _address(planning, want)
        _options(planning, have.name, want)
        _mtu(planning, have.name, want, rising=True)
        _address(planning, want)
        plain = ("txqlen", "alias", "group")
        planning.set(have.name, {key: want.attrs[key] for key in plain if key in want.attrs})


def _address(planning: Planning, want: Link) -> None:
    have = planning.world.links[want.name]
    if want.address and not follows_others(planning, want) and not follows_its_port(have.attrs):
        planning.set(want.name, {"address": want.address})


def default_pvids(planning: Planning) -> None:
    """Of bridges that are about to lose all ports, and with them their MAC, without which they refuse a new one."""
    for have, want in planning.pairs():
        if have.kind == "bridge" and planning.world.has_ports(have.name) and not planning.target.ports(have.name):
            _set_options(planning, want, {key: want.attrs[key] for key in (DEFAULT_PVID,) if key in want.attrs})


def _mtu(planning: Planning, name: str, want: Link, rising: bool) -> None:
    have = planning.world.links[name]
    if not want.mtu or have.attrs.get("mtu") == want.mtu or (want.mtu > have.mtu) is not rising:
        return
    if _bond_sees_to_mtu(planning, have, want):
        return
    base = planning.world.links.get(have.link)
    if have.kind in stacked.SMALLER_THAN_BASE and base is not None and _is_too_small_yet(planning, base, want.mtu):
        return  # a bridge that follows its ports has shrunk under it
    follows = have.kind == "bridge" and "mtu" in have.attrs and not planning.world.pinned_mtus.get(name)
    if follows and _is_untold(planning, want, "mtu"):
        return
    planning.set(name, {"mtu": want.mtu})


def _is_too_small_yet(planning: Planning, base: Link, mtu: int) -> bool:
    """Whether a VLAN must wait with its MTU: its base grows later, or takes that of a bond it is still to join."""
    if "mtu" in base.attrs:
        return base.mtu < mtu
    bond = planning.target.links.get((planning.target.links.get(base.name) or base).master)
    return bond is not None and bond.kind == "bond" and base.master != bond.name


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
    if _has_no_mac(planning, planning.world.links[name]):
        wanted.pop(DEFAULT_PVID, None)  # refused; the next round says it, when a port has brought a MAC
    _set_options(planning, want, {key: value for key, value in wanted.items() if _is_taken(want, key)})


def _set_options(planning: Planning, want: Link, wanted: dict[str, Value]) -> None:
    name, link = want.name, planning.world.links[want.name]
    kind = KINDS[link.kind]
    changes = {key: wanted[key] for key in sorted(wanted, key=lambda key: _place(kind, key))}
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


def _settings(planning: Planning, have: Link, want: Link) -> None:
    """IPv6 settings and how addresses are made, before the link is up and makes one."""
    if "addr_gen_mode" in want.attrs and has_inet6(planning.world.links[have.name]):
        planning.set(have.name, {"addr_gen_mode": want.attrs["addr_gen_mode"]})
    if not has_inet6(planning.world.links[have.name]):
        return
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
        _settings(planning, have, want)
    pairs = list(planning.pairs())
    for have, want in reversed(pairs):
        if want.attrs.get("up") is False and planning.world.links[have.name].up:
            planning.set(have.name, {"up": False})
    for have, want in pairs:
        if want.attrs.get("up") and not planning.world.links[have.name].up:
            planning.set(have.name, {"up": True})
    for have, want in pairs:
        if "promisc" in want.attrs:
            planning.set(have.name, {"promisc": want.attrs["promisc"]})
        primary = str(want.attrs.get("primary", ""))
        if want.kind == "bond" and _is_taken(want, "primary") and primary in planning.world.ports(have.name):
            planning.set(have.name, {"primary": primary})
