"""A node whose committed state has parts that need different NICs, and hosts that have some of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netkernel.documents import Document
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent import wire
from nncp_agent.model import NetworkState

LO = Link("lo", attrs={"up": True, "mtu": 65536}, type=772)


def nic(name: str, index: int) -> Link:
    """One with carrier, up, without addresses."""
    attrs = {"up": True, "mtu": 1500, "address": f"02:00:00:00:00:{index:02x}", "master": ""}
    return Link(name, attrs=attrs, index=index, carrier=True, min_mtu=68, max_mtu=9000)


def host(*nics: str) -> Host:
    """One with lo and these NICs."""
    return Host(links={"lo": LO, **{name: nic(name, 2 + number) for number, name in enumerate(nics)}})


def state(*interfaces: dict[str, Any], routes: Sequence[dict[str, Any]] = ()) -> NetworkState:
    """What a policy of these asks for."""
    value: dict[str, Any] = {"interfaces": list(interfaces)}
    if routes:
        value["routes"] = {"config": list(routes)}
    return wire.decode([Document(value)]).desired


BOND = {
    "name": "bond1",
    "type": "bond",
    "state": "up",
    "link-aggregation": {"mode": "802.3ad", "port": ["eth2", "eth3"]},
}
VLAN = {"name": "bond1.93", "type": "vlan", "state": "up", "vlan": {"base-iface": "bond1", "id": 93}}
BRIDGE = {"name": "br1", "type": "linux-bridge", "state": "up", "bridge": {"port": [{"name": "bond1.93"}]}}
DUMMY = {"name": "dummy0", "type": "dummy", "state": "up"}
ETH9 = {"name": "eth9", "type": "ethernet", "state": "up", "mtu": 1400}
VLAN9 = {"name": "eth9.7", "type": "vlan", "state": "up", "vlan": {"base-iface": "eth9", "id": 7}}
ROUTE = {"destination": "203.0.113.0/24", "next-hop-interface": "eth9.7", "next-hop-address": "198.51.100.1"}
