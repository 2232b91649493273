"""`vmnet status` of a guest that runs: what it was lent, what passed its tap, and again when that changes."""

from __future__ import annotations

import json
import subprocess

import pytest

from netkernel.documents import read
from tests.vmnet.clinic import ENVIRONMENT, Clinic
from tests.vmnet.pods import sh

pytestmark = pytest.mark.needs_kernel(
    "bonding", "bridge", "bridge_vlan", "dummy", "nft_bridge", "nft_nat", "tap", "veth"
)
OTHER = "02:00:00:00:00:66"


def test_what_became_of_a_guest_is_told_in_three_forms_and_with_the_doctors_exit_code(clinic: Clinic) -> None:
    guest = clinic.patient("ill", antiSpoof="mac")

    def said(verb: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(guest.command(verb, *more), capture_output=True, text=True, env=ENVIRONMENT)

    with guest.on():
        table = said("status").stdout.splitlines()[2].split()
        assert table[:7] == ["nic-0", "virtio", "br1-public", "bridge", guest.mac, "tap1", guest.ip]
        assert (table[7:9], table[-1]) == ([guest.ip, "until"], "up")
        (_, nic) = json.loads(said("status", "-o", "json").stdout)
        assert [each["ip"] for each in nic["leases"]] == [guest.ip]
        assert nic["counters"]["fromGuest"]["packets"] >= 2
        (document,) = read(said("status", "-o", "yaml").stdout)
        assert document.value[1]["mac"] == guest.mac
        well = said("doctor", "--nic", "nic-0", "--wait", "0.2")
        assert (well.returncode, well.stderr) == (0, "")
        assert well.stdout.startswith("nic-0: nothing wrong\n  ok     wires\n")
        sh("ip link set dev ill-net1 down")
        ill = said("doctor", "--nic", "nic-0", "-o", "json", "--no-probe")
        assert ill.returncode == 1
        assert json.loads(ill.stdout)[0]["broken"] == "node link ill-net1"


def test_a_guest_that_spoofs_is_seen_in_the_counters(clinic: Clinic) -> None:
    guest = clinic.patient("ill", antiSpoof="mac")
    with guest.on(mac=OTHER):
        done = subprocess.run(guest.command("status", "-o", "json"), capture_output=True, text=True, env=ENVIRONMENT)
        assert json.loads(done.stdout)[1]["counters"]["dropped"] == {"another MAC": 1}


def test_it_is_told_again_when_something_changes(clinic: Clinic) -> None:
    guest = clinic.patient("ill")
    watching = subprocess.Popen(guest.command("status", "--watch"), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    with watching:
        assert watching.stdout is not None
        first = [watching.stdout.readline() for _ in range(3)]
        assert first[2].rstrip().endswith("waits for its guest")
        with guest.on(is_served=False):
            while not (line := watching.stdout.readline()).rstrip().endswith("up"):
                assert line, "it ended"
        watching.terminate()
