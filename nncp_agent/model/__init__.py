"""What users write and read: network state in nmstate's words, as frozen values. `None` means "not stated"."""

from __future__ import annotations

from nncp_agent.model.base import Model, merge, of_tree, stated, with_changes
from nncp_agent.model.hardware import (
    Ethernet,
    Ethtool,
    EthtoolChannels,
    EthtoolCoalesce,
    EthtoolEee,
    EthtoolFec,
    EthtoolPause,
    EthtoolRing,
    EthtoolWakeOnLan,
    SrIov,
    VirtualFunction,
)
from nncp_agent.model.host_wide import DnsConfig, DnsResolver, Hostname
from nncp_agent.model.interface import AltName, Dispatch, Interface, IpAddress, IpStack, Lldp, Mptcp
from nncp_agent.model.routes import RouteEntry, RouteRules, Routes, RuleEntry
from nncp_agent.model.words import (
    U8,
    U16,
    U32,
    U64,
    AddrGenMode,
    Duplex,
    Family,
    FeatureName,
    FecWord,
    Identifier,
    Ip,
    Lifetime,
    LinkName,
    LinkNameOrNone,
    Mac,
    MptcpFlag,
    NewName,
    PciAddress,
    Privacy,
    RouteType,
    State,
    Token,
    VlanId,
    VlanProtocol,
    WaitIp,
    WakeWord,
)

__all__ = [
    "U8",
    "U16",
    "U32",
    "U64",
    "AddrGenMode",
    "AltName",
    "Dispatch",
    "DnsConfig",
    "DnsResolver",
    "Duplex",
    "Ethernet",
    "Ethtool",
    "EthtoolChannels",
    "EthtoolCoalesce",
    "EthtoolEee",
    "EthtoolFec",
    "EthtoolPause",
    "EthtoolRing",
    "EthtoolWakeOnLan",
    "Family",
    "FeatureName",
    "FecWord",
    "Hostname",
    "Identifier",
    "Interface",
    "Ip",
    "IpAddress",
    "IpStack",
    "Lifetime",
    "LinkName",
    "LinkNameOrNone",
    "Lldp",
    "Mac",
    "Model",
    "Mptcp",
    "MptcpFlag",
    "NetworkState",
    "NewName",
    "PciAddress",
    "Privacy",
    "RouteEntry",
    "RouteRules",
    "RouteType",
    "Routes",
    "RuleEntry",
    "SrIov",
    "State",
    "Token",
    "VirtualFunction",
    "VlanId",
    "VlanProtocol",
    "WaitIp",
    "WakeWord",
    "merge",
    "of_tree",
    "stated",
    "with_changes",
]


class NetworkState(Model, frozen=True):
    """A whole document: what a policy asks for or what a host has."""

    description: str | None = None
    interfaces: tuple[Interface, ...] | None = None
    routes: Routes | None = None
    route_rules: RouteRules | None = None
    hostname: Hostname | None = None
    dns_resolver: DnsResolver | None = None

    def interface(self, name: str) -> Interface | None:
        """The interface called `name`, or None."""
        return next((each for each in self.interfaces or () if each.name == name), None)
