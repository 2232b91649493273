"""Frames in, frames out: whole headers, right checksums; nothing a guest sends is an error (scapy is the oracle)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Advertise,
    DHCP6_Confirm,
    DHCP6_InfoRequest,
    DHCP6_Release,
    DHCP6_Renew,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptDNSServers,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptRapidCommit,
    DHCP6OptServerId,
    DHCP6OptStatusCode,
)
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet

from netkernel.frozen import replace
from tests.unit.vmnet.test_dhcp4 import GUEST, MAC, SERVER, TOLD
from vmnet.serve import frames
from vmnet.serve.frames import Heard
from vmnet.serve.told import LEASE_S, Told, Told6, from_json, to_json

GATEWAY6, GUEST6, GUEST_LL = "fe80::ff:fe00:0", "fd10:0:2::2", "fe80::ff:fe00:1"
SIX = Told6(ip=GUEST6, network="fd10:0:2::/120", gateway=GATEWAY6, servers=("2001:db8::53",))
BOTH = replace(TOLD, six=SIX)


def answer(to: Packet, told: Told = BOTH) -> Packet:
    heard = frames.answered(bytes(to), told)
    assert heard is not None and heard.frame is not None, heard
    found = Ether(heard.frame)
    assert bytes(found) == rebuilt(found), "a checksum or a length is wrong"
    return found


def rebuilt(packet: Packet) -> bytes:
    """The same packet with every checksum and length made anew."""
    again = packet.copy()
    for layer, fields in (
        (IP, ("chksum", "len")),
        (UDP, ("chksum", "len")),
        (IPv6, ("plen",)),
        (ICMPv6ND_RA, ("cksum",)),
    ):
        if again.haslayer(layer):
            for field in fields:
                delattr(again[layer], field)
    return bytes(again)


def discover(flags: int = 0, **fields: Any) -> Packet:
    bootp = BOOTP(chaddr=bytes.fromhex(MAC.replace(":", "")), xid=7, flags=flags, **fields)
    head = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    return head / bootp / DHCP(options=[("message-type", "discover"), "end"])


@pytest.mark.parametrize(("flags", "mac", "ip"), [(0, MAC, GUEST), (0x8000, "ff:ff:ff:ff:ff:ff", "255.255.255.255")])
def test_an_offer_is_a_whole_frame(flags: int, mac: str, ip: str) -> None:
    found = answer(discover(flags))
    assert (found.dst, found.src, found[IP].src, found[IP].dst) == (mac, "02:00:00:00:00:00", SERVER, ip)
    assert (found[UDP].sport, found[UDP].dport, found[BOOTP].yiaddr) == (67, 68, GUEST)
    assert ("message-type", 2) in found[DHCP].options


def test_a_checksum_that_the_guest_left_to_its_network_card_is_no_fault() -> None:
    wrong = discover()
    wrong[UDP].chksum = 0x1234
    assert answer(wrong)[BOOTP].yiaddr == GUEST


def six(message: Packet, port: int = 547) -> Packet:
    head = Ether(src=MAC, dst="33:33:00:01:00:02") / IPv6(src=GUEST_LL, dst="ff02::1:2") / UDP(sport=546, dport=port)
    return head / message / DHCP6OptClientId(duid=DUID_LL(lladdr=MAC))


OURS = DHCP6OptServerId(duid=DUID_LL(lladdr="02:00:00:00:00:00"))


def identity(*ips: str) -> Packet:
    return DHCP6OptIA_NA(iaid=5, ianaopts=[DHCP6OptIAAddress(addr=ip, preflft=1, validlft=2) for ip in ips])


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (DHCP6_Solicit(trid=9) / identity(), DHCP6_Advertise),
        (DHCP6_Solicit(trid=9) / identity() / DHCP6OptRapidCommit(), DHCP6_Reply),
        (DHCP6_Request(trid=9) / OURS / identity(GUEST6), DHCP6_Reply),
        (DHCP6_Renew(trid=9) / OURS / identity(GUEST6), DHCP6_Reply),
    ],
)
def test_the_guests_address_is_given_under_its_number(message: Packet, kind: type[Packet]) -> None:
    found = answer(six(message))
    assert (found.dst, found[IPv6].src, found[IPv6].dst, found[UDP].dport) == (MAC, GATEWAY6, GUEST_LL, 546)
    assert found.haslayer(kind)
    given = found[DHCP6OptIA_NA]
    (address,) = given.ianaopts
    assert (given.iaid, address.addr, address.preflft, address.validlft) == (5, GUEST6, LEASE_S, LEASE_S)
    assert found[DHCP6OptDNSServers].dnsservers == ["2001:db8::53"]
    assert found.haslayer(DHCP6OptRapidCommit) == message.haslayer(DHCP6OptRapidCommit)


def test_another_address_than_the_guests_comes_to_its_end() -> None:
    given = answer(six(DHCP6_Renew() / OURS / identity("fd10:0:2::77")))[DHCP6OptIA_NA].ianaopts
    assert [(each.addr, each.validlft) for each in given] == [(GUEST6, LEASE_S), ("fd10:0:2::77", 0)]


@pytest.mark.parametrize(("ip", "code"), [(GUEST6, 0), ("fd99::2", 4)])
def test_a_guest_that_comes_back_is_told_whether_it_is_on_its_link(ip: str, code: int) -> None:
    assert answer(six(DHCP6_Confirm() / identity(ip)))[DHCP6OptStatusCode].statuscode == code


def test_information_and_release_are_answered_without_an_address() -> None:
    assert not answer(six(DHCP6_InfoRequest())).haslayer(DHCP6OptIA_NA)
    assert answer(six(DHCP6_Release() / OURS / identity(GUEST6)))[DHCP6OptStatusCode].statuscode == 0


@pytest.mark.parametrize(
    "message",
    [
        six(DHCP6_Request() / identity(GUEST6)),  # no server named
        six(DHCP6_Request() / DHCP6OptServerId(duid=DUID_LL(lladdr=MAC)) / identity(GUEST6)),
        six(DHCP6_Solicit() / OURS),
        six(DHCP6_Reply()),
        six(DHCP6_Solicit(), port=546),
        Ether(src=MAC) / IPv6(src=GUEST_LL) / UDP(sport=546, dport=547) / DHCP6_Solicit(),  # no client named
        Ether(src=MAC) / Dot1Q(vlan=5) / IP() / UDP(sport=68, dport=67),
        Ether(src=MAC) / IPv6(src=GUEST_LL, hlim=64) / ICMPv6ND_RS(),  # came through a router
    ],
)
def test_what_a_server_is_to_drop_is_dropped(message: Packet) -> None:
    heard = frames.answered(bytes(message), BOTH)
    assert heard is None or heard.frame is None


def test_a_guest_without_the_family_hears_nothing_of_it() -> None:
    assert frames.answered(bytes(six(DHCP6_Solicit() / identity())), TOLD) is None
    assert frames.answered(bytes(discover()), replace(BOTH, four=None)) is None
    assert frames.unasked(TOLD) is None


@pytest.mark.parametrize(
    ("source", "target", "mac"), [(GUEST_LL, GUEST_LL, MAC), ("::", "ff02::1", "33:33:00:00:00:01")]
)
def test_who_asks_for_a_router_hears_of_one_with_a_default_route(source: str, target: str, mac: str) -> None:
    asked = Ether(src=MAC, dst="33:33:00:00:00:02") / IPv6(src=source, dst="ff02::2", hlim=255) / ICMPv6ND_RS()
    found = answer(asked)
    assert (found.dst, found[IPv6].src, found[IPv6].dst, found[IPv6].hlim) == (mac, GATEWAY6, target, 255)
    told = found[ICMPv6ND_RA]
    assert (told.M, told.O, told.routerlifetime) == (1, 1, 9000)
    prefix = found[ICMPv6NDOptPrefixInfo]
    assert (prefix.prefix, prefix.prefixlen, prefix.L, prefix.A) == ("fd10:0:2::", 120, 1, 0)
    assert found[ICMPv6NDOptSrcLLAddr].lladdr == "02:00:00:00:00:00"
    assert (found[ICMPv6NDOptMTU].mtu, found[ICMPv6NDOptRDNSS].dns) == (1450, ["2001:db8::53"])


def test_a_router_says_so_by_itself_too() -> None:
    frame = frames.unasked(BOTH)
    assert frame is not None
    found = Ether(frame)
    assert bytes(found) == rebuilt(found)
    assert (found.dst, found[IPv6].dst) == ("33:33:00:00:00:01", "ff02::1")


def test_what_is_told_survives_the_way_to_the_process() -> None:
    assert from_json(to_json([BOTH, replace(BOTH, four=None)])) == (BOTH, replace(BOTH, four=None))


WHOLE = [bytes(each) for each in (
    discover(), six(DHCP6_Solicit() / identity(GUEST6)), six(DHCP6_Renew() / OURS / identity(GUEST6)),
    Ether(src=MAC) / IPv6(src=GUEST_LL, hlim=255) / ICMPv6ND_RS(),
)]  # fmt: skip


@given(some.binary(max_size=400) | some.sampled_from(WHOLE), some.data())
def test_nothing_a_guest_sends_is_an_error(frame: bytes, data: some.DataObject) -> None:
    mangled = bytearray(frame)
    for _ in range(data.draw(some.integers(0, 4)) if mangled else 0):
        mangled[data.draw(some.integers(0, len(mangled) - 1))] = data.draw(some.integers(0, 255))
    cut = mangled[: data.draw(some.integers(0, len(mangled)))] if data.draw(some.booleans()) else mangled
    heard = frames.answered(bytes(cut), BOTH)
    assert heard is None or isinstance(heard, Heard)
