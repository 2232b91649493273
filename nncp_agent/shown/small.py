"""The subtrees of kinds with little to say: `vlan`, `veth`, `tun` and `infiniband` (nmstate.md 3.3)."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.records import Attrs, Link, Value
from nncp_agent.shown.base import Tree


def vlan(link: Link, host: Host) -> Tree:
    """A base in another namespace has no name here."""
    attrs = link.attrs
    tree: Tree = {
        "base-iface": link.link or None,
        "id": attrs.get("id"),
        "protocol": attrs.get("protocol"),
        "registration-protocol": registration(attrs),
        "reorder-headers": attrs.get("reorder_hdr"),
        "loose-binding": attrs.get("loose_binding"),
        "bridge-binding": attrs.get("bridge_binding"),
        "ingress-qos-map": _mappings(attrs.get("ingress_qos")),
        "egress-qos-map": _mappings(attrs.get("egress_qos")),
    }
    return {key: value for key, value in tree.items() if value is not None}


def _mappings(value: Value | None) -> list[Tree] | None:
    """The kernel's "from:to"; None where nothing is mapped, as nmstate has it."""
    if not isinstance(value, tuple) or not value:
        return None
    return [{"from": int(source), "to": int(target)} for source, _, target in (each.partition(":") for each in value)]


def registration(attrs: Attrs) -> str | None:
    """How it registers with the switch; None where the kernel does not say."""
    if "gvrp" not in attrs and "mvrp" not in attrs:
        return None
    return "gvrp" if attrs.get("gvrp") else "mvrp" if attrs.get("mvrp") else "none"


def veth(link: Link, host: Host) -> Tree | None:
    """Of a peer in another namespace its name and that one's, where they are known, else the number of that."""
    peer, where = link.attrs.get("peer"), link.attrs.get("peer_netns")
    if peer:
        return {"peer": peer, "peer-netns": where} if where else {"peer": peer}
    return {"link-netnsid": link.netnsid} if link.netnsid is not None else None


def tun(link: Link, host: Host) -> Tree:
    """Who may open it, and what the last who did said about its packets."""
    attrs, facts = link.attrs, link.facts
    tree: Tree = {
        "mode": attrs.get("mode"),
        "owner": attrs.get("owner"),
        "group": attrs.get("owning_group"),
        "multi-queue": _flag(attrs.get("multi_queue")),
        "pi": _flag(facts.get("pi")),
        "vnet-hdr": _flag(facts.get("vnet_hdr")),
        "persist": _flag(facts.get("persist")),
    }
    return {key: value for key, value in tree.items() if value not in (None, "")}


def _flag(value: Value | None) -> bool | None:
    return None if value is None else bool(value)


def infiniband(link: Link, host: Host) -> Tree:
    """The key in hexadecimal, as everybody writes it; an adapter's port has no base."""
    key = link.attrs.get("pkey")
    tree: Tree = {
        "mode": link.attrs.get("mode"),
        "base-iface": link.link or None,
        "pkey": f"{key:#06x}" if isinstance(key, int) else None,
    }
    return {key: value for key, value in tree.items() if value is not None}
