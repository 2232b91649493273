"""What is asked before an address is used, and what counts as an answer (scapy is the oracle)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from vmnet.doctor import duplicates

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:66"


@pytest.mark.parametrize("vlan", [0, 93])
def test_a_question_tells_the_neighbours_nothing(vlan: int) -> None:
    four, six = (Ether(duplicates.question(ip, MAC, vlan)) for ip in ("203.0.113.5", "2001:db8::5"))
    assert (four.src, four.dst, four[ARP].op, four[ARP].hwsrc) == (MAC, "ff:ff:ff:ff:ff:ff", 1, MAC)
    assert (four[ARP].psrc, four[ARP].pdst) == ("0.0.0.0", "203.0.113.5")
    assert (six.src, six.dst, six[IPv6].src, six[IPv6].hlim) == (MAC, "33:33:ff:00:00:05", "::", 255)
    assert six[ICMPv6ND_NS].tgt == "2001:db8::5"
    assert [each[Dot1Q].vlan for each in (four, six) if vlan] == [vlan] * (2 if vlan else 0)
    sent = six[ICMPv6ND_NS].cksum
    del six[ICMPv6ND_NS].cksum
    assert Ether(bytes(six))[ICMPv6ND_NS].cksum == sent


@pytest.mark.parametrize(
    ("frame", "claim"),
    [
        (ARP(op=2, hwsrc=OTHER, psrc="203.0.113.5"), ("203.0.113.5", OTHER)),
        (ARP(op=1, hwsrc=OTHER, psrc="203.0.113.5", pdst="203.0.113.5"), ("203.0.113.5", OTHER)),
        (ARP(op=1, hwsrc=OTHER, psrc="0.0.0.0", pdst="203.0.113.5"), None),
        (IPv6(src="2001:db8::5", dst="ff02::1") / ICMPv6ND_NA(tgt="2001:db8::5"), ("2001:db8::5", OTHER)),
        (
            IPv6(src="2001:db8::5", dst="ff02::1") / ICMPv6ND_NA(tgt="2001:db8::5") / ICMPv6NDOptDstLLAddr(lladdr=MAC),
            ("2001:db8::5", MAC),
        ),
        (IPv6(src="::", dst="ff02::1:ff00:5") / ICMPv6ND_NS(tgt="2001:db8::5"), None),
        (IP(src="203.0.113.5") / UDP(), None),
    ],
)
def test_an_answer_is_who_says_that_an_address_is_its_own(frame: Packet, claim: tuple[str, str] | None) -> None:
    assert duplicates.claimed(bytes(Ether(src=OTHER, dst=MAC) / frame)) == claim


@given(some.binary(max_size=120))
def test_nonsense_is_no_answer(data: bytes) -> None:
    head = bytes(12) + b"\x86\xdd"
    assert duplicates.claimed(data) is None or len(data) > 14
    duplicates.claimed(head + data)
