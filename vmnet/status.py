"""What has become of a VM's NICs: how they are wired, what passes them, what their guest was lent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from netkernel import netns
from netkernel.close_look import CloseLook
from netkernel.dropped import Dropped
from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.netlink import Socket
from vmnet import gauges
from vmnet.act import Asked
from vmnet.addressing import global_addresses, inside
from vmnet.hardware import Device, devices
from vmnet.kept import Kept, Records
from vmnet.pod import LinuxPod
from vmnet.transcript import Lease, OfTap
from vmnet.vm import MASQUERADE, Nic, Vm
from vmnet.wiring import Wiring


class NicStatus(Frozen, kw_only=True):
    """One NIC as it is now. `missing` is what is not there and should be; `has_guest`: a process has the tap open.

    `counters` are the tap's, so that what it received came from the guest; `dropped` is what rules took out of that and
    of what was for the guest, by what they say. `leases` are what `vmnet serve` lent; `since` is when it was wired, in
    seconds of 1970, 0 for not at all.
    """

    nic: Nic
    link: str
    tap: str
    mac: str = ""
    addresses: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    queues: int = 1
    has_guest: bool = False
    missing: tuple[str, ...] = ()
    stands_by: bool = False
    counters: CloseLook = CloseLook()
    dropped: Mapping[str, int] = {}
    leases: tuple[Lease, ...] = ()
    since: float = 0.0

    @property
    def state(self) -> str:
        if self.nic.state == "absent":
            return "absent"
        if self.missing:
            return "not wired"
        if self.stands_by:
            return "stands by"
        return "down" if self.nic.state == "down" else "up" if self.has_guest else "waits for its guest"


class Gauge(Frozen):
    """What was read off one NIC's tap."""

    counters: CloseLook = CloseLook()
    dropped: tuple[Dropped, ...] = ()
    told: OfTap = OfTap()


def observed(asked: Asked, pod: LinuxPod, records: Records) -> list[NicStatus]:
    """Of every NIC, in the manifest's order. Raises NetworkError."""
    host, kept = pod.snapshot(), records.read(asked.namespace)
    wirings = asked.wirings(host, kept)
    there = [each for each in wirings if each.link in host.links or (kept and kept.of(each.nic.name))]
    with netns.inside(pod.path), Socket() as door:
        looks = gauges.close_looks(door, host, [each.tap for each in wirings if each.tap in host.links])
        rules = {each.tap: gauges.dropped_of((each.tap,)) for each in wirings if each.tap in host.links}
    read = {
        each.nic.name: Gauge(
            looks.get(each.tap, CloseLook()),
            rules.get(each.tap, ()),
            gauges.served(records, asked.namespace, each.tap)[1],
        )
        for each in wirings
    }
    return list(statuses(asked.vm, wirings, kept, host, devices(asked.vm, there, kept, host), read))


def statuses(
    vm: Vm,
    wirings: Sequence[Wiring],
    kept: Kept | None,
    pod: Host,
    hardware: Sequence[Device],
    read: Mapping[str, Gauge] | None = None,
) -> Iterator[NicStatus]:
    """In the manifest's order."""
    by_name = {device.nic.name: device for device in hardware}
    for wiring in wirings:
        nic = wiring.nic
        taken = kept.of(nic.name) if kept else None
        was = taken.was if taken else pod
        tap = pod.links.get(wiring.tap)
        device = by_name.get(nic.name)
        gauge = (read or {}).get(nic.name, Gauge())
        families = [family for family in (4, 6) if global_addresses(was, wiring.link, family)]
        yield NicStatus(
            nic=nic,
            link=wiring.link,
            tap=wiring.tap,
            mac=device.mac if device else "",
            addresses=tuple(each.ip for family in families for each in global_addresses(was, wiring.link, family)),
            inside=tuple(inside(nic, family).guest for family in families) if nic.binding == MASQUERADE else (),
            queues=vm.queues(nic),
            has_guest=tap is not None and tap.carrier,
            missing=() if nic.state == "absent" else tuple(_missing(wiring, pod)),
            stands_by=kept is not None and kept.standby,
            counters=gauge.counters,
            dropped=_by_reason(gauge.dropped),
            leases=gauge.told.leases,
            since=taken.since if taken else 0.0,
        )


def _missing(wiring: Wiring, pod: Host) -> Iterator[str]:
    wanted = [wiring.tap]
    if wiring.nic.is_on_a_bridge:
        wanted = [wiring.bridge, wiring.tap, wiring.link, *([wiring.renamed] if wiring.takes_link else [])]
    return (name for name in dict.fromkeys(wanted) if name not in pod.links)


def _by_reason(rules: Iterable[Dropped]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in rules:
        if each.packets:
            reason = each.comment or f"{each.table} {each.chain}"
            found[reason] = found.get(reason, 0) + each.packets
    return found
