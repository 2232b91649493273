"""The subtrees of links on or over others (nmstate.md 3.3)."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.link_kinds.ipvlan import PRIVATE, VEPA
from netkernel.link_kinds.macvlan import NOPROMISC
from netkernel.records import Link
from nncp_agent.shown.base import Tree, stated


def vrf(link: Link, host: Host) -> Tree:
    """Its ports and its table."""
    return stated({"port": list(host.ports(link.name)), "route-table-id": link.attrs.get("table")})


def mac_vlan(link: Link, host: Host) -> Tree:
    """A base in another namespace has no name here."""
    flags = link.attrs.get("flags")
    promiscuous = not flags & NOPROMISC if isinstance(flags, int) else None
    return stated({"base-iface": link.link or None, "mode": link.attrs.get("mode"), "promiscuous": promiscuous})


def ipvlan(link: Link, host: Host) -> Tree:
    """A base in another namespace has no name here."""
    tree: Tree = {"base-iface": link.link or None, "mode": link.attrs.get("mode")}
    if isinstance(flags := link.attrs.get("flags"), int):
        tree |= {"private": bool(flags & PRIVATE), "vepa": bool(flags & VEPA)}
    return stated(tree)


def macsec(link: Link, host: Host) -> Tree:
    """A base in another namespace has no name here. The keys to begin with are no business of the kernel's."""
    attrs = link.attrs
    return stated(
        {
            "base-iface": link.link or None,
            "encrypt": bool(attrs["encrypt"]) if "encrypt" in attrs else None,
            "port": attrs.get("port"),
            "validation": attrs.get("validation"),
            "send-sci": bool(attrs["send_sci"]) if "send_sci" in attrs else None,
            "offload": attrs.get("offload"),
        }
    )


def vxlan(link: Link, host: Host) -> Tree:
    """`base-iface` is "" where the frames go wherever the routes say; no remote and no local are left out."""
    attrs = link.attrs
    return stated(
        {
            "base-iface": link.link,
            "destination-port": attrs.get("port"),
            "id": attrs.get("id"),
            "learning": bool(attrs["learning"]) if "learning" in attrs else None,
            "local": attrs.get("local") or attrs.get("local6") or None,
            "remote": attrs.get("remote") or attrs.get("remote6") or None,
        }
    )


def hsr(link: Link, host: Host) -> Tree:
    """The kernel reports the supervision address, and not the byte that makes it."""
    address = str(link.facts.get("supervision") or "")
    return stated(
        {
            "multicast-spec": int(address[-2:], 16) if address else None,
            "port1": link.attrs.get("slave1") or None,
            "port2": link.attrs.get("slave2") or None,
            "protocol": link.attrs.get("protocol"),
            "supervision-address": address.upper() or None,
        }
    )
