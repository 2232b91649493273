"""What has become of a VM's NICs: the table people look at, and KubeVirt's `status.interfaces`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.typed import Any
from vmnet.addressing import global_addresses, inside
from vmnet.hardware import Device
from vmnet.kept import Kept
from vmnet.vm import MASQUERADE, Nic, Vm
from vmnet.wiring import Wiring


class NicStatus(Frozen, kw_only=True):
    """One NIC as it is now. `missing` is what is not there and should be; `has_guest`: a process has the tap open."""

    nic: Nic
    link: str
    tap: str
    mac: str = ""
    addresses: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    queues: int = 1
    has_guest: bool = False
    missing: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        if self.nic.state == "absent":
            return "absent"
        if self.missing:
            return "not wired"
        return "down" if self.nic.state == "down" else "up" if self.has_guest else "waits for its guest"


def statuses(
    vm: Vm, wirings: Sequence[Wiring], kept: Kept | None, pod: Host, devices: Sequence[Device]
) -> Iterator[NicStatus]:
    """In the manifest's order."""
    by_name = {device.nic.name: device for device in devices}
    for wiring in wirings:
        nic = wiring.nic
        taken = kept.of(nic.name) if kept else None
        was = taken.was if taken else pod
        tap = pod.links.get(wiring.tap)
        device = by_name.get(nic.name)
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
        )


def _missing(wiring: Wiring, pod: Host) -> Iterator[str]:
    wanted = [wiring.tap]
    if wiring.nic.is_on_a_bridge:
        wanted = [wiring.bridge, wiring.tap, wiring.link, *([wiring.renamed] if wiring.takes_link else [])]
    return (name for name in dict.fromkeys(wanted) if name not in pod.links)


def table(found: Iterable[NicStatus]) -> str:
    """Name, model, network, type and MAC as KubeVirt's slides have them, then what became of it."""
    rows = [("NAME", "MODEL", "NETWORK", "TYPE", "MAC", "TAP", "ADDRESSES", "STATE")]
    for each in found:
        nic = each.nic
        network = "pod" if nic.network.is_pod else nic.network.multus
        kind = nic.plugin or nic.binding
        missing = f" ({', '.join(each.missing)} missing)" if each.missing else ""
        addresses = " ".join(each.addresses) or "-"
        rows.append((nic.name, nic.model, network, kind, each.mac or "-", each.tap, addresses, each.state + missing))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def as_kubevirt(each: NicStatus) -> Mapping[str, Any]:
    """An entry of `status.interfaces`, with what KubeVirt has no field for behind it."""
    ips = list(each.addresses)
    fields: dict[str, Any] = {
        "name": each.nic.name,
        "mac": each.mac,
        "ipAddress": ips[0] if ips else "",
        "ipAddresses": ips,
        "podInterfaceName": each.link,
        "infoSource": "domain",
        "queueCount": each.queues,
        "linkState": "down" if each.nic.state == "down" else "up",
    }
    return {
        **fields,
        "guestIPs": list(each.inside),
        "tap": each.tap,
        "state": each.state,
        "missing": list(each.missing),
    }
