"""The DHCPv4 codec against scapy, the independent oracle, and against hostile bytes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP

from netkernel.errors import MalformedMessage
from netkernel.packets import dhcp4, dhcp4_options, names, udp4
from netkernel.packets.dhcp4 import Message

MAC = "02:00:00:00:00:01"
HEAD = BOOTP(op=2, xid=7, chaddr=bytes.fromhex("020000000001"), yiaddr="192.0.2.7")

ips = st.binary(min_size=4, max_size=4).map(lambda raw: ".".join(map(str, raw)))
numbers = st.integers(1, 254).filter(lambda number: number != dhcp4_options.OVERLOAD)
options = st.dictionaries(numbers, st.binary(max_size=600), max_size=6).map(lambda found: tuple(found.items()))
unpadded = st.binary(max_size=60).filter(lambda text: not text.endswith(b"\0"))
messages = st.builds(
    Message, st.sampled_from([dhcp4.REQUEST, dhcp4.REPLY]), st.integers(0, 2**32 - 1),
    st.binary(max_size=16).map(lambda raw: raw.hex(":")), options, ips, ips, ips, ips, st.integers(0, 65535),
    st.booleans(), st.integers(0, 255), st.integers(0, 255), unpadded, unpadded,
)  # fmt: skip


@settings(max_examples=100)
@given(messages)
def test_a_message_survives_the_wire(message: Message) -> None:
    assert dhcp4.parse(message.pack()) == message


def test_scapy_reads_our_discover() -> None:
    ours = Message(
        dhcp4.REQUEST, 0xCAFE, MAC, ((53, b"\1"), (12, b"node7"), (55, bytes((1, 3, 6)))), seconds=3, broadcast=True
    )
    seen = BOOTP(ours.pack())
    assert (seen.op, seen.xid, seen.secs, int(seen.flags), seen.chaddr[:6].hex(":")) == (1, 0xCAFE, 3, 0x8000, MAC)
    found = [each for each in seen[DHCP].options if each not in ("end", "pad")]
    assert found == [("message-type", 1), ("hostname", b"node7"), ("param_req_list", [1, 3, 6])]


def test_an_offer_by_scapy_is_read() -> None:
    theirs: list[Any] = [
        ("message-type", "offer"), ("server_id", "192.0.2.1"), ("lease_time", 120), ("subnet_mask", "255.255.255.0"),
        ("router", "192.0.2.1"), ("name_server", "192.0.2.53", "192.0.2.54"), "end",
    ]  # fmt: skip
    seen = dhcp4.parse(bytes(HEAD / DHCP(options=theirs)))
    assert (seen.operation, seen.transaction, seen.mac, seen.your_ip, seen.type) == (
        2,
        7,
        MAC,
        "192.0.2.7",
        dhcp4.OFFER,
    )
    assert dhcp4_options.addresses(seen.option(dhcp4_options.SERVER_ID)) == ("192.0.2.1",)
    assert dhcp4_options.number(seen.option(dhcp4_options.LEASE_TIME)) == 120
    assert dhcp4_options.prefix_length(seen.option(dhcp4_options.SUBNET_MASK)) == 24


def test_an_option_in_pieces_and_in_the_fields_of_bootp_is_whole() -> None:
    head = bytearray(bytes(HEAD))[:236]
    head[44:48] = b"\x77\x02ef"  # the server's name comes last
    head[108:112] = b"\x77\x02cd"
    seen = dhcp4.parse(bytes(head) + b"\x63\x82\x53\x63" + b"\x34\x01\x03" + b"\x77\x02ab" + b"\xff")
    assert seen.options == ((119, b"abcdef"),)
    assert (seen.server_name, seen.boot_file) == (b"", b"")


def test_a_long_option_goes_in_pieces_that_scapy_puts_side_by_side() -> None:
    long = bytes(range(256)) * 2
    pieces = [
        each[1] for each in BOOTP(Message(1, 7, MAC, ((12, long),)).pack())[DHCP].options if each[0] == "hostname"
    ]
    assert [len(each) for each in pieces] == [255, 255, 2]
    assert b"".join(pieces) == long


def test_a_message_is_as_long_as_relays_of_old_want_it() -> None:
    assert len(Message(1, 7, MAC).pack()) == dhcp4.LEAST


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (bytes(100), "wanted at least"),
        (bytes(240), "operation 0"),
        (b"\1\1\x11" + bytes(237), "hardware address of 17"),
        (b"\1\1\6" + bytes(237), "no magic cookie"),
        (Message(1, 7, MAC, ((12, b"node7"),)).pack()[:244], "option 12 is cut off"),
        (Message(1, 7, MAC, ((12, b"node7"),)).pack()[:241], "option 12 is cut off"),
    ],
)
def test_what_is_no_message_is_refused_with_words(payload: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        dhcp4.parse(payload)


@pytest.mark.parametrize("number", [0, dhcp4_options.OVERLOAD, 255])
def test_no_message_is_made_with_what_only_the_codec_may_write(number: int) -> None:
    with pytest.raises(ValueError, match="no option to be set"):
        Message(1, 7, MAC, ((number, b""),)).pack()


networks = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda pair: f"{dhcp4_options.IPv4Network((pair[0], pair[1]), strict=False)}"
)


@given(st.lists(st.tuples(networks, ips), max_size=8).map(tuple))
def test_classless_routes_survive_the_wire(routes: dhcp4_options.Routes) -> None:
    assert dhcp4_options.classless_routes(dhcp4_options.pack_classless_routes(routes)) == routes


def test_the_examples_of_the_rfc_are_read() -> None:
    packed = bytes((24, 10, 0, 0, 192, 0, 2, 1, 0, 192, 0, 2, 2, 32, 10, 1, 2, 3, 0, 0, 0, 0))
    assert dhcp4_options.classless_routes(packed) == (
        ("10.0.0.0/24", "192.0.2.1"), ("0.0.0.0/0", "192.0.2.2"), ("10.1.2.3/32", "0.0.0.0"),
    )  # fmt: skip
    search = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04"  # RFC 3397 section 3
    assert names.domains(search) == ("eng.apple.com", "marketing.apple.com")


def test_routes_of_old_have_the_masks_of_old() -> None:
    packed = dhcp4_options.pack_addresses(
        ["10.0.0.0", "192.0.2.1", "172.16.0.0", "192.0.2.1", "192.168.7.9", "192.0.2.1", "0.0.0.0", "192.0.2.1"]
    )
    assert [route for route, _ in dhcp4_options.classful_routes(packed)] == [
        "10.0.0.0/8", "172.16.0.0/16", "192.168.7.9/32",
    ]  # fmt: skip


@pytest.mark.parametrize("length", range(33))
def test_each_prefix_length_is_a_mask_and_back(length: int) -> None:
    assert dhcp4_options.prefix_length(dhcp4_options.pack_prefix(length)) == length


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"node7\0", "node7"), (b"node7.example.org.", "node7.example.org"), (b"a\nnameserver 6.6.6.6", ""),
        (b"", ""), (b"-a", ""), (b"a..b", ""), (b"x" * 64, ""), ("ä".encode(), ""),
        (b"_dmarc.example", "_dmarc.example"),
    ],
)  # fmt: skip
def test_only_names_are_names(value: bytes, found: str) -> None:
    assert names.name(value) == found


@pytest.mark.parametrize(
    "value",
    [b"\xc0\x00", b"\x01a\xc0\x02", b"\x01a", b"\x40a\x00", b"\xc0", b"\x01a\x00\xc0\x03"],
)
def test_names_that_lead_nowhere_or_in_circles_are_none(value: bytes) -> None:
    assert names.domains(value) == ()


def test_a_mask_with_holes_and_addresses_no_host_has_are_not_taken() -> None:
    assert dhcp4_options.prefix_length(b"\xff\x00\xff\x00") is None
    assert dhcp4_options.addresses(dhcp4_options.pack_addresses(["0.0.0.0", "224.0.0.1", "192.0.2.1"])) == (
        "192.0.2.1",
    )
    assert dhcp4_options.addresses(b"\xc0\x00\x02") == ()


def test_a_name_without_a_domain_is_for_the_server_to_complete() -> None:
    assert dhcp4_options.pack_fqdn("node7") == b"\x05\0\0\x05node7"
    assert dhcp4_options.pack_fqdn("node7.example.") == b"\x05\0\0\x05node7\x07example\0"


READERS: list[Callable[[bytes], object]] = [
    dhcp4_options.addresses, dhcp4_options.classless_routes, dhcp4_options.classful_routes, names.domains,
    names.name, names.text, dhcp4_options.number, dhcp4_options.prefix_length,
]  # fmt: skip


@settings(max_examples=200)
@given(st.binary(max_size=80), st.sampled_from(READERS))
def test_no_option_hurts_its_reader(value: bytes, read: Callable[[bytes], object]) -> None:
    read(value)


@settings(max_examples=200)
@given(st.binary(max_size=120), st.integers(0, 3), st.binary(min_size=64, max_size=64))
def test_hostile_options_are_refused_with_words_or_read(tail: bytes, overload: int, name: bytes) -> None:
    head = bytearray(bytes(HEAD))[:236]
    head[44:108] = name
    try:
        dhcp4.parse(bytes(head) + b"\x63\x82\x53\x63" + bytes((52, 1, overload)) + tail)
    except MalformedMessage as refused:
        assert str(refused)


def test_scapy_reads_our_datagram_and_finds_its_checksums_right() -> None:
    ours = udp4.Datagram("0.0.0.0", "255.255.255.255", 68, 67, b"hello").pack()
    seen = IP(ours)
    assert (seen.src, seen.dst, seen[UDP].sport, seen[UDP].dport, bytes(seen[UDP].payload)) == (
        "0.0.0.0", "255.255.255.255", 68, 67, b"hello",
    )  # fmt: skip
    anew = seen.copy()
    del anew.chksum, anew[UDP].chksum
    assert bytes(anew) == ours


def test_a_datagram_by_scapy_is_read_and_one_with_a_flipped_bit_is_not() -> None:
    packet = bytes(IP(src="192.0.2.1", dst="192.0.2.7") / UDP(sport=67, dport=68) / b"hello!")
    assert udp4.parse(packet + bytes(6)) == udp4.Datagram("192.0.2.1", "192.0.2.7", 67, 68, b"hello!")
    broken = packet[:-1] + b"?"
    with pytest.raises(MalformedMessage, match="UDP: wrong checksum"):
        udp4.parse(broken)
    assert udp4.parse(broken, checksum_is_there=False).payload == b"hello?"


@settings(max_examples=200)
@given(st.binary(max_size=80).map(lambda tail: b"\x45" + tail) | st.binary(max_size=40))
def test_hostile_packets_are_refused_with_words(packet: bytes) -> None:
    with pytest.raises(MalformedMessage):
        udp4.parse(packet)
