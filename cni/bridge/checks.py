"""CHECK: whether an attachment is still as the result of ADD describes it.

What chained plugins changed since is no difference: the result is the last one's (CNI specification 1.1.0, section 4).
Neither is the MAC of a bridge that nobody pinned, which follows its ports, or promiscuity that somebody else asked for.
"""

from __future__ import annotations

from cni.bridge.config import BridgeConfig
from cni.bridge.pod import network
from cni.skel import Call
from cni.types.errors import INTERNAL, CniError
from cni.types.results import Result
from netkernel.place import Place
from netkernel.records import Link

_DEFAULTS = ("0.0.0.0/0", "::/0")


def check(outside: Place, inside: Place, call: Call, config: BridgeConfig, result: Result) -> None:
    """Raises CniError for the first thing that is not so."""
    bridge = outside.link(config.bridge)
    if bridge is None or not any(each.name == config.bridge and not each.sandbox for each in result.interfaces):
        raise _wrong(f"CNI created bridge {config.bridge} in host namespace was not found")
    if bridge.kind != "bridge":
        raise _wrong(f"interface {config.bridge} is of type {bridge.kind or 'NIC'}, wanted bridge")
    if config.promisc and not bridge.attrs.get("promisc"):
        raise _wrong(f"bridge interface {config.bridge} configured promisc mode is true, current state is false")
    theirs = _theirs(inside, call, result)
    _port(outside, call, bridge, theirs, result)
    _addresses(inside, theirs, result)


def _wrong(message: str) -> CniError:
    return CniError(INTERNAL, message)


def _theirs(inside: Place, call: Call, result: Result) -> Link:
    described = [each for each in result.interfaces if each.name == call.ifname and each.sandbox]
    if not described:
        raise _wrong(f"CNI created interface in container {call.ifname} not found")
    if described[0].sandbox != call.netns:
        raise _wrong(f"sandbox in prevResult {described[0].sandbox} doesn't match configured netns: {call.netns}")
    link = inside.link(call.ifname)
    if link is None:
        raise _wrong(f"container interface {call.ifname} not found in {call.netns}")
    if link.kind != "veth":
        raise _wrong(f"container interface {call.ifname} is of type {link.kind or 'NIC'}, wanted veth")
    mac = described[0].mac.lower()
    if mac and mac != link.address:
        raise _wrong(f"interface {call.ifname} Mac {mac} doesn't match container Mac: {link.address}")
    return link


def _port(outside: Place, call: Call, bridge: Link, theirs: Link, result: Result) -> None:
    for each in result.interfaces:
        link = outside.link(each.name) if not each.sandbox and each.name != bridge.name else None
        if link is None or link.kind != "veth" or outside.peer_index(each.name) != theirs.index:
            continue
        if each.mac and each.mac.lower() != link.address:
            raise _wrong(f"interface {each.name} Mac {each.mac.lower()} doesn't match container Mac: {link.address}")
        if link.master != bridge.name:
            raise _wrong(f"interface {each.name} is not a port of bridge {bridge.name}: {link.master or 'of none'}")
        return
    raise _wrong(f"CNI veth created for bridge {bridge.name} was not found")


def _addresses(inside: Place, link: Link, result: Result) -> None:
    there = {f"{each.ip}/{each.prefix}" for each in inside.addresses(link)}
    for each in result.ips:
        if each.address not in there:
            raise _wrong(f"Failed to match addr {each.address} on interface {link.name}")
    destinations = inside.destinations()
    for route in result.routes:
        if network(route.dst) not in destinations:
            raise _wrong(f"Expected Route {route.dst} not found in routing table")
    for each in result.ips:
        if network(each.address) not in destinations:
            raise _wrong(f"Failed to get routes for {each.address}")
