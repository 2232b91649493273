"""The catalogue of interface kinds. Adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from netkernel.late import Late
from netkernel.records import Link
from nncp_agent import shown
from nncp_agent.kinds import unknown
from nncp_agent.kinds.base import Kind
from nncp_agent.shown import types


class _Kinds(Late[Kind]):
    """One of each, made when a policy or the host has an interface of that type: few have more than five."""

    def _load(self, place: str) -> Any:
        return super()._load(place)()


KINDS: Final[Mapping[str, Kind]] = _Kinds(
    __name__,
    {
        "bond": "bond.Bond",
        "dummy": "dummy.Dummy",
        "ethernet": "ethernet.Ethernet",
        "geneve": "geneve.Geneve",
        "hsr": "hsr.Hsr",
        "infiniband": "infiniband.Infiniband",
        "ip-tunnel": "ip_tunnel.IpTunnel",
        "ipvlan": "ipvlan.IpVlan",
        "linux-bridge": "linux_bridge.LinuxBridge",
        "loopback": "loopback.Loopback",
        "macsec": "macsec.MacSec",
        "mac-vlan": "mac_vlan.MacVlan",
        "mac-vtap": "mac_vlan.MacVtap",
        "tun": "tun.Tun",
        "veth": "veth.Veth",
        "vlan": "vlan.Vlan",
        "vrf": "vrf.Vrf",
        "vxlan": "vxlan.Vxlan",
        "wireguard": "wireguard.Wireguard",
    },
)
"""By nmstate's `type` word."""
TYPES: Final[Mapping[str, str]] = {subtree: type for type, (subtree, _) in shown.SUBTREES.items()}
"""By subtree: the type that it belongs to."""


def by_link(link: Link) -> Kind:
    """The kind of a link the kernel has; `unknown` under its word for what no policy manages."""
    type, managed = types.of(link)
    return KINDS[type].of(link) if managed else unknown.called(type)


__all__ = ["KINDS", "TYPES", "Kind", "by_link"]
