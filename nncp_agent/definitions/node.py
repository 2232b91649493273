"""What of a definition cannot come true on this node: bridges, VLANs and MTUs that are not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from cni.bridge.config import DEFAULT_BRIDGE
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.definitions.config import Plugin, plugins
from nncp_agent.definitions.findings import Path, Said, did_you_mean, listed


def check(config: Any, host: Host, promised: Collection[str]) -> Iterator[Said]:
    """`promised` are the bridges of committed policies, which need not be there yet."""
    for plugin in plugins(config):
        if plugin.kind == "cnv-bridge":
            yield from _bridge(plugin, host, promised)


def _bridge(plugin: Plugin, host: Host, promised: Collection[str]) -> Iterator[Said]:
    stated = plugin.values.get("bridge")
    name = stated if isinstance(stated, str) and stated else DEFAULT_BRIDGE
    where = (*plugin.path, "bridge")
    link = host.links.get(name)
    if link is None:
        if name not in promised:
            bridges = [each.name for each in host.links.values() if each.kind == "bridge"]
            there = did_you_mean(name, bridges) or (f"; there are {listed(sorted(bridges))}" if bridges else "")
            alone = "pods would get one of their own, without an uplink"
            yield Said(where, f"no bridge {name} on this node{there}; {alone}")
        return
    refusals = list(refused(plugin, link))
    yield from refusals
    if link.kind == "bridge":
        yield from () if refusals else _vlans(plugin, link, host)
        yield from _mtu(plugin, link, host)


def refused(plugin: Plugin, link: Link) -> Iterator[Said]:
    """What the plugin itself says to the link that has the bridge's name."""
    if link.kind != "bridge":
        yield Said((*plugin.path, "bridge"), f"{link.name} is no bridge but a {link.kind or 'NIC'}")
        return
    asked = [path for path, vlan in _asked(plugin) if type(vlan) is int and vlan]
    if asked and not link.attrs.get("vlan_filtering"):
        fix = f"ip link set {link.name} type bridge vlan_filtering 1, or bridge.options.vlan-filtering in its policy"
        yield Said((*plugin.path, *asked[0]), f"{link.name} does not filter VLANs, so pods are refused: {fix}")


def _uplinks(bridge: str, host: Host) -> list[Link]:
    """Ports that lead away from the node: neither a pod's nor a VM's."""
    ports = (host.links[name] for name in host.ports(bridge))
    return [each for each in ports if each.kind != "tun" and each.netnsid is None]


def _vlans(plugin: Plugin, bridge: Link, host: Host) -> Iterator[Said]:
    asked = [(path, vlan) for path, vlan in _asked(plugin) if type(vlan) is int and vlan]
    uplinks = _uplinks(bridge.name, host)
    for key, vlan in asked:
        lacking = [each.name for each in uplinks if not _carries(host, each.name, vlan)]
        if lacking and len(lacking) == len(uplinks):
            said = f"VLAN {vlan} does not leave this node: {listed(lacking)} of {bridge.name} does not carry it"
            yield Said((*plugin.path, *key), said)


def _asked(plugin: Plugin) -> Iterator[tuple[Path, Any]]:
    yield ("vlan",), plugin.values.get("vlan")
    trunk = plugin.values.get("vlanTrunk")
    for number, item in enumerate(trunk if isinstance(trunk, list) else ()):
        for key in ("id", "minID", "maxID") if isinstance(item, dict) else ():
            yield ("vlanTrunk", number, key), item.get(key)


def _carries(host: Host, port: str, vlan: int) -> bool:
    return any(each.first <= vlan <= each.last for each in host.vlans.get(port, ()))


def _mtu(plugin: Plugin, bridge: Link, host: Host) -> Iterator[Said]:
    stated = plugin.values.get("mtu")
    is_stated = type(stated) is int and stated > 0
    mtu = int(stated or 0) if is_stated else bridge.mtu
    for uplink in _uplinks(bridge.name, host):
        if mtu > uplink.mtu:
            whose = f"mtu {mtu}" if is_stated else f"without mtu a pod takes the {mtu} of {bridge.name}"
            said = f"{whose}, and its uplink {uplink.name} passes {uplink.mtu}: larger frames are lost without a trace"
            where = (*plugin.path, "mtu") if is_stated else plugin.path
            yield Said(where, said, is_warning=not is_stated)
