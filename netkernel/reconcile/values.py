"""Which values of a link are its own to write: not those that follow other links, or that its mode does not take."""

from __future__ import annotations

from netkernel.link_kinds import COMMON, KINDS, LinkKind
from netkernel.link_kinds.base import ETHERNET
from netkernel.link_kinds.bond import MODES
from netkernel.reconcile.world import Planning
from netkernel.records import Link
from netkernel.simulation import stacked
from netkernel.simulation.world import NO_MAC, SET_BY_USER


def has_no_mac(planning: Planning, link: Link) -> bool:
    """Whether its MAC is zeros, as a bridge's whose last port has left.

    Whether a bridge without ports has one is not always known: the kernel says who wrote it in sysfs only.
    """
    unknown = NO_MAC if link.kind == "bridge" and not planning.world.has_ports(link.name) else ""
    return link.attrs.get("address", unknown) == NO_MAC


def place(kind: LinkKind, key: str) -> tuple[bool, bool, int, int]:
    """The order attributes are said in: what it sits on, what the kind has in the kernel's order, the rest."""
    spec = kind.attrs.get(key) or COMMON.get(key)
    return key != "link", key not in kind.attrs, spec.number if spec else 0, spec.bit if spec else 0


def is_taken(want: Link, key: str) -> bool:
    mode = str(want.attrs.get("mode", "balance-rr"))
    return want.kind != "bond" or mode in MODES.get(key, (mode,))


def follows_others(planning: Planning, want: Link) -> bool:
    """Whether the kernel keeps this link's MAC: a bond's port has the bond's, a VLAN its base's, a bridge a port's."""
    links = planning.target.links
    if want.kind in KINDS and KINDS[want.kind].type != ETHERNET:
        return True  # a tunnel's is its local end, an InfiniBand link's the adapter's
    if planning.world.kind_of(want.master) == "bond" or (links.get(want.master) or want).kind == "bond" != want.kind:
        return is_untold(planning, want, "address") or bond_sees_to_mac(planning, want)
    if (base := stacked.lender(links, want.kind, want.attrs)) is not None:
        if want.kind != "vlan":
            return True  # it can have no other
        seen = planning.before.links.get(want.name)
        below = planning.before.links.get(base.name)
        followed = seen is not None and below is not None and seen.address == below.address
        return want.address == base.address or (followed and is_untold(planning, want, "address"))
    controller = links.get(want.master)
    if controller is not None and stacked.is_lent_to_both(controller) and controller.attrs["slave2"] == want.name:
        have = planning.world.links.get(want.name)  # who is a port already, was given it when it became one
        return not (planning.exact and have is not None and have.master == controller.name)
    if want.kind == "bridge" and want.address_assigned != SET_BY_USER:
        ports = [links[port].address for port in planning.target.ports(want.name)]
        seen = planning.before.links.get(want.name)
        if seen is not None and want.address_assigned is not None and seen.address_assigned not in (None, SET_BY_USER):
            return True  # it will have what its ports give it
        return want.address in ("", NO_MAC, min(ports, default="")) and is_untold(planning, want, "address")
    return False


def bond_sees_to_mac(planning: Planning, want: Link) -> bool:
    """A bond gives its MAC to its ports; written before, it would be what a port comes back with when it leaves."""
    bond = planning.target.links.get(want.master)
    if bond is None or bond.attrs.get("fail_over_mac", "none") != "none":
        return False
    have = planning.world.links.get(want.name)
    return have is None or have.master != want.master or want.address == bond.address


def is_untold(planning: Planning, want: Link, key: str) -> bool:
    """Whether the target has the value only because the link had it."""
    seen = planning.before.links.get(want.name)
    return (seen is not None and seen.attrs.get(key) == want.attrs.get(key)) or (
        seen is None and want.address_assigned is not None
    )


def is_too_small_yet(planning: Planning, base: Link, link: Link, mtu: int) -> bool:
    """Whether a VLAN must wait with its MTU: its base grows later, or takes that of a bond it is still to join."""
    if "mtu" in base.attrs:
        return base.mtu - stacked.room(link.kind, link.attrs, base) < mtu
    bond = planning.target.links.get((planning.target.links.get(base.name) or base).master)
    return bond is not None and bond.kind == "bond" and base.master != bond.name
