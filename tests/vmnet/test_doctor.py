"""What stops a guest is named, hop and command, on a real kernel; a VM beside it that is well is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netkernel.frozen import Frozen
from tests.unit.vmnet.manifests import BRIDGED, MASQUERADED, vmi
from tests.vmnet.clinic import Clinic, Patient, announcement
from tests.vmnet.pods import sh
from tests.vmnet.waiting import until
from vmnet.doctor.walk import Diagnosis

pytestmark = pytest.mark.needs_kernel(
    "veth", "bridge", "bridge_vlan", "bonding", "dummy", "tap", "nft_nat", "nft_bridge"
)

OTHER = "02:00:00:00:00:66"


class Illness(Frozen, kw_only=True):
    """What is done to the VM, and the hop and words that are to name it."""

    script: str = ""
    in_pod: str = ""
    nic: str = "nic-0"
    hop: str
    said: str


ILLNESSES = {
    "wrong VLAN": Illness(
        script="bridge vlan del dev ill-net1 vid 93; bridge vlan add dev ill-net1 vid 94 pvid untagged",
        hop="VLANs of br1",
        said="ill-net1 is in VLAN 94, its network is VLAN 93",
    ),
    "filtered VID": Illness(
        script="bridge vlan del dev bond1 vid 93", hop="VLANs of br1", said="bond1 does not pass VLAN 93"
    ),
    "down port": Illness(script="ip link set dev ill-net1 down", hop="node link ill-net1", said="is down"),
    "down in the pod": Illness(in_pod="ip link set dev net1-nic down", hop="pod link net1-nic", said="is down"),
    "missing forwarding": Illness(
        in_pod="sysctl -qw net.ipv4.conf.eth0.forwarding=0",
        nic="default",
        hop="forwarding",
        said="net.ipv4.conf.eth0.forwarding = 0",
    ),
    "forwarding of the node": Illness(
        script="sysctl -qw net.ipv4.conf.ill-eth0.forwarding=0",
        nic="default",
        hop="forwarding of the node",
        said="net.ipv4.conf.ill-eth0.forwarding = 0",
    ),
    "MTU too small": Illness(
        script="ip link set dev ill-net1 mtu 1400", hop="MTU", said="ill-net1 passes 1400 bytes, and 1500 may come"
    ),
}


@pytest.fixture
def well(clinic: Clinic) -> Iterator[Patient]:
    """The VM beside."""
    patient = clinic.patient("well", antiSpoof="mac")
    with patient.on():
        yield patient


def is_well(patient: Patient) -> bool:
    found = patient.diagnosed()
    assert [each.broken for each in found.values()] == [None, None], found
    return True


def named(found: Diagnosis, hop: str, said: str) -> None:
    """It is this hop, and the command shows something."""
    assert found.broken is not None, found
    assert found.broken.hop == hop
    assert said in found.broken.wrong
    if "tcpdump" not in found.broken.command:
        assert sh(found.broken.command) != ""


@pytest.mark.parametrize("illness", ILLNESSES)
def test_what_is_broken_is_named(clinic: Clinic, well: Patient, illness: str) -> None:
    what, ill = ILLNESSES[illness], clinic.patient("ill", antiSpoof="mac")
    with ill.on():
        assert is_well(ill)
        sh(what.script)
        sh(what.in_pod, ill.namespace)
        found = ill.diagnosed()
    named(found[what.nic], what.hop, what.said)
    assert [each.nic for each in found.values() if each.broken] == [what.nic]
    assert is_well(well)


def test_frames_that_are_dropped_as_spoofed_are_named(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill", antiSpoof="mac")
    with ill.on(mac=OTHER):
        named(ill.diagnosed()["nic-0"], "rules of the NIC", "frames: another MAC")
    assert is_well(well)


def test_a_guest_that_speaks_with_another_mac_is_named(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill")
    with ill.on(mac=OTHER):
        named(ill.diagnosed()["nic-0"], "guest", f"speaks as {OTHER}, and its NIC was given {ill.mac}")
    assert is_well(well)


@pytest.mark.parametrize(("made", "asked", "said"), [(1, 4, "has one queue"), (2, 1, "is multi-queue")])
def test_a_tap_that_qemu_cannot_open_is_named(clinic: Clinic, well: Patient, made: int, asked: int, said: str) -> None:
    ill = clinic.patient("ill", queues=made)
    value = vmi([MASQUERADED, {**BRIDGED, "macAddress": ill.mac, "queues": asked}])
    named(ill.diagnosed(value)["nic-0"], "tap tap1", said)
    assert is_well(well)


def test_a_guest_without_a_server_is_named(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill")
    with ill.on(is_served=False):
        found = ill.diagnosed()
        for nic in ("default", "nic-0"):
            named(found[nic], "DHCP", "nobody serves the guest")
    assert is_well(well)


def test_another_who_has_the_address_is_named(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill")
    with ill.on():
        assert is_well(ill)
        clinic.stranger(ill.ip, ill.vlan)
        until(lambda: ill.diagnosed()["nic-0"].broken is not None)
        named(ill.diagnosed(wait_s=5)["nic-0"], "address", f"says that {ill.ip} is its own, too")
        assert ill.diagnosed(probes=False)["nic-0"].broken is None
    assert is_well(well)


def test_another_who_has_the_mac_is_named(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill")
    with ill.on():
        assert is_well(ill)
        there = clinic.stranger("203.0.113.77", ill.vlan, ill.mac)
        sh("ping -c 1 -W 1 203.0.113.78 || true", there)
        named(ill.diagnosed()["nic-0"], "node bridge br1", f"knows {ill.mac} behind stranger")
    assert is_well(well)


def test_what_the_nodes_own_rules_drop_is_named(clinic: Clinic, well: Patient) -> None:
    """As those of macspoofchk, of whichever plugin."""
    ill = clinic.patient("ill")
    sh("nft add table bridge nat; nft 'add chain bridge nat c { type filter hook prerouting priority -300 ; }'")
    sh("nft add rule bridge nat c iifname ill-net1 ether saddr 02:00:00:00:00:01 counter drop")
    with ill.on() as guests:
        for _ in range(200):  # the pod itself has said something before
            guests["tap1"].say(announcement(ill.mac, ill.ip))
        named(ill.diagnosed()["nic-0"], "rules about ill-net1", "frames: chain c")
    assert is_well(well)


def test_an_uplink_without_a_carrier_is_named_with_what_is_below(clinic: Clinic) -> None:
    ill = clinic.patient("ill")
    with ill.on():
        assert is_well(ill)
        sh("ip link set dev switch1 down; ip link set dev switch2 down")
        until(lambda: "NO-CARRIER" in sh("ip link show dev bond1"))
        said = "bond1 has no carrier (wire1 has no carrier; wire2 has no carrier)"
        named(ill.diagnosed()["nic-0"], "uplink bond1", said)


def test_a_guest_whose_request_was_refused_is_named_with_what_was_said(clinic: Clinic, well: Patient) -> None:
    ill = clinic.patient("ill")
    with ill.on(asks="203.0.113.99"):
        named(ill.diagnosed()["nic-0"], "DHCP", "203.0.113.99 was asked for, 203.0.113.1 is the guest's")
    assert is_well(well)
