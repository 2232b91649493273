"""The process that serves a guest: small, without rights, deaf to nonsense, and not missed when it starts again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from lab.setup.base import TREE
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, vmi
from tests.vmnet.guest import TapGuest, tap_guest
from tests.vmnet.pods import Pods
from tests.vmnet.serving import leases, noted, serving
from tests.vmnet.waiting import until

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_nat")

MAC = "02:00:00:00:00:01"
MASQUERADE = vmi([MASQUERADED], [POD])
RIGHTS = 1 << 10 | 1 << 13
"""CAP_NET_BIND_SERVICE, CAP_NET_RAW."""
SOLICITATION = Ether(src=MAC, dst="33:33:00:00:00:02") / IPv6(src="fe80::1", dst="ff02::2", hlim=255) / ICMPv6ND_RS()


class Served:
    """A VM's process can be started again and again."""

    def __init__(self, pods: Pods, folder: Path, value: dict[str, Any]) -> None:
        pods.setup(value)
        self.pods = pods
        self._manifest = folder / "vm.json"
        self._manifest.write_text(json.dumps(value))
        self._resolv_conf = folder / "resolv.conf"
        self._resolv_conf.write_text("nameserver 192.0.2.53\n")
        self.state = str(pods.records.directory)

    @contextmanager
    def on(self) -> Iterator[int]:
        with serving(self._manifest, self.pods.namespace, self.state, self._resolv_conf) as process:
            yield process.pid


def discover(mac: str = MAC) -> Packet:
    head = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    return (
        head
        / BOOTP(chaddr=bytes.fromhex(mac.replace(":", "")), xid=7)
        / DHCP(options=[("message-type", "discover"), "end"])
    )


def offered(guest: TapGuest) -> str:
    """What it is offered; what it says before its cable is known to be in may be lost."""
    answer = guest.ask(discover(), lambda packet: packet.haslayer(DHCP) and packet[UDP].sport == 67)
    return str(answer[BOOTP].yiaddr)


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_it_is_small_and_has_no_more_rights_than_it_needs(pods: Pods, tmp_path: Path) -> None:
    served = Served(pods, tmp_path, MASQUERADE)
    with served.on() as pid, tap_guest(pods.namespace, "tap0") as guest:
        assert offered(guest) == "10.0.2.2"
        found = status_of(pid)
        assert {int(found[each], 16) for each in ("CapEff", "CapPrm", "CapBnd")} == {RIGHTS}
        assert (found["NoNewPrivs"], int(found["CapInh"], 16)) == ("1", 0)
        assert int(found["VmRSS"].split()[0]) <= 20 * 1024
        assert int(os.readlink(f"/proc/{pid}/ns/net")[5:-1]) == os.stat(pods.namespace).st_ino


def test_nobody_notices_when_it_starts_again(pods: Pods, tmp_path: Path) -> None:
    served = Served(pods, tmp_path, MASQUERADE)
    with tap_guest(pods.namespace, "tap0") as guest:
        for _ in range(2):
            with served.on():
                assert offered(guest) == "10.0.2.2"
                guest.say(SOLICITATION)
                assert guest.hear(lambda packet: packet.haslayer(ICMPv6ND_RA))[ICMPv6ND_RA].routerlifetime == 9000


def test_a_guest_that_talks_nonsense_is_still_served(pods: Pods, tmp_path: Path) -> None:
    served = Served(pods, tmp_path, MASQUERADE)
    dice = random.Random(4)
    whole = [bytes(discover()), bytes(SOLICITATION)]
    with served.on(), tap_guest(pods.namespace, "tap0") as guest:
        for _ in range(2000):
            frame = bytearray(dice.choice(whole))
            for _ in range(dice.randrange(1, 9)):
                frame[dice.randrange(len(frame))] = dice.randrange(256)
            guest.say(bytes(frame[: dice.randrange(14, len(frame) + 1)]))
        assert offered(guest) == "10.0.2.2"
        until(lambda: bool(noted(served.state, "tap0")))
        assert 0 < len(noted(served.state, "tap0")) <= 64


def test_on_a_bridge_only_the_guest_is_answered_and_the_pods_address_is_its_own(pods: Pods, tmp_path: Path) -> None:
    pods.attach("net1", "203.0.113.5/24")
    served = Served(pods, tmp_path, vmi([{**BRIDGED, "macAddress": MAC}], [LAN]))
    with served.on(), tap_guest(pods.namespace, "tap1") as guest:
        guest.say(discover("02:00:00:00:00:77"))
        assert offered(guest) == "203.0.113.5"
    assert {each.said.split()[-1] for each in noted(served.state, "tap1")} == {"203.0.113.5"}


def test_it_ends_with_the_last_of_its_taps(pods: Pods, tmp_path: Path) -> None:
    served = Served(pods, tmp_path, MASQUERADE)
    with serving(served._manifest, pods.namespace, served.state, served._resolv_conf) as process:
        pods.teardown()
        assert process.wait(30) == 0


def test_who_follows_remembers_the_lease_and_two_do_not_serve_one_guest(pods: Pods, tmp_path: Path) -> None:
    served = Served(pods, tmp_path, MASQUERADE)
    asked = discover()
    asked[DHCP].options = [("message-type", "request"), ("requested_addr", "10.0.2.2"), "end"]
    with tap_guest(pods.namespace, "tap0") as guest:
        with served.on():
            guest.say(asked)
            guest.hear(lambda packet: packet.haslayer(DHCP) and packet[UDP].sport == 67)
            until(lambda: bool(leases(served.state, "tap0")))
            (lease,) = leases(served.state, "tap0")
            assert (lease.ip, lease.until - lease.since) == ("10.0.2.2", 999 * 86400)
            words = ["--netns", pods.namespace, "--state-dir", served.state, "--resolv-conf", str(served._resolv_conf)]
            second = subprocess.run(
                [sys.executable, "-P", "-m", "vmnet", "serve", str(served._manifest), *words],
                capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TREE)},
            )  # fmt: skip
            assert (second.returncode, second.stdout) == (1, "")
            assert "another process serves" in second.stderr
        with served.on():
            offered(guest)
            assert leases(served.state, "tap0") == (lease,)
