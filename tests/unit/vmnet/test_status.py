"""What is shown of a VM's NICs, to people and to programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netkernel.close_look import CloseLook
from netkernel.dropped import Dropped
from netkernel.frozen import replace
from netkernel.host import Host
from tests.unit.vmnet.manifests import BRIDGED, MASQUERADED, read, vmi
from tests.unit.vmnet.pods import FakePod, pod
from vmnet import act, shown, status
from vmnet.act import Asked
from vmnet.hardware import devices
from vmnet.kept import Records
from vmnet.status import Gauge, NicStatus
from vmnet.transcript import Lease, OfTap

NOW = 1_800_000_000.0
VALUE = vmi([MASQUERADED, {**BRIDGED, "macAddress": "02:00:00:00:00:01", "antiSpoof": "mac", "queues": 2}])
READ = {
    "nic-0": Gauge(
        CloseLook(received=7, received_bytes=700, sent=9, sent_bytes=900),
        (
            Dropped("bridge vmnet-tap1", "from-guest", "another MAC", 3),
            Dropped("bridge vmnet-tap1", "to-guest", "faster than 64 kbit/s to the guest", 2),
            Dropped("bridge vmnet-tap1", "past-us", "answered by vmnet serve", 0),
        ),
        OfTap((), (Lease("203.0.113.5", NOW - 60, NOW + 86400),)),
    )
}


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(str(tmp_path / "vmnet"))


def found(records: Records, *, is_wired: bool = True, **more: Any) -> list[NicStatus]:
    """Of both NICs, wired at NOW - 3700 s."""
    kernel = FakePod(pod(lan_ip=True))
    asked = Asked(vm=read(VALUE), namespace="4-1", **more)
    if is_wired:
        act.setup(asked, kernel, records)
    kept, host = records.read("4-1"), kernel.snapshot()
    if kept:
        kept = replace(kept, taken=tuple(replace(each, since=NOW - 3700) for each in kept.taken))
    wirings = asked.wirings(host, kept)
    opened = _opened(host, "tap1")
    return list(status.statuses(asked.vm, wirings, kept, opened, devices(asked.vm, wirings, kept, host), READ))


def _opened(host: Host, tap: str) -> Host:
    if tap not in host.links:
        return host
    return replace(host, links={**host.links, tap: replace(host.links[tap], carrier=True)})


def test_the_table_has_the_decks_columns_and_what_became_of_each(records: Records) -> None:
    head, first, second = shown.table(found(records), NOW).splitlines()
    assert head.split()[:5] == ["NAME", "MODEL", "NETWORK", "TYPE", "MAC"]
    assert first.split()[:5] == ["default", "virtio", "pod", "masquerade", "0a:58:0a:f4:01:17"]
    assert first.split()[-5:] == ["1h1m", "waits", "for", "its", "guest"]
    assert second.split() == [
        "nic-0", "virtio", "br1-public", "bridge", "02:00:00:00:00:01", "tap1", "203.0.113.5",
        "203.0.113.5", "until", "2027-01-16", "7/9", "5", "1h1m", "up",
    ]  # fmt: skip


def test_programs_get_kubevirts_fields_and_ours(records: Records) -> None:
    told = shown.as_kubevirt(found(records)[1])
    assert {key: told[key] for key in ("name", "mac", "ipAddress", "queueCount", "linkState", "podInterfaceName")} == {
        "name": "nic-0", "mac": "02:00:00:00:00:01", "ipAddress": "203.0.113.5", "queueCount": 2, "linkState": "up",
        "podInterfaceName": "net1",
    }  # fmt: skip
    assert told["leases"] == [{"ip": "203.0.113.5", "since": "2027-01-15T07:59:00Z", "until": "2027-01-16T08:00:00Z"}]
    assert told["counters"] == {
        "fromGuest": {"packets": 7, "bytes": 700},
        "toGuest": {"packets": 9, "bytes": 900},
        "dropped": {"another MAC": 3, "faster than 64 kbit/s to the guest": 2},
    }
    assert told["since"] == "2027-01-15T06:58:20Z"


def test_a_nic_that_is_not_wired_has_no_age(records: Records) -> None:
    first, _ = found(records, is_wired=False)
    assert (first.state, first.since) == ("not wired", 0.0)
    assert shown.as_kubevirt(first)["since"] == ""


def test_a_guest_that_is_to_come_stands_by(records: Records) -> None:
    assert [each.state for each in found(records, standby=True)] == ["stands by", "stands by"]


def test_when_a_nic_was_wired_is_remembered_and_stays(records: Records) -> None:
    asked = Asked(vm=read(VALUE), namespace="4-1")
    kernel = FakePod(pod(lan_ip=True))
    act.setup(asked, kernel, records)
    first = records.read("4-1")
    act.setup(asked, kernel, records)
    second = records.read("4-1")
    assert first is not None and second is not None
    assert all(each.since for each in first.taken)
    assert [each.since for each in second.taken] == [each.since for each in first.taken]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m59s"), (86400, "1d"), (90061, "1d1h"), (-5, "0s")],
)
def test_ages_are_told_in_two_units(seconds: float, said: str) -> None:
    assert shown.age(seconds) == said
