"""What links on others take from below: MACs and MTUs of macvlan, ipvlan, macsec, vxlan and hsr, as the drivers do it.

VLANs have more to them and stand in `device`.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from netkernel.link_kinds import KINDS, hsr, vrf, vxlan
from netkernel.link_kinds.base import ETHERNET
from netkernel.link_kinds.ip_tunnel import is_tunnel
from netkernel.link_kinds.macsec import TAG
from netkernel.ops import SetLink
from netkernel.records import Attrs, Link, Value
from netkernel.simulation import macsec, tun, tunnels
from netkernel.simulation.world import ETHERNET_MTU, World, identity, number, refuse

ON_A_BASE: Final = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "macsec", "ipoib"})
"""Kinds that cannot be made without a base."""
TAKERS: Final = {"macvlan": "macvlan", "macvtap": "macvlan", "ipvlan": "ipvlan", "macsec": "macsec"}
"""Kinds that take all frames of their base, by the driver that does it."""
SMALLER_THAN_BASE: Final = frozenset({"vlan", "macvlan", "macvtap", "macsec"})
"""Kinds whose MTU is at most their base's, less what they need for themselves, and falls with it."""


BORROWERS: Final = (ON_A_BASE | {"hsr"}) - {"vlan"}
"""Kinds that may have the MAC of a link below them at any time."""


def room(kind: str, attrs: Attrs, base: Link | None) -> int:
    """Bytes by which the MTU of a link must stay below its base's."""
    if kind == "macsec":
        return macsec.room(attrs)
    return TAG if kind == "vlan" and base is not None and base.kind == "macsec" else 0


def born_mtu(links: Mapping[str, Link], kind: str, attrs: Attrs) -> int:
    """The MTU a link gets without being told; 0 where nobody can foretell it."""
    if is_tunnel(kind):
        return tunnels.born_mtu(links, kind, attrs)
    base = links.get(str(attrs.get("link") or ""))
    match kind:
        case "geneve":  # its remote's route decides
            return 0
        case "vrf":
            return vrf.MTU
        case "vlan" | "macvlan" | "macvtap" | "ipvlan" | "macsec" | "ipoib" if base is not None:
            return max(base.mtu - room(kind, attrs, base), 0)
        case "vxlan" if base is not None:
            return max(base.mtu - vxlan.ROOM[6 if attrs.get("remote6") or attrs.get("local6") else 4], 0)
        case "hsr":
            ports = [links[str(attrs.get(key))].mtu for key in ("slave1", "slave2") if attrs.get(key) in links]
            return max(min(ports, default=0) - hsr.TAG, 0)
    return ETHERNET_MTU


def lender(links: Mapping[str, Link], kind: str, attrs: Attrs) -> Link | None:
    """The link whose MAC one of this kind has; None for those that draw one."""
    if kind in ("vlan", "ipvlan") or (kind in ("macvlan", "macvtap") and attrs.get("mode") == "passthru"):
        return links.get(str(attrs.get("link") or ""))
    return links.get(str(attrs.get("slave1") or "")) if kind == "hsr" else None


def first_mac(links: Mapping[str, Link], kind: str, attrs: Attrs) -> Value | None:
    """The MAC of a new link: its lender's, or the one its base has now; None for one it draws."""
    base = links.get(str(attrs.get("link") or "")) if kind == "macsec" else lender(links, kind, attrs)
    return base.attrs.get("address") if base is not None else None


def facts_of(kind: str, attrs: Attrs) -> Attrs:
    """What the kernel says of a new link beside its attributes: where an hsr's supervision goes, that a tap stays."""
    match kind:
        case "hsr":
            return {"supervision": f"01:15:4e:00:01:{number(attrs.get('multicast_spec')):02x}"}
        case "tun":
            return tun.facts(attrs)
    return {}


def check_birth(world: World, what: object, kind: str, stated: Attrs) -> None:
    """Raises KernelRefused: EINVAL without a base or beside a passthru link, ENODEV, EBUSY for a SCI that is there."""
    needed = ["link"] if kind in ON_A_BASE else ["slave1", "slave2"] if kind == "hsr" else []
    for key in needed:
        if not stated.get(key):
            refuse(what, errno.EINVAL, "link not specified")
    if is_tunnel(kind):
        tunnels.check(world, what, "", kind, stated)
    elif kind in ("geneve", "vxlan") and world.is_taken(identity(kind, {**KINDS[kind].defaults, **stated})):
        refuse(what, errno.EBUSY if kind == "geneve" else errno.EEXIST)
    for key in ("link", "slave1", "slave2"):
        if stated.get(key) and stated[key] not in world.links:
            refuse(what, errno.ENODEV)
    if kind in TAKERS:
        base = world.links[str(stated["link"])]
        if base.type != ETHERNET:
            refuse(what, errno.EINVAL)
        check_given(what, base)
        if _has_taker(world, base.name, kind):
            refuse(what, errno.EBUSY)
    if kind == "macsec":
        macsec.check_birth(world, what, stated, first_mac(world.links, kind, stated))
    if kind in ("macvlan", "macvtap"):
        others = [each for each in _siblings(world, str(stated["link"])) if each.kind in ("macvlan", "macvtap")]
        if others and "passthru" in {stated.get("mode"), *(each.attrs.get("mode") for each in others)}:
            refuse(what, errno.EINVAL)


