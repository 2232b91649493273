"""A pod that a guest is to move to: silent until it is announced, and silent again when that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from netkernel.differences import differences
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from tests.fake_kernel import Crash
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, problems, read, vmi
from tests.unit.vmnet.pods import LAN_MAC, POD_MAC, FakePod, pod
from vmnet import act
from vmnet.act import Asked
from vmnet.announcing import announcements
from vmnet.errors import PodUnfit
from vmnet.kept import Kept, Records

BOTH = vmi([MASQUERADED, BRIDGED])
TAPS = ("tap0", "tap1")


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(str(tmp_path / "vmnet"))


def asked(value: dict[str, Any] = BOTH, **more: Any) -> Asked:
    return Asked(vm=read(value), namespace="4-1234", **more)


def standing_by(records: Records, **more: Any) -> FakePod:
    kernel = FakePod(pod(lan_ip=True), **more)
    act.setup(asked(standby=True), kernel, records)
    return kernel


def up(host: Host) -> list[bool]:
    return [host.links[tap].up for tap in TAPS]


def test_what_stands_by_is_wired_but_for_its_taps_which_are_down(records: Records) -> None:
    kernel = standing_by(records)
    waiting = kernel.snapshot()
    assert (up(waiting), kernel.said) == ([False, False], ())
    running = FakePod(pod(lan_ip=True))
    act.setup(asked(), running, Records(str(records.directory / "other")))
    links = running.snapshot().links
    assert {name for name in links if links[name] != waiting.links[name]} == set(TAPS)
    assert running.snapshot().addresses == waiting.addresses


def test_doing_it_again_leaves_it_standing_by_with_the_word_or_without(records: Records) -> None:
    kernel = standing_by(records)
    kernel.executed.clear()
    for standby in (True, False):
        assert act.setup(asked(standby=standby), kernel, records).ops == ()
    assert (kernel.executed, up(kernel.snapshot())) == ([], [False, False])


def test_a_guest_that_is_announced_is_let_through_once_and_stays(records: Records) -> None:
    kernel = standing_by(records)
    assert len(act.announce(asked(), kernel, records).ops) == len(TAPS)
    assert up(kernel.snapshot()) == [True, True]
    assert kernel.said
    kernel.said = ()
    assert act.announce(asked(), kernel, records).ops == ()
    assert kernel.said
    assert act.setup(asked(), kernel, records).ops == ()


def test_what_runs_here_cannot_stand_by(records: Records) -> None:
    kernel = FakePod(pod(lan_ip=True))
    act.setup(asked(), kernel, records)
    with pytest.raises(PodUnfit, match="demo-vm: it runs here already: its NICs cannot stand by"):
        act.setup(asked(standby=True), kernel, records)
    assert up(kernel.snapshot()) == [True, True]


def test_there_is_nobody_to_announce_where_nothing_is_wired(records: Records) -> None:
    with pytest.raises(PodUnfit, match="none of its NICs is wired"):
        act.announce(asked(), FakePod(pod()), records)


@pytest.mark.parametrize("refused", range(len(TAPS)))
@pytest.mark.parametrize("batch", [1, 128])
def test_what_the_kernel_refuses_to_let_through_stands_by_as_before(records: Records, refused: int, batch: int) -> None:
    before = standing_by(records).snapshot()
    kernel = FakePod(before, refuse_at=refused, batch=batch)
    with pytest.raises(KernelRefused) as said:
        act.announce(asked(), kernel, records)
    assert (said.value.leftovers, kernel.said) == ((), ())
    assert differences(before, kernel.snapshot()) == ()
    kept = records.read("4-1234")
    assert kept is not None and kept.standby


@pytest.mark.parametrize("done", range(len(TAPS) + 1))
@pytest.mark.parametrize("again", ["announce", "setup", "teardown"])
def test_wherever_an_announcement_dies_nobody_cuts_off_the_guest_later(records: Records, done: int, again: str) -> None:
    kernel = standing_by(records)
    kept = records.read("4-1234")
    assert kept is not None
    records.write(replace(kept, standby=False))
    kernel.execute(act.planned(asked(), kernel, records).ops[:done])
    if again == "teardown":
        act.teardown("4-1234", kernel, records)
        assert differences(FakePod(pod(lan_ip=True)).snapshot(), kernel.snapshot()) == ()
    else:
        {"announce": act.announce, "setup": act.setup}[again](asked(), kernel, records)
        assert up(kernel.snapshot()) == [True, True]


def test_the_record_is_written_before_the_first_tap_is_up(records: Records) -> None:
    kernel = FakePod(standing_by(records).snapshot(), crash_at=0, batch=1)

    class Watched(Records):
        """Says what was up when it was written."""

        def __init__(self) -> None:
            super().__init__(str(records.directory))
            self.seen: list[bool] = []

        def write(self, kept: Kept) -> None:
            self.seen.append(any(up(kernel.snapshot())))

    watched = Watched()
    with pytest.raises(Crash):
        act.announce(asked(), kernel, watched)
    assert watched.seen[0] is False


def said(value: dict[str, Any], records: Records) -> list[tuple[str, Packet]]:
    kernel = FakePod(pod(lan_ip=True))
    act.setup(asked(value, standby=True), kernel, records)
    act.announce(asked(value), kernel, records)
    return [(each.link, Ether(each.frame)) for each in kernel.said]


def test_on_a_bridge_switches_and_neighbours_hear_of_the_guest(records: Records) -> None:
    rarp, gratuitous = said(vmi([BRIDGED], [LAN]), records)
    assert (rarp[0], rarp[1].src, rarp[1].dst, rarp[1].type) == ("net1-nic", LAN_MAC, "ff:ff:ff:ff:ff:ff", 0x8035)
    inner = ARP(bytes(rarp[1].payload))
    assert (inner.op, inner.hwsrc, inner.hwdst, inner.psrc) == (3, LAN_MAC, LAN_MAC, "0.0.0.0")
    told = gratuitous[1][ARP]
    assert (gratuitous[0], told.op, told.hwsrc, told.psrc, told.pdst) == (
        "net1-nic", 1, LAN_MAC, "203.0.113.5", "203.0.113.5",
    )  # fmt: skip
    assert all(len(each) >= 60 for _, each in (rarp, gratuitous))


def test_a_guest_is_announced_with_what_it_had_where_it_was(records: Records) -> None:
    status = {
        "interfaces": [{"name": "nic-0", "mac": "02:00:00:00:00:AA", "ipAddresses": ["192.0.2.7", "2001:db8::7"]}]
    }
    value = {**vmi([BRIDGED], [LAN]), "status": status}
    found = said(value, records)
    assert {each.src for _, each in found} == {"02:00:00:00:00:aa"}
    assert [each[ARP].psrc for _, each in found if each.haslayer(ARP) and each.type == 0x0806] == ["192.0.2.7"]
    (neighbour,) = (each for _, each in found if each.haslayer(ICMPv6ND_NA))
    assert (neighbour[ICMPv6ND_NA].tgt, neighbour[ICMPv6ND_NA].O, neighbour[ICMPv6ND_NA].S) == ("2001:db8::7", 1, 0)
    assert (neighbour[IPv6].dst, neighbour[IPv6].hlim, neighbour.dst) == ("ff02::1", 255, "33:33:00:00:00:01")
    assert neighbour[ICMPv6ND_NA].lladdr == "02:00:00:00:00:aa"


def test_behind_masquerade_the_pods_own_addresses_are_announced(records: Records) -> None:
    found = said(vmi([MASQUERADED], [POD]), records)
    assert {(link, each.src) for link, each in found} == {("eth0", POD_MAC)}
    assert found[0][1][ARP].psrc == "10.244.1.23"
    assert found[1][1][ICMPv6ND_NA].tgt == "fd00:244::17"


@pytest.mark.parametrize(
    ("vlan", "tags"), [({"access": 93}, [93]), ({"trunk": ["10-12"], "native": 5}, [5, 10, 11, 12])]
)
def test_it_is_announced_in_each_vlan_it_is_in(records: Records, vlan: dict[str, Any], tags: list[int]) -> None:
    found = said(vmi([{**BRIDGED, "vlan": vlan}], [LAN]), records)
    assert [each[Dot1Q].vlan for _, each in found if each[Dot1Q].type == 0x8035] == tags


def test_a_nic_that_is_absent_is_not_announced(records: Records) -> None:
    kernel = FakePod(pod(lan_ip=True))
    act.setup(asked(), kernel, records)
    kept = records.read("4-1234")
    assert kept is not None
    vm = read(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}]))
    found = asked(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}])).wirings(kernel.snapshot(), kept)
    assert {each.link for each in announcements(vm, found, kept)} == {"eth0"}


def test_an_address_in_the_status_that_is_none_is_said() -> None:
    value = {**vmi([BRIDGED], [LAN]), "status": {"interfaces": [{"name": "nic-0", "ipAddresses": ["10.0.0.999"]}]}}
    assert problems(value) == ["status.interfaces[0].ipAddresses[0]: found '10.0.0.999', wanted an IP address"]
