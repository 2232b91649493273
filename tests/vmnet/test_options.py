"""What a guest is told by DHCP, as scapy reads it: every option that a manifest, its pod and resolv.conf lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, vmi
from tests.vmnet.guest import TapGuest, tap_guest
from tests.vmnet.pods import Pods, sh
from tests.vmnet.serving import remembered, serving

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_nat", "nft_bridge")

MAC = "02:00:00:00:00:01"
BROADCAST = "ff:ff:ff:ff:ff:ff"
RESOLV_CONF = "nameserver 192.0.2.53\nnameserver 192.0.2.54\nsearch shop.svc.cluster.local svc.cluster.local\n"
ASKED = {
    "bootFileName": "boot.ipxe",
    "tftpServerName": "tftp.example",
    "ntpServers": ["192.0.2.123", "192.0.2.124"],
    "privateOptions": [{"option": 240, "value": "mine"}, {"option": 225, "value": "yours"}],
}


@contextmanager
def served(pods: Pods, folder: Path, value: dict[str, Any], tap: str) -> Iterator[TapGuest]:
    pods.setup(value)
    (folder / "vm.json").write_text(json.dumps(value))
    (folder / "resolv.conf").write_text(RESOLV_CONF)
    state = str(pods.records.directory)
    with (
        serving(folder / "vm.json", pods.namespace, state, folder / "resolv.conf"),
        tap_guest(pods.namespace, tap) as guest,
    ):
        yield guest


def message(kind: str, *more: Any, source: str = "0.0.0.0", target: str = "255.255.255.255", flags: int = 0) -> Packet:
    head = Ether(src=MAC, dst=BROADCAST) / IP(src=source, dst=target) / UDP(sport=68, dport=67)
    boot = BOOTP(chaddr=bytes.fromhex(MAC.replace(":", "")), xid=7, ciaddr=source, flags=flags)
    return head / boot / DHCP(options=[("message-type", kind), *more, "end"])


def answers(packet: Packet) -> bool:
    return bool(packet.haslayer(DHCP)) and packet[UDP].sport == 67


def told(packet: Packet) -> dict[int, bytes]:
    """The options by number, in the order in which they stand in the packet."""
    raw, found = bytes(packet[DHCP])[:], {}
    while raw and raw[0] != 255:
        if raw[0]:
            found[raw[0]] = raw[2 : 2 + raw[1]]
        raw = raw[2 + raw[1] :] if raw[0] else raw[1:]
    return found


def name(domain: str) -> bytes:
    return b"".join(bytes([len(each)]) + each.encode() for each in domain.split(".")) + b"\0"


def addresses(*ips: str) -> bytes:
    return b"".join(bytes(map(int, ip.split("."))) for ip in ips)


def test_all_that_is_written_down_for_a_guest_reaches_it_in_one_order(pods: Pods, tmp_path: Path) -> None:
    value = vmi([{**MASQUERADED, "dhcpOptions": ASKED, "mtu": 1400}], [POD], hostname="demo", subdomain="web")
    with served(pods, tmp_path, value, "tap0") as guest:
        offer = guest.ask(message("discover"), answers)
        assert list(told(offer)) == [53, 54, 51, 1, 3, 6, 12, 15, 119, 26, 42, 66, 67, 225, 240]
        found = told(offer)
        assert (found[54], found[3], found[1]) == (
            addresses("10.0.2.1"), addresses("10.0.2.1"), addresses("255.255.255.0"),
        )  # fmt: skip
        assert found[6] == addresses("192.0.2.53", "192.0.2.54")
        assert (found[12], found[26], int.from_bytes(found[51])) == (b"demo", (1400).to_bytes(2), 86313600)
        own = "web.shop.svc.cluster.local"
        assert found[119] == name(own) + name("shop.svc.cluster.local") + name("svc.cluster.local")
        assert found[15] == own.encode()
        assert (found[66], found[67]) == (b"tftp.example", b"boot.ipxe")
        assert found[42] == addresses("192.0.2.123", "192.0.2.124")
        assert (found[225], found[240]) == (b"yours", b"mine")
        few = guest.ask(message("discover", ("param_req_list", [3, 67])), answers)
        assert list(told(few)) == [53, 54, 51, 1, 3, 42, 66, 67, 225, 240]


def test_routes_of_the_pod_are_the_guests_the_default_last(pods: Pods, tmp_path: Path) -> None:
    pods.attach("net1", "203.0.113.5/32")
    sh(
        "ip route add 169.254.1.1 dev net1; ip route add 198.51.100.0/24 via 169.254.1.1 dev net1;"
        "ip route del default; ip route add default via 169.254.1.1 dev net1",
        pods.namespace,
    )
    with served(pods, tmp_path, vmi([{**BRIDGED, "macAddress": MAC}], [LAN]), "tap1") as guest:
        found = told(guest.ask(message("discover"), answers))
    assert found[121].endswith(bytes([0]) + addresses("169.254.1.1"))
    assert bytes([32]) + addresses("169.254.1.1", "0.0.0.0") in found[121]
    assert bytes([24]) + addresses("198.51.100.0")[:3] + addresses("169.254.1.1") in found[121]
    assert list(found).index(121) < list(found).index(3)
    assert (found[3], found[1]) == (addresses("169.254.1.1"), addresses("255.255.255.255"))


def test_who_has_an_address_is_told_the_rest_and_what_is_given_back_is_given_again(pods: Pods, tmp_path: Path) -> None:
    with served(pods, tmp_path, vmi([MASQUERADED], [POD]), "tap0") as guest:
        guest.ask(message("discover"), answers)
        inform = guest.ask(message("inform", source="10.0.2.2", target="10.0.2.1"), answers)
        assert (inform[BOOTP].yiaddr, inform[BOOTP].ciaddr, inform[IP].dst) == ("0.0.0.0", "10.0.2.2", "10.0.2.2")
        assert 51 not in told(inform) and told(inform)[3] == addresses("10.0.2.1")
        guest.say(message("release", ("server_id", "10.0.2.1"), source="10.0.2.2", target="10.0.2.1"))
        guest.say(message("decline", ("requested_addr", "10.0.2.2"), ("server_id", "10.0.2.1")))
        refused = guest.ask(message("request", ("requested_addr", "10.0.2.9")), answers)
        assert (told(refused)[53], refused.dst, refused[IP].dst) == (b"\6", BROADCAST, "255.255.255.255")
        granted = guest.ask(message("request", ("requested_addr", "10.0.2.2")), answers)
        assert (told(granted)[53], granted[BOOTP].yiaddr, granted.dst) == (b"\5", "10.0.2.2", MAC)
    said = [line.said for line in remembered(str(pods.records.directory))["tap0"].lines]
    assert [each.split()[0] for each in said if each.split()[0] in ("RELEASE", "DECLINE")] == ["RELEASE", "DECLINE"]
    assert not any("RELEASE" in each and "ACK" in each for each in said)


@pytest.mark.parametrize(("flags", "target", "ip"), [(0, MAC, "10.0.2.2"), (0x8000, BROADCAST, "255.255.255.255")])
def test_an_offer_goes_where_the_client_hears_it_with_whole_checksums(
    pods: Pods, tmp_path: Path, flags: int, target: str, ip: str
) -> None:
    with served(pods, tmp_path, vmi([MASQUERADED], [POD]), "tap0") as guest:
        offer = guest.ask(message("discover", flags=flags), answers)
    assert (offer.dst, offer[IP].dst, offer[IP].src) == (target, ip, "10.0.2.1")
    said = (offer[IP].chksum, offer[UDP].chksum)
    del offer[IP].chksum, offer[UDP].chksum
    again = Ether(bytes(offer))
    assert said == (again[IP].chksum, again[UDP].chksum)
    assert said[1] != 0
