"""A VM's NICs as they are printed: the table people look at, and KubeVirt's `status.interfaces`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import gmtime, strftime

from netkernel.typed import Any, Final
from vmnet.status import NicStatus

HEAD: Final = (
    "NAME", "MODEL", "NETWORK", "TYPE", "MAC", "TAP", "ADDRESSES", "LEASE", "FROM/TO GUEST", "DROPPED", "AGE", "STATE",
)  # fmt: skip


def table(found: Iterable[NicStatus], now: float) -> str:
    """Name, model, network, type and MAC as KubeVirt's slides have them, then what became of it until `now`."""
    rows = [HEAD, *(_row(each, now) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def _row(each: NicStatus, now: float) -> tuple[str, ...]:
    nic = each.nic
    missing = f" ({', '.join(each.missing)} missing)" if each.missing else ""
    return (
        nic.name,
        nic.model,
        "pod" if nic.network.is_pod else nic.network.multus,
        nic.plugin or nic.binding,
        each.mac or "-",
        each.tap,
        " ".join(each.addresses) or "-",
        " ".join(f"{lease.ip} until {day(lease.until)}" for lease in each.leases) or "-",
        f"{each.counters.received}/{each.counters.sent}",
        str(sum(each.dropped.values())),
        age(now - each.since) if each.since else "-",
        each.state + missing,
    )


def day(at: float) -> str:
    """In UTC, as every time that is printed."""
    return strftime("%Y-%m-%d", gmtime(at))


def age(seconds: float) -> str:
    """As kubectl does: the two largest units."""
    left = max(0, int(seconds))
    words: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if left >= size or (unit == "s" and not words):
            words.append(f"{left // size}{unit}")
        left %= size
    return "".join(words[:2])


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
        "leases": [
            {"ip": every.ip, "since": moment(every.since), "until": moment(every.until)} for every in each.leases
        ],
        "counters": {
            "fromGuest": {"packets": each.counters.received, "bytes": each.counters.received_bytes},
            "toGuest": {"packets": each.counters.sent, "bytes": each.counters.sent_bytes},
            "dropped": dict(each.dropped),
        },
        "since": moment(each.since) if each.since else "",
    }


def moment(at: float) -> str:
    """As Kubernetes writes times."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(at))
