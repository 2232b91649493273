"""What networkd has to make: the sections of a .netdev file, by kind (systemd.netdev(5))."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nncp_agent.gc.base import Pairs, Part, Sections, State

BOND: Final = {
    "miimon": "MIIMonitorSec:ms", "updelay": "UpDelaySec:ms", "downdelay": "DownDelaySec:ms",
    "lacp_rate": "LACPTransmitRate", "xmit_hash_policy": "TransmitHashPolicy", "ad_select": "AdSelect",
    "arp_interval": "ARPIntervalSec:ms", "arp_validate": "ARPValidate", "arp_all_targets": "ARPAllTargets",
    "fail_over_mac": "FailOverMACPolicy", "primary_reselect": "PrimaryReselectPolicy", "resend_igmp": "ResendIGMP",
    "packets_per_slave": "PacketsPerSlave", "num_grat_arp": "GratuitousARP", "min_links": "MinLinks",
    "tlb_dynamic_lb": "DynamicTransmitLoadBalancing", "lp_interval": "LearnPacketIntervalSec",
    "ad_actor_sys_prio": "AdActorSystemPriority", "ad_user_port_key": "AdUserPortKey",
    "ad_actor_system": "AdActorSystem", "arp_missed_max": "ARPMissedMax",
}  # fmt: skip
BRIDGE: Final = {
    "group-forward-mask": "GroupForwardMask", "multicast-querier": "MulticastQuerier",
    "multicast-snooping": "MulticastSnooping", "mac-ageing-time": "AgeingTimeSec:s", "vlan-protocol": "VLANProtocol",
    "vlan-default-pvid": "DefaultPVID",
}  # fmt: skip
STP: Final = {
    "enabled": "STP", "hello-time": "HelloTimeSec:s", "max-age": "MaxAgeSec:s", "forward-delay": "ForwardDelaySec:s",
    "priority": "Priority",
}  # fmt: skip


def sections(iface: Part, type: str) -> Sections | None:
    """The file of an interface, empty for one that is there already; None for what networkd cannot make."""
    if type in ("ethernet", "loopback", "unknown"):
        return []
    if type not in KINDS:
        return None
    kind, write = KINDS[type]
    head: Pairs = [("Name", iface.peek("name")), ("Kind", kind)]
    if (mac := iface.peek("mac-address")) and iface.peek("identifier") != "mac-address":
        head.append(("MACAddress", mac))
    return [("NetDev", head), *write(iface)]


def primaries(state: State) -> set[str]:
    """Ports that are a bond's primary: networkd says so at the port."""
    bonds = [each.peek("link-aggregation") or {} for each in state.interfaces]
    return {str(bond["options"]["primary"]) for bond in bonds if (bond.get("options") or {}).get("primary")}


def _bond(iface: Part) -> Sections:
    bond, options = iface.part("link-aggregation"), iface.part("link-aggregation").part("options")
    bond.take("port"), options.take("primary")
    pairs: Pairs = [("Mode", bond.take("mode")), *options.pairs(BOND)]
    if targets := options.take("arp_ip_target"):
        pairs.append(("ARPIPTargets", str(targets).split(",")))
    if (delivered := options.take("all_slaves_active")) is not None:
        pairs.append(("AllSlavesActive", delivered == "delivered"))
    return [("Bond", pairs)]


def _bridge(iface: Part) -> Sections:
    bridge, options = iface.part("bridge"), iface.part("bridge").part("options")
    ports = bridge.take("port", ())
    pairs = [*options.part("stp").pairs(STP), *options.pairs(BRIDGE)]
    options.take("group-fwd-mask")
    if any(each.get("vlan") for each in ports):
        pairs.append(("VLANFiltering", True))
    return [("Bridge", pairs)]


def _vlan(iface: Part) -> Sections:
    vlan = iface.part("vlan")
    vlan.take("base-iface")
    words = {"id": "Id", "protocol": "Protocol", "reorder-headers": "ReorderHeader", "loose-binding": "LooseBinding"}
    registration = vlan.take("registration-protocol")
    flags: Pairs = [(registration.upper(), True)] if registration in ("gvrp", "mvrp") else []
    return [("VLAN", [*vlan.pairs(words), *flags])]


def _macvlan(iface: Part) -> Sections:
    type = str(iface.peek("type"))
    part = iface.part(type)
    part.take("base-iface")
    if part.take("promiscuous") is False:
        part.leave("promiscuous")
    return [("MACVLAN" if type == "mac-vlan" else "MACVTAP", part.pairs({"mode": "Mode"}))]


def _ipvlan(iface: Part) -> Sections:
    part = iface.part("ipvlan")
    part.take("base-iface")
    flags = [word for word in ("private", "vepa") if part.take(word)]
    mode = str(part.take("mode", "l3")).upper()
    return [("IPVLAN", [("Mode", mode), *((("Flags", flags[0]),) if flags else ())])]


def _vxlan(iface: Part) -> Sections:
    part = iface.part("vxlan")
    words = {
        "id": "VNI", "local": "Local", "remote": "Remote", "learning": "MacLearning",
        "destination-port": "DestinationPort",
    }  # fmt: skip
    independent: Pairs = [] if part.take("base-iface") else [("Independent", True)]
    return [("VXLAN", [*part.pairs(words), *independent])]


def _vrf(iface: Part) -> Sections:
    part = iface.part("vrf")
    part.take("port")
    return [("VRF", part.pairs({"route-table-id": "Table"}))]


def _veth(iface: Part) -> Sections:
    return [("Peer", iface.part("veth").pairs({"peer": "Name"}))]


def _dummy(iface: Part) -> Sections:
    return []


KINDS: Final[Mapping[str, tuple[str, Callable[[Part], Any]]]] = {
    "bond": ("bond", _bond),
    "dummy": ("dummy", _dummy),
    "ipvlan": ("ipvlan", _ipvlan),
    "linux-bridge": ("bridge", _bridge),
    "mac-vlan": ("macvlan", _macvlan),
    "mac-vtap": ("macvtap", _macvlan),
    "veth": ("veth", _veth),
    "vlan": ("vlan", _vlan),
    "vrf": ("vrf", _vrf),
    "vxlan": ("vxlan", _vxlan),
}
"""By nmstate's type: networkd's, and who writes its section."""
