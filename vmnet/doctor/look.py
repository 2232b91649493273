"""The thin part of a diagnosis: looks at the pod and at its node, over our own sockets, and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress

from netkernel import conntrack, netns, pod_stamp, stations, sysctl
from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.netlink import Socket
from netkernel.stations import Station
from vmnet import gauges
from vmnet.act import Asked
from vmnet.addressing import global_addresses, inside
from vmnet.doctor import duplicates
from vmnet.doctor.evidence import Case, Evidence, Finding, Side
from vmnet.doctor.walk import Diagnosis, walked
from vmnet.hardware import Device, devices
from vmnet.kept import Kept, Records
from vmnet.pod import LinuxPod, observe
from vmnet.target import FORWARDING6, NETFILTER
from vmnet.vm import MASQUERADE, TAP
from vmnet.wiring import Wiring


def diagnosed(
    asked: Asked,
    pod: LinuxPod,
    records: Records,
    *,
    only: str = "",
    probes: bool = True,
    wait_s: float = duplicates.WAIT_S,
) -> tuple[Diagnosis, ...]:
    """Every NIC that is to be there, or the `only` one; called on the node. Others are asked about addresses last.

    Raises NetworkError.
    """
    kept = records.read(asked.namespace)
    now = observe(pod, asked.watched(pod.snapshot(), kept))
    with LinuxKernel() as node:
        here = node.overview(())
    found = []
    for wiring in asked.wirings(now, kept):
        if wiring.nic.state != "absent" and only in ("", wiring.nic.name):
            found.append(_one(asked, pod.path, records, kept, wiring, (now, here), probes, wait_s))
    return tuple(found)


def _one(
    asked: Asked,
    path: str,
    records: Records,
    kept: Kept | None,
    wiring: Wiring,
    sides: tuple[Host, Host],
    probes: bool,
    wait_s: float,
) -> Diagnosis:
    now, here = sides
    taken = kept.of(wiring.nic.name) if kept else None
    if taken is None and wiring.link not in now.links:
        said = "is not there: CNI has not attached it, or calls it else"
        return Diagnosis(wiring.nic.name, (Finding(f"pod link {wiring.link}", said, f"nsenter --net={path} ip link"),))
    (device,) = devices(replace(asked.vm, nics=(wiring.nic,)), (wiring,), kept, now)
    was = taken.was if taken else now
    seen = _seen(path, wiring, device, was, now, here)
    is_served, told = gauges.served(records, asked.namespace, wiring.tap)
    waits = kept is not None and kept.standby
    case = Case(wiring, device, replace(seen, is_served=is_served, stands_by=waits, transcript=told), path)
    findings = walked(case)
    if probes and not any(each.wrong for each in findings):
        case = _probed(case, path, wait_s)
        findings = walked(case)
    return Diagnosis(wiring.nic.name, findings, told)


def _seen(path: str, wiring: Wiring, device: Device, was: Host, now: Host, here: Host) -> Evidence:
    outer = wiring.renamed if wiring.takes_link else wiring.link
    mine = [name for name in (wiring.tap, wiring.bridge, outer) if name in now.links]
    guests = {each.ip for family in (4, 6) for each in global_addresses(was, wiring.link, family)}
    if wiring.nic.binding == MASQUERADE:
        guests |= {inside(wiring.nic, family).guest for family in (4, 6)}
    pod = _side(path, now, mine, wiring.bridge, (wiring.tap, wiring.bridge), guests)
    peer = _peer(now, outer, pod.look(outer).other_end, here)
    bridge = here.links[peer].master if peer else ""
    theirs = [name for name in (peer, *here.ports(bridge), bridge) if name in here.links]
    node = _side("", here, theirs, bridge, (peer,), ())
    stamp = pod_stamp.read(here.links[peer].alias) if peer else None
    return Evidence(pod=pod, node=node, was=was, peer=peer, made_for=stamp.vlan if stamp else 0)


def _side(
    path: str, host: Host, links: Sequence[str], bridge: str, counted: Collection[str], guests: Collection[str]
) -> Side:
    """One namespace, that of the calling thread where there is no path."""
    with netns.inside(path) if path else nullcontext():
        with Socket() as door:
            close = gauges.close_looks(door, host, links)
            known = _stations(door, host, bridge)
        rules = gauges.dropped_of(counted)
        tracking = conntrack.looked_at((lambda flow: flow.source in guests) if guests else None)
        found = {} if path else dict(_forwarding(links))
    host = replace(host, sysctls={**host.sysctls, **found})
    return Side(host=host, close=close, stations=known, dropped=rules, dropped_before=rules, tracking=tracking)


def _stations(door: Socket, host: Host, bridge: str) -> tuple[Station, ...]:
    if bridge not in host.links or host.links[bridge].kind != "bridge":
        return ()
    names = {link.index: name for name, link in host.links.items()}
    return tuple(stations.of_bridge(door, host.links[bridge].index, names))


def _forwarding(links: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in (FORWARDING6, *NETFILTER, *(f"net/ipv4/conf/{name}/forwarding" for name in links[:1])):
        with suppress(KernelRefused):
            yield path, sysctl.read(path)


def _peer(now: Host, outer: str, index: int, here: Host) -> str:
    """The node's end of a pod's link: it has that index, and knows that its own other end is elsewhere."""
    own = now.links.get(outer)
    if own is None or own.netnsid is None or not index:
        return ""
    found = next((link for link in here.links.values() if link.index == index), None)
    if found is None or (own.kind == "veth" and (found.kind != "veth" or found.netnsid is None)):
        return ""
    return found.name


def _probed(case: Case, path: str, wait_s: float) -> Case:
    """With who else claims the guest's addresses, and what rules have dropped meanwhile."""
    wiring, seen = case.wiring, case.seen
    given = [each.ip for family in (4, 6) for each in global_addresses(seen.was, wiring.link, family)]
    answers: Mapping[str, tuple[str, ...]] = {}
    if wiring.nic.binding != TAP:
        try:
            vlan = (wiring.nic.vlan.access or wiring.nic.vlan.native or 0) if wiring.nic.vlan else 0
            answers = duplicates.answering(path, case.outer, case.mac, given, wait_s, vlan)
        except OSError as error:
            raise NetworkError(f"{case.outer}: nobody can be asked: {error.strerror}") from error
    with netns.inside(path):
        in_pod = gauges.dropped_of((wiring.tap, wiring.bridge))
    pod, node = replace(seen.pod, dropped=in_pod), replace(seen.node, dropped=gauges.dropped_of((seen.peer,)))
    return replace(case, seen=replace(seen, pod=pod, node=node, answering=answers))
