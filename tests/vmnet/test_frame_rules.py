"""What a guest may send past its tap: its own addresses, at its own rate; the rest is dropped and counted."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from tests.kernel.frames import Tap
from tests.unit.vmnet.manifests import BRIDGED, LAN, vmi
from tests.vmnet.guest import tap_guest
from tests.vmnet.pods import Pods, sh

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_bridge")

MAC, OTHER, ALL = "02:00:00:00:00:01", "02:00:00:00:00:66", "ff:ff:ff:ff:ff:ff"
IP4, IP6 = "203.0.113.5", "2001:db8:1::5"
LAST = b"the last of all"


def frame(inner: Packet, mac: str = MAC, kind: int | None = None) -> Packet:
    return Ether(src=mac, dst=ALL, **({} if kind is None else {"type": kind})) / inner


def udp(source: str, port: int = 9) -> Packet:
    return (IPv6(src=source, dst="ff02::1") if ":" in source else IP(src=source, dst="203.0.113.255")) / UDP(dport=port)


OWN = {
    "IPv4": frame(udp(IP4)), "IPv6": frame(udp(IP6)), "link-local": frame(udp("fe80::1")),
    "ARP": frame(ARP(hwsrc=MAC, psrc=IP4)), "probe": frame(ARP(hwsrc=MAC, psrc="0.0.0.0")),
    "solicitation": frame(IPv6(src="::", dst="ff02::2") / ICMPv6ND_RS()),
    "announcement": frame(Raw(b"x" * 46), kind=0x8035),
}  # fmt: skip
SPOOFED = {
    "another MAC": frame(udp(IP4), OTHER), "another MAC in ARP": frame(ARP(hwsrc=OTHER, psrc=IP4)),
    "another address in ARP": frame(ARP(hwsrc=MAC, psrc="203.0.113.6")),
    "another IPv4 address": frame(udp("203.0.113.6")),
    "another IPv6 address": frame(udp("2001:db8:1::6")), "neither ARP nor IP": frame(Raw(b"x" * 46), kind=0x88B5),
    "a guest is no router": frame(IPv6(src="fe80::1", dst="ff02::1") / ICMPv6ND_RA()),
    "answered by vmnet serve": frame(IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / BOOTP()),
}  # fmt: skip
OF_MACS = ("another MAC", "another MAC in ARP")


def wired(pods: Pods, **fields: Any) -> None:
    pods.attach("net1", f"{IP4}/24", f"{IP6}/64")
    pods.setup(vmi([{**BRIDGED, "macAddress": MAC, **fields}], [LAN]))


def passed(pods: Pods, *frames: Packet) -> list[bytes]:
    """Those that arrive at the node, of all that the guest sends."""
    with Tap("node-net1") as node, tap_guest(pods.namespace, "tap1") as guest:
        pods.await_forwarding("tap1")
        pods.await_forwarding("net1-nic")
        for each in frames:
            guest.say(each)
        last = frame(IP(src=IP4, dst="203.0.113.255") / UDP(dport=9) / Raw(LAST))
        guest.say(last)
        found: list[bytes] = []
        deadline = time.monotonic() + 30
        while not found or LAST not in found[-1]:
            assert time.monotonic() < deadline, found
            found += [bytes(each) for each in node.packets(0.2) if each.src in (MAC, OTHER)]
    return found[:-1]


def drops(pods: Pods) -> dict[str, int]:
    """By what the rule says."""
    listed = sh("nft list table bridge vmnet-tap1", pods.namespace)
    return {said: int(packets) for packets, said in re.findall(r'counter packets (\d+) .* drop comment "(.*)"', listed)}


def test_a_guest_with_its_own_addresses_is_heard(pods: Pods) -> None:
    wired(pods, antiSpoof="ip")
    assert len(passed(pods, *OWN.values())) == len(OWN)
    assert set(drops(pods).values()) == {0}


def test_each_false_frame_is_dropped_and_counted_by_its_own_rule(pods: Pods) -> None:
    wired(pods, antiSpoof="ip")
    assert passed(pods, *SPOOFED.values()) == []
    assert drops(pods) == dict.fromkeys(SPOOFED, 1)


def test_with_mac_only_macs_are_looked_at(pods: Pods) -> None:
    wired(pods, antiSpoof="mac")
    assert len(passed(pods, *SPOOFED.values())) == len(SPOOFED) - len(OF_MACS) - 1
    assert drops(pods) == dict.fromkeys([*OF_MACS, "answered by vmnet serve"], 1)


def test_nothing_is_looked_at_unless_asked_but_nobody_else_is_asked_for_an_address(pods: Pods) -> None:
    wired(pods)
    assert len(passed(pods, *SPOOFED.values())) == len(SPOOFED) - 1


def test_what_is_faster_than_allowed_is_dropped(pods: Pods) -> None:
    wired(pods, rateLimit={"send": 64})
    burst = [frame(IP(src=IP4, dst="203.0.113.255") / UDP(dport=9) / Raw(bytes(1000))) for _ in range(200)]
    slow = len(passed(pods, *burst[:20]))
    assert slow == 20
    with tap_guest(pods.namespace, "tap1") as guest:
        for each in burst:
            guest.say(each)
    assert drops(pods)["faster than 64 kbit/s from the guest"] > 50


@pytest.mark.parametrize("state", ["absent", "up"])
def test_the_rules_go_with_the_nic(pods: Pods, state: str) -> None:
    wired(pods, antiSpoof="ip")
    if state == "absent":
        pods.setup(vmi([{**BRIDGED, "state": "absent"}], [LAN]))
    else:
        pods.teardown()
    assert sh("nft list ruleset", pods.namespace) == ""
