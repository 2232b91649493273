"""IP tunnels: net/ipv4/ip_tunnel.c, sit.c, ip_gre.c and net/ipv6/ip6_tunnel.c, ip6_gre.c, as far as plans need them."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from ipaddress import ip_address

from netkernel.link_kinds import KINDS
from netkernel.link_kinds.base import ETHERNET
from netkernel.link_kinds.ip_tunnel import is_kept, is_tunnel, overhead, reach
from netkernel.records import Attrs, Link, Value
from netkernel.simulation.world import ETHERNET_MTU, SMALLEST_IPV6_MTU, World, identity, refuse

_SMALLEST_MTU = 68
"""IPV4_MIN_MTU (net/ip.h)."""


def with_what_stays(link: Link, changes: Attrs) -> dict[str, Value]:
    """`changes`, with what has to be said beside them so that the driver leaves it as it is."""
    kind = KINDS.get(link.kind)
    stays: dict[str, Value] = {}
    if kind is not None and kind.whole and not changes.keys().isdisjoint(kind.attrs):
        stays = {key: link.attrs[key] for key in kind.attrs if key in link.attrs}
    if kind is not None and "mtu" in link.attrs and not changes.keys().isdisjoint(kind.rebinds):
        stays["mtu"] = link.attrs["mtu"]
    return {**stays, **changes}


def born_mtu(links: Mapping[str, Link], kind: str, attrs: Attrs) -> int:
    """The MTU of a new tunnel; 0 where it is that of the route to the remote, which nobody can foretell."""
    base = links.get(str(attrs.get("link") or ""))
    over_ipv6 = "flowinfo" in KINDS[kind].attrs
    if attrs.get("encap_type") or (attrs.get("remote") and (base is None or over_ipv6)):
        return 0
    if base is not None and (not base.mtu or base.kind == "vrf"):
        return 0
    below = base.mtu if base is not None and not over_ipv6 else ETHERNET_MTU
    smallest = SMALLEST_IPV6_MTU if over_ipv6 or kind == "sit" else _SMALLEST_MTU
    return max(below - overhead(kind, attrs), smallest)


def check(world: World, what: object, name: str, kind: str, attrs: Attrs) -> None:
    """Raises KernelRefused: EEXIST beside a tunnel with the same ends, EINVAL for a group without a local end, or for a
    change between one remote and everybody."""
    old = world.links.get(name)
    if (
        kind in ("gre", "gretap")
        and reach(attrs.get("remote")) == "many"
        and not (attrs.get("local") or kind == "gretap")
    ):
        refuse(what, errno.EINVAL)
    if old is not None and any(
        side(attrs.get(key)) != side(old.attrs.get(key)) for key, side in KINDS[kind].barriers.items()
    ):
        refuse(what, errno.EINVAL)
    ends = identity(kind, attrs)
    if world.is_taken(ends) and (old is None or identity(kind, old.attrs) != ends):
        refuse(what, errno.EEXIST)


def change(world: World, what: object, link: Link, new: Attrs) -> None:
    """What `new` leaves out has its default again; the MTU is looked for anew, and the "MAC" is the local end."""
    kind = KINDS[link.kind]
    reset = kind.defaults.keys() & link.attrs.keys() - kind.fixed
    own = {key: kind.defaults[key] for key in reset if not is_kept(kind.name, key)}
    own |= {"link": ""} | {key: value for key, value in new.items() if key in kind.attrs and key not in kind.fixed}
    check(world, what, link.name, link.kind, {**link.attrs, **own})
    rebinds = any(link.attrs.get(key) != own.get(key) for key in kind.rebinds & own.keys())
    world.change(link.name, own | address_of(link.kind, own), ["mtu"] if rebinds and "mtu" not in new else ())


def address_of(kind: str, attrs: Attrs) -> dict[str, Value]:
    """The link-layer address of a tunnel that carries no Ethernet: its local end."""
    if not is_tunnel(kind) or KINDS[kind].type == ETHERNET:
        return {}
    anybody = "::" if "flowinfo" in KINDS[kind].attrs else "0.0.0.0"
    return {"address": ip_address(str(attrs.get("local") or anybody)).packed.hex(":")}
