"""The hops inside the pod, from the NIC to the link that CNI gave the pod."""

from __future__ import annotations

from netkernel.dropped import Dropped
from netkernel.typed import Final
from vmnet.doctor import frames
from vmnet.doctor.evidence import Case, Finding
from vmnet.frame_rules import PREFIX, SPOOFS
from vmnet.target import FORWARDING6
from vmnet.vm import BRIDGE, MASQUERADE, Vlan

_LAST_LINES: Final = 3


def wires(case: Case) -> Finding:
    wiring, links = case.wiring, case.seen.pod.host.links
    wanted = [case.outer] if case.is_tap_of_cni else [wiring.bridge, wiring.tap, case.outer]
    missing = [name for name in wanted if name not in links]
    said = f"{', '.join(missing)} not there: the NIC is not wired (vmnet setup)" if missing else ""
    return Finding("wires", said, case.in_pod("ip -brief link show"))


def tap(case: Case) -> Finding:
    """Also whether QEMU can open it: drivers/net/tun.c refuses who asks for queues of the other sort."""
    name, wanted = case.wiring.tap, case.device.queues
    link, look = case.seen.pod.host.links[name], case.seen.pod.look(name)
    hop, shows = f"tap {name}", case.in_pod(f"ip -d link show dev {name}")
    several = bool(link.attrs.get("multi_queue"))
    if link.kind == "tun" and several != (wanted > 1) and not link.carrier:
        has = "is multi-queue" if several else "has one queue"
        said = f"{has}, and QEMU is told queues={wanted}: it cannot open it (Invalid argument)"
        return Finding(hop, said, shows)
    if case.seen.stands_by and not link.up:
        return Finding(hop, "stands by: the guest runs elsewhere until `vmnet announce`", shows)
    master = None if case.is_tap_of_cni else case.wiring.bridge
    nobody = "has no carrier: no process has it open, QEMU does not run"
    wrong = frames.obstacle(case.seen.pod, link, master, nobody if link.kind == "tun" else _without_other(case))
    noted = []
    if not wrong and link.kind == "tun":
        if look.queues and look.queues < wanted:
            noted.append(f"{look.queues} of {wanted} queues are open")
        if case.device.nic.model == "virtio" and not link.facts.get("vnet_hdr"):
            noted.append("opened without vnet_hdr: checksums and segments are not left to the host")
    return Finding(hop, wrong, shows, "; ".join(noted))


def guest(case: Case) -> Finding | None:
    """Who speaks behind the tap: what the bridge has learned there."""
    if case.is_tap_of_cni:
        return None
    name, wanted = case.wiring.tap, case.device.mac
    shows = case.in_pod(f"bridge fdb show dev {name}")
    heard = [each.mac for each in case.seen.pod.stations if each.port == name and each.is_learned]
    others = ", ".join(sorted({mac for mac in heard if mac != wanted}))
    if others and wanted not in heard:
        return Finding("guest", f"speaks as {others}, and its NIC was given {wanted}", shows)
    if not case.seen.pod.look(name).received:
        shows = case.in_pod(f"ip -s link show dev {name}")
        return Finding("guest", "has sent nothing at all: no driver, or its link is down inside", shows)
    return Finding("guest", "", shows, f"speaks as {others} as well" if others else "")


def bridge(case: Case) -> Finding | None:
    if case.is_tap_of_cni:
        return None
    name = case.wiring.bridge
    link = case.seen.pod.host.links[name]
    wrong = "" if link.kind == "bridge" and link.up else "is down" if link.kind == "bridge" else "is no bridge"
    return Finding(f"pod bridge {name}", wrong, case.in_pod(f"ip -d link show dev {name}"))


def vlans(case: Case) -> Finding | None:
    vlan = case.wiring.nic.vlan
    if vlan is None or case.is_tap_of_cni:
        return None
    hop, shows = "VLANs of the pod bridge", case.in_pod("bridge vlan show")
    table, inner = case.seen.pod.host.vlans, case.wiring.tap
    native = vlan.access if vlan.access is not None else vlan.native
    found = frames.untagged(table.get(inner, ()))
    if found != (native or 0):
        return Finding(hop, f"{inner} is in VLAN {found or 'none'} untagged, wanted {native or 'none'}", shows)
    for port in (inner, case.outer):
        if lost := wanted_ids(vlan) - frames.ids(table.get(port, ())):
            return Finding(hop, f"{port} does not pass VLAN {frames.listed(lost)}", shows)
    return Finding(hop, "", shows)


