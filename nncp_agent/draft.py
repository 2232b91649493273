"""A few words into an NNCP manifest to start from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen

API_VERSION: Final = "nmstate.io/v1"
DISABLED: Final = {"enabled": False}


class Wish(Frozen, kw_only=True):
    """What to draft. Without `ports`, `name` is an interface that is there already.

    `vlans` are ids and ranges (first, last): with a `bridge` those its uplink lets through, tagged; without one
    each id becomes a VLAN interface on `name`. `addresses` (IP/PREFIX) go to what stands on top.
    """

    name: str
    ports: tuple[str, ...] = ()
    mode: str = "active-backup"
    options: Mapping[str, str | int] = {}  # of the bond
    bridge: str = ""
    vlans: tuple[tuple[int, int], ...] = ()
    mtu: int | None = None
    addresses: tuple[tuple[str, int], ...] = ()
    policy: str = ""
    node_selector: Mapping[str, str] = {}


def manifest(wish: Wish) -> dict[str, Any]:
    """The NodeNetworkConfigurationPolicy, in the order a person would write it."""
    bottom = _bond(wish) if wish.ports else _what_is_there(wish)
    interfaces = [*bottom, *(_bridge(wish) if wish.bridge else _vlans(wish))]
    spec: dict[str, Any] = {"nodeSelector": dict(wish.node_selector)} if wish.node_selector else {}
    return {
        "apiVersion": API_VERSION,
        "kind": "NodeNetworkConfigurationPolicy",
        "metadata": {"name": wish.policy or _policy_name(interfaces)},
        "spec": {**spec, "desiredState": {"interfaces": interfaces}},
    }


def _policy_name(interfaces: Sequence[Mapping[str, Any]]) -> str:
    """A name Kubernetes takes (RFC 1123): lower case, digits, dashes and dots."""
    names = "-".join(str(each["name"]) for each in interfaces[:3]).lower()
    return "".join(each if each.isascii() and (each.isalnum() or each in "-.") else "-" for each in names).strip("-.")


def _what_is_there(wish: Wish) -> list[dict[str, Any]]:
    """Only what was wished for of an interface that has settings already: what is not stated stays."""
    is_top = not wish.bridge and not wish.vlans
    stated = {key: value for key, value in _common(wish, top=is_top).items() if value != DISABLED}
    return [{"name": wish.name, "state": "up", **stated}] if stated else []


def _bond(wish: Wish) -> list[dict[str, Any]]:
    is_top = not wish.bridge and not wish.vlans
    aggregation: dict[str, Any] = {"mode": wish.mode, "options": {"miimon": 100, **wish.options}}
    if "arp_interval" in wish.options:
        aggregation["options"] = dict(wish.options)  # the kernel takes one way of monitoring or the other
    aggregation["port"] = list(wish.ports)
    return [
        {
            "name": wish.name,
            "type": "bond",
            "state": "up",
            **_common(wish, top=is_top),
            "link-aggregation": aggregation,
        }
    ]


def _bridge(wish: Wish) -> list[dict[str, Any]]:
    port: dict[str, Any] = {"name": wish.name}
    if wish.vlans:
        port["vlan"] = {"mode": "trunk", "trunk-tags": [_tag(first, last) for first, last in wish.vlans]}
    bridge = {"options": {"stp": {"enabled": False}}, "port": [port]}
    return [{"name": wish.bridge, "type": "linux-bridge", "state": "up", **_common(wish, top=True), "bridge": bridge}]


def _vlans(wish: Wish) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{wish.name}.{id}",
            "type": "vlan",
            "state": "up",
            **_common(wish, top=True),
            "vlan": {"base-iface": wish.name, "id": id},
        }
        for first, last in wish.vlans
        for id in range(first, last + 1)
    ]


def _tag(first: int, last: int) -> dict[str, Any]:
    return {"id": first} if first == last else {"id-range": {"min": first, "max": last}}


def _common(wish: Wish, *, top: bool) -> dict[str, Any]:
    mtu = {"mtu": wish.mtu} if wish.mtu is not None else {}
    return {**mtu, "ipv4": _family(wish, 4, top), "ipv6": _family(wish, 6, top)}


def _family(wish: Wish, family: int, top: bool) -> dict[str, Any]:
    addresses = [
        {"ip": ip, "prefix-length": prefix} for ip, prefix in wish.addresses if (6 if ":" in ip else 4) == family
    ]
    return {"enabled": True, "address": addresses} if top and addresses else dict(DISABLED)
