"""The catalogue of interface kinds. Adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netkernel.records import Link
from nncp_agent.kinds import unknown
from nncp_agent.kinds.base import Kind
from nncp_agent.kinds.bond import Bond
from nncp_agent.kinds.dummy import Dummy
from nncp_agent.kinds.ethernet import Ethernet
from nncp_agent.kinds.geneve import Geneve
from nncp_agent.kinds.hsr import Hsr
from nncp_agent.kinds.infiniband import Infiniband
from nncp_agent.kinds.ip_tunnel import IpTunnel
from nncp_agent.kinds.ipvlan import IpVlan
from nncp_agent.kinds.linux_bridge import LinuxBridge
from nncp_agent.kinds.loopback import Loopback
from nncp_agent.kinds.mac_vlan import MacVlan, MacVtap
from nncp_agent.kinds.macsec import MacSec
from nncp_agent.kinds.tun import Tun
from nncp_agent.kinds.veth import Veth
from nncp_agent.kinds.vlan import Vlan
from nncp_agent.kinds.vrf import Vrf
from nncp_agent.kinds.vxlan import Vxlan
from nncp_agent.kinds.wireguard import Wireguard
from nncp_agent.shown import types

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Bond(),
        Dummy(),
        Ethernet(),
        Geneve(),
        Hsr(),
        Infiniband(),
        IpTunnel(),
        IpVlan(),
        LinuxBridge(),
        Loopback(),
        MacSec(),
        MacVlan(),
        MacVtap(),
        Tun(),
        Veth(),
        Vlan(),
        Vrf(),
        Vxlan(),
        Wireguard(),
    )
}
"""By nmstate's `type` word."""


def by_link(link: Link) -> Kind:
    """The kind of a link the kernel has; `unknown` under its word for what no policy manages."""
    type, managed = types.of(link)
    return KINDS[type].of(link) if managed else unknown.called(type)


__all__ = ["KINDS", "Kind", "by_link"]