def check_joins(world: World, what: object, name: str, controller: str) -> None:
    """Raises KernelRefused for what that controller takes from nobody: EINVAL, or of a bond EPERM and EOPNOTSUPP."""
    link, kind = world.links[name], world.kind_of(controller)
    if link.kind == kind == "vrf":
        refuse(what, errno.EINVAL, "Can not enslave an L3 master device to a VRF")
    if kind == "bond" and link.kind == "vrf":
        refuse(what, errno.EPERM, "Device type (master device) cannot be enslaved.")
    if kind == "bridge" and link.type != ETHERNET:
        refuse(what, errno.EINVAL)
    if kind in ("bond", "bridge"):
        check_given(what, link)
        check_free(world, what, name)
    if kind == "vrf" and name == "lo":
        refuse(what, errno.EOPNOTSUPP, "Can not enslave loopback device to a VRF")


def check_free(world: World, what: object, name: str) -> None:
    """Raises KernelRefused: EBUSY for a port-to-be whose frames somebody has already."""
    if any(each.kind in TAKERS for each in _siblings(world, name)):
        refuse(what, errno.EBUSY)


def check_given(what: object, link: Link) -> None:
    """Raises KernelRefused for a link that keeps its frames: EBUSY where it has taken them itself, else EINVAL."""
    if link.kind in KINDS and KINDS[link.kind].keeps_frames:
        refuse(what, errno.EBUSY if link.kind == "macvtap" else errno.EINVAL)


def over_the_last(world: World, kind: str, stated: Attrs) -> Attrs:
    """What is stated, over what the base sits on where the driver goes on to that (macvlan_common_newlink)."""
    base = world.links.get(str(stated.get("link") or ""))
    if base is None or base.kind not in KINDS[kind].passes_over:
        return stated
    return {**stated, "link": base.link}


def _has_taker(world: World, base: str, kind: str) -> bool:
    """Whether another than `kind` has the frames of `base`: one receive handler a device."""
    if world.kind_of(world.links[base].master) in ("bond", "bridge", "hsr"):
        return True
    return any(TAKERS.get(each.kind, TAKERS[kind]) != TAKERS[kind] for each in _siblings(world, base))


def share(world: World, name: str, stated: Attrs) -> None:
    """Mode and flags of an ipvlan are those of all ipvlans of its base: the last one said counts."""
    link = world.links[name]
    said = {key: stated[key] for key in ("mode", "flags") if key in stated}
    if link.kind != "ipvlan" or not said:
        return
    for other in _siblings(world, link.link):
        old = {key: other.attrs.get(key, "") for key, value in said.items() if other.attrs.get(key) != value}
        if other.kind == "ipvlan" and other.name != name and old:
            world.change(other.name, said)
            world.lost.append(SetLink(other.name, "ipvlan", {key: said[key] for key in old}, old))


def mtu_changed(world: World, name: str, mtu: Value) -> dict[str, int]:
    """The links above, but VLANs, that get another MTU when this one has `mtu`, and which."""
    found: dict[str, int] = {}
    for above in world.above(name):
        link = world.links[above]
        most = number(mtu) - room(link.kind, link.attrs, world.links[name])
        if link.kind in SMALLER_THAN_BASE - {"vlan"} and link.mtu > most:
            found[above] = most
        elif link.kind == "ipvlan" and link.mtu != mtu:
            found[above] = number(mtu)
    return found


def address_changed(world: World, name: str) -> list[str]:
    """The links above, but VLANs, that take the MAC of `name` now."""
    links = [world.links[above] for above in world.above(name)]
    found = [link.name for link in links if link.kind in BORROWERS and _borrows(world, link, name)]
    return found + [str(link.attrs["slave2"]) for link in links if is_lent_to_both(link) and link.name in found]


def is_lent_to_both(link: Link) -> bool:
    """Whether it is a PRP link, whose second port has the MAC of the first as well (hsr_dev_finalize)."""
    return link.kind == "hsr" and link.attrs.get("protocol") == "prp"


def _borrows(world: World, link: Link, base: str) -> bool:
    lent_by = lender(world.links, link.kind, link.attrs)
    return lent_by is not None and lent_by.name == base


def _siblings(world: World, base: str) -> list[Link]:
    return [world.links[each] for each in world.above(base)]
