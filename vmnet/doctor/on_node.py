"""The hops on the node, from the other end of the pod's link to the wire; and what is about the whole way."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel import owner
from netkernel.host import Host
from netkernel.records import Link
from netkernel.typed import Final
from vmnet.addressing import global_addresses
from vmnet.doctor import frames
from vmnet.doctor.evidence import Case, Finding
from vmnet.doctor.in_pod import wanted_ids
from vmnet.target import FORWARDING6, NETFILTER
from vmnet.vm import MASQUERADE

_OF_GUESTS: Final = frozenset({"tun", "macvtap", "dummy"})
"""Kinds of ports that lead to no network."""


def uplinks(node: Host, bridge: str) -> list[str]:
    """The ports through which a bridge reaches a network: no pod's and no VM's. None where there is no bridge."""
    return [port for port in node.ports(bridge) if bridge and _is_uplink(node.links[port])]


def _is_uplink(link: Link) -> bool:
    is_to_a_pod = link.kind == "veth" and link.netnsid is not None
    return not is_to_a_pod and link.kind not in _OF_GUESTS and owner.read(link.alias) is None


def peer(case: Case) -> Finding:
    name, node = case.seen.peer, case.seen.node
    link = node.host.links.get(name)
    if link is None:
        said = f"the other end of {case.outer} is not in this namespace: on the node, one would see more"
        return Finding("node", "", case.in_pod(f"ip -d link show dev {case.outer}"), said)
    without = "has no carrier: the pod's end is down" if case.is_pair else "has no carrier"
    wrong = frames.obstacle(node, link, None, without)
    return Finding(f"node link {name}", wrong, f"ip -d link show dev {name}")


def rules(case: Case) -> Finding | None:
    """Such as macspoofchk's: no pod is to be stopped by them at all."""
    side, name = case.seen.node, case.seen.peer
    if not name:
        return None
    now, past = frames.breaking(side, side.look(name).received, lambda _: True)
    return Finding(f"rules about {name}", frames.counted(now), frames.listing(now, past), frames.counted(past))


def forwarding(case: Case) -> Finding | None:
    """A pod whose link is in no bridge is reached by routes."""
    name, node = case.seen.peer, case.seen.node.host
    if name not in node.links or not case.is_pair or node.links[name].master:
        return None
    wanted = [f"net/ipv4/conf/{name}/forwarding"] if case.has(4) else []
    wanted += [FORWARDING6] if case.has(6) else []
    off = [path.replace("/", ".") for path in wanted if node.sysctls.get(path) == "0"]
    shown = off or [path.replace("/", ".") for path in wanted]
    return Finding("forwarding of the node", f"{', '.join(off)} = 0" if off else "", f"sysctl {' '.join(shown)}")


def connections(case: Case) -> Finding | None:
    """A bridge's frames are no connections, unless br_netfilter makes them some."""
    side = case.seen.node
    if not case.seen.peer or (case.node_bridge and side.host.sysctls.get(NETFILTER[0]) != "1"):
        return None
    said = f"is full: {side.tracking.count} of {side.tracking.limit} connections" if side.tracking.is_full else ""
    shows = "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max"
    return Finding("conntrack of the node", said, shows)


def bridge(case: Case) -> Finding | None:
    """Also whether somebody else has the MAC: a bridge believes who spoke last."""
    name, side = case.node_bridge, case.seen.node
    if not name:
        return None
    if not side.host.links[name].up:
        return Finding(f"node bridge {name}", "is down", f"ip -d link show dev {name}")
    shows = f"bridge fdb show br {name}"
    others = sorted({each.port for each in side.stations if each.mac == case.mac and each.port != case.seen.peer})
    said = f"knows {case.mac} behind {', '.join(others)}: another has this MAC" if others else ""
    return Finding(f"node bridge {name}", said, shows)


