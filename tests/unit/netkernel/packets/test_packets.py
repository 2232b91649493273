"""Packet codecs against scapy, the independent oracle, and against hostile bytes."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr
from scapy.layers.l2 import ARP

from netkernel.errors import MalformedMessage
from netkernel.packets import arp, dns, icmp, nd
from netkernel.packets.checksum import internet_checksum

MAC = "02:00:00:00:00:01"


def test_scapy_reads_our_arp_request() -> None:
    seen = ARP(arp.Arp(arp.REQUEST, MAC, "192.0.2.5", target_ip="192.0.2.1").pack())
    assert (seen.op, seen.hwsrc, seen.psrc, seen.pdst) == (1, MAC, "192.0.2.5", "192.0.2.1")


def test_an_arp_reply_by_scapy_is_read_with_ethernet_padding_behind_it() -> None:
    reply = bytes(ARP(op=2, hwsrc=MAC, psrc="192.0.2.1", hwdst="02:00:00:00:00:02", pdst="192.0.2.5")) + bytes(18)
    assert arp.parse(reply) == arp.Arp(arp.REPLY, MAC, "192.0.2.1", "02:00:00:00:00:02", "192.0.2.5")


def test_scapy_reads_our_neighbour_solicitation() -> None:
    seen = ICMPv6ND_NS(nd.Solicitation("2001:db8::1", MAC).pack())
    assert seen.tgt == "2001:db8::1"
    assert seen[ICMPv6NDOptSrcLLAddr].lladdr == MAC


def test_an_advertisement_by_scapy_is_read() -> None:
    message = ICMPv6ND_NA(R=1, S=1, O=0, tgt="fe80::1") / ICMPv6NDOptDstLLAddr(lladdr=MAC)
    assert nd.parse(bytes(message)) == nd.Advertisement("fe80::1", MAC, router=True, solicited=True, override=False)


@given(st.builds(nd.Advertisement, st.just("fe80::2"), st.just(MAC), st.booleans(), st.booleans(), st.booleans()))
def test_an_advertisement_survives_the_wire(message: nd.Advertisement) -> None:
    assert nd.parse(message.pack()) == message


def test_the_solicited_node_group_ends_in_the_last_three_bytes() -> None:
    assert nd.solicited_node("2001:db8::12:3456") == "ff02::1:ff12:3456"


def test_scapy_reads_our_echo_request_and_finds_its_checksum_right() -> None:
    ours = icmp.Echo(4, 77, 3, b"nncp!").pack()
    seen = ICMP(ours)
    assert (seen.type, seen.id, seen.seq, bytes(seen.payload)) == (8, 77, 3, b"nncp!")
    assert internet_checksum(ours) == 0


def test_an_echo_reply_behind_an_ip_header_is_read() -> None:
    packet = bytes(IP(src="192.0.2.1", dst="192.0.2.2") / ICMP(type=0, id=77, seq=3) / b"nncp!")
    assert icmp.parse(icmp.behind_ip(packet), 4) == icmp.Echo(4, 77, 3, b"nncp!", is_reply=True)


def test_an_echo_with_a_flipped_bit_is_refused() -> None:
    message = bytearray(icmp.Echo(4, 77, 3, b"nncp!").pack())
    message[-1] ^= 1
    with pytest.raises(MalformedMessage, match="checksum"):
        icmp.parse(bytes(message), 4)


@pytest.mark.parametrize(
    ("name", "shown"), [("", b"."), ("example.org", b"example.org."), ("example.org.", b"example.org.")]
)
def test_scapy_reads_our_question(name: str, shown: bytes) -> None:
    seen = DNS(dns.Question(4711, name).pack())
    assert (seen.id, seen.rd, seen.qd[0].qname, seen.qd[0].qtype) == (4711, 1, shown, 2)


def test_an_answer_by_scapy_is_read() -> None:
    assert dns.parse(bytes(DNS(id=4711, qr=1, rcode=2, qd=DNSQR(qname=".")))) == dns.Answer(4711, dns.SERVER_FAILURE)


@settings(max_examples=200)
@given(
    st.binary(max_size=80),
    st.sampled_from([arp.parse, nd.parse, dns.parse, lambda b: icmp.parse(b, 6), icmp.behind_ip]),
)
def test_hostile_bytes_are_refused_with_words_or_read(data: bytes, parse: Callable[[bytes], object]) -> None:
    try:
        parse(data)
    except MalformedMessage as refused:
        assert str(refused)
