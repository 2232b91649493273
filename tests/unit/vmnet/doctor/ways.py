"""Ways from a guest to the wire on which nothing is wrong, and what can be done to one of their hops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as some

from netkernel import owner
from netkernel.close_look import CloseLook
from netkernel.conntrack import Tracking
from netkernel.dropped import Dropped
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address, Link, VlanRange
from netkernel.stations import Station
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, read, vmi
from vmnet.doctor.evidence import Case, Evidence, Side
from vmnet.hardware import Device
from vmnet.transcript import Lease, Line, OfTap
from vmnet.vm import MASQUERADE
from vmnet.wiring import wirings

MAC, OTHER, NETNS = "02:00:00:00:00:01", "02:00:00:00:00:66", "/run/netns/pod"
PORT = CloseLook(received=100, sent=100, port_state="forwarding")
SPOOF = Dropped("bridge vmnet-tap1", "from-guest", "another MAC", 60)


def link(name: str, kind: str, index: int, master: str = "", **attrs: Any) -> Link:
    has = {"up": True, "mtu": 1500, "master": master, "address": f"0a:00:00:00:00:{index:02x}", **attrs}
    is_far = kind == "veth" and "alias" not in attrs
    return Link(name, kind, has, index=index, carrier=True, netnsid=0 if is_far else None)


def vlan(*tagged: int, native: int = 0) -> tuple[VlanRange, ...]:
    return (
        *((VlanRange(native, native, pvid=True, untagged=True),) if native else ()),
        *(VlanRange(i, i) for i in tagged),
    )


@some.composite
def well(draw: some.DrawFn) -> Case:
    """A NIC all of whose hops are well."""
    is_masqueraded = draw(some.booleans())
    queues = draw(some.integers(1, 4))
    asks = (
        draw(some.sampled_from([None, {"access": 7}, {"trunk": [7, 8], "native": 9}])) if not is_masqueraded else None
    )
    fields = {"queues": queues, "macAddress": MAC, **({"vlan": asks} if asks else {})}
    nic = {**(MASQUERADED if is_masqueraded else BRIDGED), **fields}
    (wiring,) = wirings(read(vmi([nic], [POD if is_masqueraded else LAN])), ["net1"])
    families = draw(some.sampled_from([(4,), (6,), (4, 6)]))
    given = {4: Address(wiring.link, "203.0.113.5", 24), 6: Address(wiring.link, "2001:db8::5", 64)}
    own = link(wiring.link, "veth", 2)
    was = Host(links={own.name: own}, addresses={own.name: tuple(given[family] for family in families)})
    outer = own.name if is_masqueraded else wiring.renamed
    bridge, tap = wiring.bridge, wiring.tap
    pod = Host(
        links={
            tap: link(tap, "tun", 3, bridge, multi_queue=int(queues > 1), vnet_hdr=1),
            bridge: link(bridge, "bridge", 4),
            outer: link(outer, "veth", 2, "" if is_masqueraded else bridge),
        },
        sysctls={path: "1" for path in _forwarding(own.name, bridge)},
        vlans={} if not asks else {tap: vlan(native=7) if "access" in asks else vlan(7, 8, native=9),
                                   outer: vlan(7) if "access" in asks else vlan(7, 8, 9)},
    )  # fmt: skip
    in_pod = Side(host=pod, close={tap: PORT, outer: PORT}, stations=(Station(tap, MAC),), tracking=Tracking(5, 100))
    is_routed = is_masqueraded and draw(some.booleans())
    node = _node(is_routed, draw(some.booleans()), asks)
    told = OfTap((Line(1, "REQUEST: ACK"),), (Lease("203.0.113.5", 1, 2),)) if draw(some.booleans()) else OfTap()
    seen_as = own.address if is_masqueraded else MAC
    if is_masqueraded:  # what is inside a pod is nobody else's business
        node = replace(node, stations=(Station("node-veth", seen_as), Station("pod2", MAC)))
    answers = draw(some.sampled_from([(), (seen_as,)]))
    seen = Evidence(
        pod=in_pod, node=node, was=was, peer="node-veth", made_for=0 if asks or is_routed else 93, is_served=True,
        transcript=told, answering={each.ip: answers for each in was.addresses[own.name]},
    )  # fmt: skip
    (nic_,) = read(vmi([nic], [POD if is_masqueraded else LAN])).nics
    return Case(wiring, Device(nic_, tap, MAC, 1500, queues), seen, NETNS)


def _forwarding(link: str, bridge: str) -> list[str]:
    return [*(f"net/ipv4/conf/{each}/forwarding" for each in (link, bridge)), "net/ipv6/conf/all/forwarding"]


def _node(is_routed: bool, filters: bool, asks: Mapping[str, Any] | None) -> Side:
    end = link("node-veth", "veth", 20, "" if is_routed else "br1")
    ids = [7, 8, 9] if asks else [93]
    host = Host(
        links={
            "node-veth": end,
            "br1": link("br1", "bridge", 21, vlan_filtering=int(filters)),
            "bond1": link("bond1", "bond", 22, "br1"),
            "wire1": link("wire1", "", 23, "bond1"),
            "svi7": link("svi7", "veth", 26, "br1", mtu=68, alias=owner.stamp("cni", "br1/7")),
            "tap9": link("tap9", "tun", 24, "br1", mtu=68),
            "pod2": replace(link("pod2", "veth", 25, "br1", mtu=68), carrier=False),
        },
        vlans={"node-veth": vlan(*ids) if asks else vlan(native=93), "bond1": vlan(1, *ids, 94)},
        sysctls={path: "1" for path in _forwarding("node-veth", "br1")},
    )
    return Side(host=host, close={"node-veth": PORT, "bond1": PORT}, stations=(Station("node-veth", MAC),))


def on_pod(case: Case, change: Callable[[Side], Side]) -> Case:
    return replace(case, seen=replace(case.seen, pod=change(case.seen.pod)))


def on_node(case: Case, change: Callable[[Side], Side]) -> Case:
    return replace(case, seen=replace(case.seen, node=change(case.seen.node)))


def with_link(side: Side, name: str, *, carrier: bool | None = None, **attrs: Any) -> Side:
    old = side.host.links[name]
    new = replace(old, attrs={**old.attrs, **attrs}, carrier=old.carrier if carrier is None else carrier)
    return replace(side, host=replace(side.host, links={**side.host.links, name: new}))


def without_sysctl(side: Side, path: str) -> Side:
    return replace(side, host=replace(side.host, sysctls={**side.host.sysctls, path: "0"}))


def with_vlans(side: Side, name: str, *ranges: VlanRange) -> Side:
    return replace(side, host=replace(side.host, vlans={**side.host.vlans, name: ranges}))


def _is_masqueraded(case: Case) -> bool:
    return case.wiring.nic.binding == MASQUERADE


def _filters(case: Case) -> bool:
    return bool(case.node_bridge) and bool(case.seen.node.host.links["br1"].attrs["vlan_filtering"])


def _family(case: Case) -> int:
    return 4 if case.has(4) else 6


Break = tuple[str, Callable[[Case], bool], Callable[[Case], Case]]
ALWAYS: Callable[[Case], bool] = lambda _: True  # noqa: E731

BREAKS: Mapping[str, Break] = {
    "no tap": ("wires", ALWAYS, lambda case: on_pod(case, lambda side: replace(side, host=replace(
        side.host, links={name: each for name, each in side.host.links.items() if name != case.wiring.tap})))),
    "queues": ("tap", ALWAYS, lambda case: on_pod(case, lambda side: with_link(
        side, case.wiring.tap, carrier=False, multi_queue=int(case.device.queues == 1)))),
    "tap down": ("tap", ALWAYS, lambda case: on_pod(case, lambda side: with_link(side, case.wiring.tap, up=False))),
    "tap elsewhere": ("tap", ALWAYS, lambda case: on_pod(
        case, lambda side: with_link(side, case.wiring.tap, master=""))),
    "no guest": ("tap", ALWAYS, lambda case: on_pod(
        case, lambda side: with_link(side, case.wiring.tap, carrier=False))),
    "blocked": ("tap", ALWAYS, lambda case: on_pod(case, lambda side: replace(
        side, close={**side.close, case.wiring.tap: replace(side.look(case.wiring.tap), port_state="blocking")}))),
    "wrong MAC": ("guest", ALWAYS, lambda case: on_pod(case, lambda side: replace(
        side, stations=(Station(case.wiring.tap, OTHER),)))),
    "mute": ("guest", ALWAYS, lambda case: on_pod(case, lambda side: replace(
        side, close={**side.close, case.wiring.tap: replace(side.look(case.wiring.tap), received=0)}))),
    "bridge down": ("pod bridge", ALWAYS, lambda case: on_pod(
        case, lambda side: with_link(side, case.wiring.bridge, up=False))),
    "pod VLAN": ("VLANs of the pod bridge", lambda case: case.wiring.nic.vlan is not None, lambda case: on_pod(
        case, lambda side: with_vlans(side, case.outer, *vlan(5)))),
    "spoof drop": ("rules of the NIC", ALWAYS, lambda case: on_pod(case, lambda side: replace(side, dropped=(SPOOF,)))),
    "dropping now": ("rules of the NIC", ALWAYS, lambda case: on_pod(case, lambda side: replace(
        side, dropped=(replace(SPOOF, packets=3),), dropped_before=(replace(SPOOF, packets=2),)))),
    "no lease": ("DHCP", lambda case: _is_masqueraded(case) or case.has(4), lambda case: replace(case, seen=replace(
        case.seen, transcript=OfTap((Line(1, "REQUEST: NAK"),))))),
    "not served": ("DHCP", lambda case: _is_masqueraded(case) or case.has(4), lambda case: replace(case, seen=replace(
        case.seen, transcript=OfTap(), is_served=False))),
    "forwarding": ("forwarding", _is_masqueraded, lambda case: on_pod(case, lambda side: without_sysctl(
        side, f"net/ipv4/conf/{case.wiring.link}/forwarding" if case.has(4) else "net/ipv6/conf/all/forwarding"))),
    "full": ("conntrack", _is_masqueraded, lambda case: on_pod(case, lambda side: replace(
        side, tracking=Tracking(100, 100)))),
    "pod link": ("pod link", ALWAYS, lambda case: on_pod(case, lambda side: with_link(side, case.outer, up=False))),
    "pod link's carrier": ("pod link", ALWAYS, lambda case: on_pod(
        case, lambda side: with_link(side, case.outer, carrier=False))),
    "peer down": ("node link", ALWAYS, lambda case: on_node(on_pod(
        case, lambda side: with_link(side, case.outer, carrier=False)),
        lambda side: with_link(side, "node-veth", up=False, carrier=False))),
    "macspoofchk": ("rules about node-veth", ALWAYS, lambda case: on_node(case, lambda side: replace(
        side, dropped=(Dropped("bridge nat", "c", "", 100),)))),
    "node forwarding": ("forwarding of the node", lambda case: not case.node_bridge, lambda case: on_node(
        case, lambda side: without_sysctl(side, "net/ipv4/conf/node-veth/forwarding" if case.has(4)
                                          else "net/ipv6/conf/all/forwarding"))),
    "node full": ("conntrack of the node", lambda case: not case.node_bridge, lambda case: on_node(
        case, lambda side: replace(side, tracking=Tracking(9, 9)))),
    "netfilter full": ("conntrack of the node", lambda case: bool(case.node_bridge), lambda case: on_node(
        case, lambda side: replace(side, tracking=Tracking(9, 9), host=replace(
            side.host, sysctls={**side.host.sysctls, "net/bridge/bridge-nf-call-iptables": "1"})))),
    "node bridge": ("node bridge", lambda case: bool(case.node_bridge), lambda case: on_node(
        case, lambda side: with_link(side, "br1", up=False))),
    "another's MAC": ("node bridge", lambda case: bool(case.node_bridge), lambda case: on_node(
        case, lambda side: replace(side, stations=(Station("pod2", case.mac),)))),
    "wrong VLAN": ("VLANs of br1", _filters, lambda case: on_node(
        case, lambda side: with_vlans(side, "node-veth", *vlan(native=94)))),
    "filtered VID": ("VLANs of br1", _filters, lambda case: on_node(
        case, lambda side: with_vlans(side, "bond1", *vlan(1, native=94)))),
    "uplink": ("uplink bond1", lambda case: bool(case.node_bridge), lambda case: on_node(
        case, lambda side: with_link(with_link(side, "bond1", carrier=False), "wire1", carrier=False))),
    "MTU": ("MTU", ALWAYS, lambda case: on_node(case, lambda side: with_link(side, "node-veth", mtu=1400))),
    "duplicate": ("address", ALWAYS, lambda case: replace(case, seen=replace(
        case.seen, answering={"203.0.113.5": (OTHER,)}))),
}  # fmt: skip
"""By name: how its hop begins, for which cases it is one, and what is done. In the order of the hops."""