def wanted_ids(vlan: Vlan) -> set[int]:
    """All that the guest is in."""
    alone = {each for each in (vlan.access, vlan.native) if each is not None}
    return alone | {id for first, last in vlan.trunk for id in range(first, last + 1)}


def rules(case: Case) -> Finding | None:
    """Ours stop what a guest should not send; that some of it is stopped is their purpose, and noted."""
    if case.is_tap_of_cni:
        return None
    side, name = case.seen.pod, case.wiring.tap
    now, past = frames.breaking(side, side.look(name).received, _stops)
    shows = case.in_pod(frames.listing(now, past))
    return Finding("rules of the NIC", frames.counted(now), shows, frames.counted(past))


def _stops(rule: Dropped) -> bool:
    is_ours = rule.table.partition(" ")[2].startswith(PREFIX)
    return rule.comment in SPOOFS if is_ours else True


def lease(case: Case) -> Finding | None:
    """What `vmnet serve` has to do with it. A guest whose address was set by hand asks nobody."""
    families = [family for family in (4, 6) if case.has(family)]
    binding, seen = case.wiring.nic.binding, case.seen
    if not (binding == MASQUERADE and families) and not (binding == BRIDGE and 4 in families):
        return None
    shows = case.in_pod(f"tcpdump -eni {case.wiring.tap} port 67 or port 68 or port 547")
    if seen.transcript.leases:
        return Finding("DHCP", "", shows, "" if seen.is_served else "nobody serves the guest any more (vmnet serve)")
    if not seen.is_served:
        return Finding("DHCP", "nobody serves the guest (vmnet serve)", shows)
    lines = [each.said for each in seen.transcript.lines if "router solicitation" not in each.said]
    if not lines:
        return Finding("DHCP", "", shows, "the guest has not asked for an address: one set by hand needs none")
    return Finding("DHCP", f"the guest has no lease: {'; '.join(lines[-_LAST_LINES:])}", shows)


def forwarding(case: Case) -> Finding | None:
    wiring, sysctls = case.wiring, case.seen.pod.host.sysctls
    if wiring.nic.binding != MASQUERADE:
        return None
    wanted = [f"net/ipv4/conf/{each}/forwarding" for each in (wiring.link, wiring.bridge)] if case.has(4) else []
    wanted += [FORWARDING6] if case.has(6) else []
    off = [path.replace("/", ".") for path in wanted if sysctls.get(path) == "0"]
    shown = off or [path.replace("/", ".") for path in wanted]
    return Finding("forwarding", f"{', '.join(off)} = 0" if off else "", case.in_pod(f"sysctl {' '.join(shown)}"))


def connections(case: Case) -> Finding | None:
    if case.wiring.nic.binding != MASQUERADE:
        return None
    tracking = case.seen.pod.tracking
    shows = case.in_pod("sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max")
    if tracking.is_full:
        return Finding("conntrack", f"is full: {tracking.count} of {tracking.limit} connections", shows)
    silent = [flow for flow in tracking.flows if not flow.is_answered]
    noted = []
    if silent and len(silent) == len(tracking.flows):
        noted.append(f"none of the guest's {len(silent)} connections was answered")
    if tracking.refused:
        noted.append(f"{tracking.refused} packets found no room since the pod began")
    return Finding("conntrack", "", shows, "; ".join(noted))


def pod_link(case: Case) -> Finding | None:
    """The tap of a CNI plugin has been looked at already."""
    if case.is_tap_of_cni:
        return None
    link = case.seen.pod.host.links[case.outer]
    master = case.wiring.bridge if case.wiring.takes_link else ""
    wrong = frames.obstacle(case.seen.pod, link, master, _without_other(case))
    return Finding(f"pod link {link.name}", wrong, case.in_pod(f"ip -d link show dev {link.name}"))


def _without_other(case: Case) -> str:
    """Why the pod's link has no carrier; "" where what it leads to is seen, and says so itself."""
    other = case.seen.node.host.links.get(case.seen.peer)
    is_seen = other is not None and not (other.up and other.carrier)
    return "" if is_seen else "has no carrier: its other end is down or gone"