def vlans(case: Case) -> Finding | None:
    """Which VLANs the guest's frames are in, and whether they get in and out of the bridge."""
    node, port, name = case.seen.node.host, case.seen.peer, case.node_bridge
    if not name or not frames.filters(node, name):
        return None
    hop, shows = f"VLANs of {name}", f"bridge vlan show dev {port}"
    passes, vlan = node.vlans.get(port, ()), case.wiring.nic.vlan
    found = frames.untagged(passes)
    if vlan is None and case.seen.made_for and found != case.seen.made_for:
        said = f"{port} is in VLAN {found or 'none'}, its network is VLAN {case.seen.made_for}"
        return Finding(hop, said, shows)
    if vlan is None and not found:
        return Finding(hop, f"{port} is in no VLAN untagged, and the guest does not tag", shows)
    used = wanted_ids(vlan) if vlan else frames.ids(passes)
    if lost := used - frames.ids(passes):
        return Finding(hop, f"{port} does not pass VLAN {frames.listed(lost)}", shows)
    out = uplinks(node, name)
    if out and (lost := used - {id for each in out for id in frames.ids(node.vlans.get(each, ()))}):
        said = f"{' and '.join(out)} {'does' if len(out) == 1 else 'do'} not pass VLAN {frames.listed(lost)}"
        return Finding(hop, said, f"bridge vlan show dev {out[0]}")
    return Finding(hop, "", shows)


def uplink(case: Case) -> Finding | None:
    """One that works is enough."""
    side = case.seen.node
    if not case.node_bridge:
        return None
    out = uplinks(side.host, case.node_bridge)
    if not out:
        said = "has none: the guest reaches this node's pods and the node only"
        return Finding(f"uplink of {case.node_bridge}", "", f"bridge link show master {case.node_bridge}", said)
    broken = {each: said for each in out if (said := _broken(case, each))}
    hop, shows = f"uplink {' and '.join(out)}", f"ip -d link show dev {next(iter(broken), out[0])}"
    said = "; ".join(broken.values())
    if len(broken) == len(out):
        return Finding(hop, said, shows)
    return Finding(hop, "", shows, "; ".join([said, *_weak(side.host, out)]).strip("; "))


def _broken(case: Case, name: str) -> str:
    node = case.seen.node.host
    without = "has no carrier" + (f" ({'; '.join(_states(node, name))})" if node.ports(name) else "")
    said = frames.obstacle(case.seen.node, node.links[name], None, without)
    return f"{name} {said}" if said else ""


def _states(node: Host, bond: str) -> Iterator[str]:
    for each in node.ports(bond):
        link = node.links[each]
        yield f"{each} {'is down' if not link.up else 'has no carrier' if not link.carrier else 'is up'}"


def _weak(node: Host, names: list[str]) -> Iterator[str]:
    for name in names:
        for each in node.ports(name):
            if not node.links[each].carrier:
                yield f"{each} of {name} has no carrier"


def sizes(case: Case) -> Finding | None:
    """Links that pass frames on say nothing when one is too long; who routes says it, and it gets through in pieces."""
    pod, node, wanted = case.seen.pod.host, case.seen.node.host, case.device.mtu
    outer, is_routed = pod.links[case.outer], case.wiring.nic.binding == MASQUERADE
    inside = [outer] if case.is_tap_of_cni else [pod.links[case.wiring.tap], outer]
    beyond = [node.links[case.seen.peer]] if case.seen.peer in node.links else []
    if is_routed:
        way = [(inside[0], wanted), *((link, outer.mtu) for link in beyond)]
    else:
        beyond += [node.links[each] for each in uplinks(node, case.node_bridge)]
        way = [(link, wanted) for link in (*inside, *beyond)]
    for link, size in way:
        if link.mtu < size:
            said = f"{link.name} passes {link.mtu} bytes, and {size} may come: longer frames vanish"
            shows = f"ip link show dev {link.name}"
            return Finding("MTU", said, case.in_pod(shows) if link in inside else shows)
    is_cut = is_routed and outer.mtu < wanted
    noted = f"{outer.name} passes {outer.mtu} bytes, the guest sends {wanted}: it is told so" if is_cut else ""
    return Finding("MTU", "", case.in_pod(f"ip link show dev {case.outer}"), noted)


def addresses(case: Case) -> Finding | None:
    """Who else says an address is theirs."""
    for ip, macs in case.seen.answering.items():
        others = sorted(set(macs) - {case.mac})
        if others:
            said = f"{', '.join(others)} says that {ip} is its own, too"
            return Finding("address", said, case.in_pod(f"tcpdump -eni {case.outer} arp or icmp6"))
    given = [each.ip for family in (4, 6) for each in global_addresses(case.seen.was, case.wiring.link, family)]
    return Finding("address", "", case.in_pod(f"tcpdump -eni {case.outer} arp or icmp6")) if given else None
