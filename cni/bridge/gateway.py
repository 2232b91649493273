"""The node as a gateway: its address on the bridge, or on an interface of its own in a VLAN, and forwarding."""

from __future__ import annotations

import errno
import os
from _socket import AF_INET, AF_INET6, inet_pton
from collections.abc import Iterable, Iterator

from cni.bridge.config import BridgeConfig, gateway_name
from cni.bridge.node import join, quiet
from cni.bridge.pod import NO_DETECTION
from cni.types.errors import INVALID_CONFIG, CniError
from cni.types.results import Interface, Result, replace
from netkernel.errors import KernelRefused
from netkernel.ops import AddAddress, CreateLink, DeleteAddress, DeleteLink, Op, SetLink, WriteSysctl
from netkernel.owner import stamp
from netkernel.place import Place
from netkernel.records import Address, Attrs, Link
from netkernel.typed import Final

_FORWARDING: Final = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}
_LINK_LOCAL: Final = ("fe8", "fe9", "fea", "feb")
OWNER: Final = "cnigateway"


def addresses(result: Result) -> list[tuple[str, int]]:
    """The gateways of a result with their prefixes, each once, in order."""
    found = [(each.gateway, int(each.address.partition("/")[2])) for each in result.ips if each.gateway]
    return list(dict.fromkeys(found))


def ensured(node: Place, bridge: Link, config: BridgeConfig) -> tuple[Link, tuple[Op, ...]]:
    """What carries the gateway's addresses, and the ops that made it. Raises CniError, KernelRefused."""
    if not config.vlan:
        return bridge, ()
    name = gateway_name(config)
    found = node.link(name)
    if found is not None:
        return found, ()
    port = f"veth{os.urandom(4).hex()}"
    in_vlan = replace(config, trunk=None, preserve_default_vlan=False, hairpin=False, port_isolation=False)
    made = (CreateLink(port, "veth", {"peer": name}),)  # the port first: callers find it by the index before ours
    own: Attrs = {"alias": stamp(OWNER, f"{bridge.name}/{config.vlan}"), "up": True}
    try:
        joins = [quiet(port), *join(port, in_vlan, bridge)]
        node.execute([*made, *joins, SetLink(name, "veth", own, {"alias": "", "up": False})])
    except KernelRefused as refused:
        if refused.errno != errno.EEXIST:
            node.undo(made)
            raise  # else another ADD made it meanwhile
    found = node.link(name)
    if found is None:
        raise CniError(INVALID_CONFIG, f'failed to create vlan interface "{name}"', "it went away again")
    return found, made


def is_there(node: Place, bridge: str, vlan: int) -> bool:
    """Whether the VLAN has a gateway that we made. Raises KernelRefused."""
    link = node.link(f"{bridge}.{vlan}")
    return link is not None and link.alias == stamp(OWNER, f"{bridge}/{vlan}")


def remove_unused(node: Place, bridge: str, vlan: int) -> None:
    """What we made for a VLAN goes with the last pod in it, whoever attached that. Raises KernelRefused."""
    if not is_there(node, bridge, vlan):
        return
    name, links = f"{bridge}.{vlan}", node.links()
    pods = [port.name for port in links.values() if port.master == bridge and port.netnsid is not None]
    if any(each.first <= vlan <= each.last for port in pods for each in node.vlans(port)):
        return
    node.execute([DeleteLink(name, "veth")])


def configuration(node: Place, link: Link, wanted: Iterable[tuple[str, int]], *, force: bool) -> list[Op]:
    """The ops that give a link the gateway addresses it lacks. Raises CniError when another one stands in the way."""
    there = [each for each in node.addresses(link) if not each.ip.startswith(_LINK_LOCAL)]
    ops: list[Op] = []
    for ip, prefix in wanted:
        if any((each.ip, each.prefix) == (ip, prefix) for each in there):
            continue
        family = 6 if ":" in ip else 4
        in_the_way = [each for each in there if each.family == family and (family == 4 or _overlap(each, ip, prefix))]
        if in_the_way and not force:
            what = "bridge addr" if link.kind == "bridge" else f'vlan interface "{link.name}" with addr'
            said = f'failed to set {what}: "{link.name}" already has an IP address different from {ip}/{prefix}'
            has = ", ".join(f"{each.ip}/{each.prefix}" for each in in_the_way)
            raise CniError(INVALID_CONFIG, said, f"it has {has}; forceAddress: true replaces them")
        ops += [DeleteAddress(each) for each in in_the_way]
        there = [each for each in there if each not in in_the_way]
        ops.append(AddAddress(Address(link.name, ip, prefix, flags=NO_DETECTION if family == 6 else 0)))
    return ops


def forwarding(node: Place, families: Iterable[int]) -> Iterator[Op]:
    """Raises KernelRefused."""
    for family in sorted(families):
        old = node.sysctl(_FORWARDING[family])
        if old != "1":
            yield WriteSysctl(_FORWARDING[family], new="1", old=old)


def interface(link: Link) -> Interface:
    return Interface(link.name, link.address)


def _overlap(there: Address, ip: str, prefix: int) -> bool:
    family = AF_INET6 if ":" in ip else AF_INET
    one, other = inet_pton(family, there.ip), inet_pton(family, ip)
    free = len(one) * 8 - min(there.prefix, prefix)
    return int.from_bytes(one) >> free == int.from_bytes(other) >> free
