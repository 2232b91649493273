"""The DHCPv6 codec against scapy, the independent oracle, and against hostile bytes."""

from collections.abc import Callable
from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers import dhcp6 as scapy6

from netkernel.errors import MalformedMessage
from netkernel.packets import dhcp6, names
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6 import Message
from netkernel.packets.dhcp6_options import Identity, IdentityAddress, Status

MAC = "02:00:00:00:00:01"
DUID = options.duid_link(1, MAC)

numbers = st.integers(0, 2**32 - 1)
plain = st.lists(st.tuples(st.integers(1, 0xFFFF), st.binary(max_size=400)), max_size=6).map(tuple)
messages = st.builds(Message, st.integers(1, 11), st.integers(0, 2**24 - 1), plain)
statuses = st.builds(Status, st.integers(0, 0xFFFF), st.text("abc ", max_size=20))
hosts = st.binary(min_size=15, max_size=15).map(lambda tail: str(IPv6Address(b"\x20" + tail)))
lifetimes = st.tuples(numbers, numbers).map(sorted)
addresses = st.builds(lambda ip, times, status: IdentityAddress(ip, *times, status), hosts, lifetimes, statuses)
identities = st.builds(
    lambda number, times, found, status: Identity(number, *times, tuple(found), status),
    numbers, lifetimes, st.lists(addresses, max_size=4), statuses,
)  # fmt: skip


@settings(max_examples=100)
@given(messages)
def test_a_message_survives_the_wire(message: Message) -> None:
    assert dhcp6.parse(message.pack()) == message


@settings(max_examples=100)
@given(identities)
def test_an_identity_survives_the_wire_with_its_addresses_and_what_is_said_of_them(identity: Identity) -> None:
    assert options.identity(identity.pack()) == identity


def test_scapy_reads_our_solicit() -> None:
    said = Identity(7, addresses=(IdentityAddress("2001:db8::7"),))
    ours = Message(
        dhcp6.SOLICIT, 0xCAFE, (
            (options.CLIENT_ID, DUID), (options.IDENTITY, said.pack()), (options.RAPID_COMMIT, b""),
            (options.WANTED, options.pack_wanted((options.NAME_SERVERS, options.SEARCH))),
            (options.ELAPSED, options.pack_elapsed(1.5)),
            (options.CLIENT_NAME, options.pack_client_name("node7.example")),
        ),
    )  # fmt: skip
    seen = scapy6.DHCP6_Solicit(ours.pack())
    assert (seen.msgtype, seen.trid) == (1, 0xCAFE)
    duid = seen[scapy6.DHCP6OptClientId].duid
    assert (type(duid), duid.lladdr, duid.hwtype) == (scapy6.DUID_LL, MAC, 1)
    identity = seen[scapy6.DHCP6OptIA_NA]
    assert (identity.iaid, identity.T1, identity.T2) == (7, 0, 0)
    assert [each.addr for each in identity.ianaopts] == ["2001:db8::7"]
    assert seen[scapy6.DHCP6OptOptReq].reqopts == [23, 24]
    assert seen[scapy6.DHCP6OptElapsedTime].elapsedtime == 150
    assert scapy6.DHCP6OptRapidCommit in seen
    name = seen[scapy6.DHCP6OptClientFQDN]
    assert (int(name.flags), name.fqdn) == (1, b"node7.example.")


def test_a_reply_by_scapy_is_read() -> None:
    address = scapy6.DHCP6OptIAAddress(
        addr="2001:db8::7", preflft=60, validlft=120,
        iaaddropts=[scapy6.DHCP6OptStatusCode(statuscode=0, statusmsg=b"have it")],
    )  # fmt: skip
    theirs = (
        scapy6.DHCP6_Reply(trid=7)
        / scapy6.DHCP6OptServerId(duid=scapy6.DUID_LLT(timeval=5, lladdr=MAC))
        / scapy6.DHCP6OptClientId(duid=scapy6.DUID_UUID(uuid="6f0a4d6e-6b0e-4a55-9d0e-5d6d3b7c2a11"))
        / scapy6.DHCP6OptIA_NA(iaid=9, T1=30, T2=45, ianaopts=[address])
        / scapy6.DHCP6OptPref(prefval=255)
        / scapy6.DHCP6OptDNSServers(dnsservers=["2001:db8::53", "fe80::53"])
        / scapy6.DHCP6OptDNSDomains(dnsdomains=["a.example.", "b.example."])
        / scapy6.DHCP6OptInfoRefreshTime(reftime=900)
        / scapy6.DHCP6OptStatusCode(statuscode=0, statusmsg=b"success")
    )
    seen = dhcp6.parse(bytes(theirs))
    assert (seen.type, seen.transaction) == (dhcp6.REPLY, 7)
    assert seen.server_id == options.duid_time(1, MAC, options.DUID_EPOCH_S + 5)
    assert seen.client_id == options.duid_uuid(bytes.fromhex("6f0a4d6e6b0e4a559d0e5d6d3b7c2a11"))
    lent = IdentityAddress("2001:db8::7", 60, 120, Status(0, "have it"))
    assert options.identity(seen.option(options.IDENTITY)) == Identity(9, 30, 45, (lent,))
    assert options.preference(seen.option(options.PREFERENCE)) == 255
    assert options.addresses(seen.option(options.NAME_SERVERS)) == ("2001:db8::53", "fe80::53")
    assert names.domains(seen.option(options.SEARCH)) == ("a.example", "b.example")
    assert options.refresh_s(seen.option(options.REFRESH_TIME)) == 900
    assert options.status(seen.option(options.STATUS)) == Status(0, "success")


def test_each_kind_of_duid_is_what_scapy_writes() -> None:
    uuid = "6f0a4d6e-6b0e-4a55-9d0e-5d6d3b7c2a11"
    assert options.duid_link(1, MAC) == bytes(scapy6.DUID_LL(lladdr=MAC))
    assert options.duid_time(1, MAC, options.DUID_EPOCH_S + 77) == bytes(scapy6.DUID_LLT(timeval=77, lladdr=MAC))
    assert options.duid_enterprise(9, b"node7") == bytes(scapy6.DUID_EN(enterprisenum=9, id=b"node7"))
    assert options.duid_uuid(bytes.fromhex(uuid.replace("-", ""))) == bytes(scapy6.DUID_UUID(uuid=uuid))


def test_several_identities_of_one_message_are_told_apart() -> None:
    pair = Identity(1).pack(), Identity(2).pack()
    message = Message(dhcp6.REPLY, 1, tuple((options.IDENTITY, each) for each in pair))
    assert dhcp6.parse(message.pack()).every(options.IDENTITY) == pair


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "wanted at least 4"), (b"\1\0\0", "wanted at least 4"), (bytes(4), "message type 0"),
        (b"\x0c\0\0\0", "message type 12"), (b"\7\0\0\1\0", "1 bytes where an option begins"),
        (b"\7\0\0\1\0\1\0\2a", "option 1 is cut off: wanted 2, found 1"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_with_words(payload: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        dhcp6.parse(payload)


@pytest.mark.parametrize(
    "message",
    [Message(0, 1), Message(12, 1), Message(1, 2**24), Message(1, 1, ((0, b""),)), Message(1, 1, ((1, bytes(65536)),))],
)
def test_no_message_is_made_that_nobody_could_read(message: Message) -> None:
    with pytest.raises(ValueError, match="DHCPv6"):
        message.pack()


def test_an_identity_or_an_address_whose_times_contradict_each_other_is_dropped() -> None:
    assert options.identity(Identity(1, 20, 10).pack()) is None
    assert options.identity(Identity(1, 20, 0).pack()) == Identity(1, 20, 0)
    odd, good = IdentityAddress("2001:db8::1", 20, 10), IdentityAddress("2001:db8::2", 10, 20)
    assert options.identity(Identity(1, addresses=(odd, good)).pack()) == Identity(1, addresses=(good,))


@pytest.mark.parametrize("ip", ["::", "::1", "ff02::1", "fe80::1", "::ffff:192.0.2.1"])
def test_no_server_gives_an_address_that_no_host_can_have_from_it(ip: str) -> None:
    read = options.identity(Identity(1, addresses=(IdentityAddress(ip, 10, 20),)).pack())
    assert read is not None and read.addresses == ()


def test_a_longest_wait_out_of_range_and_a_refresh_too_soon_are_corrected() -> None:
    def said(number: int) -> bytes:
        return number.to_bytes(4, "big")

    assert [options.maximum_s(said(each)) for each in (59, 60, 86400, 86401)] == [None, 60, 86400, None]
    assert [options.refresh_s(said(each)) for each in (0, 599, 601)] == [600, 600, 601]
    assert options.maximum_s(None) is options.refresh_s(b"abc") is None


def test_more_time_than_two_bytes_hold_is_all_ones() -> None:
    assert options.pack_elapsed(-1) == bytes(2)
    assert options.pack_elapsed(1e9) == b"\xff\xff"


def test_a_name_without_a_domain_is_for_the_server_to_complete() -> None:
    assert options.pack_client_name("node7") == b"\1\5node7"
    assert options.pack_client_name("node7.example") == b"\1\5node7\7example\0"


READERS: list[Callable[[bytes], object]] = [
    options.identity, options.status, options.preference, options.number, options.maximum_s, options.refresh_s,
    options.addresses, names.domains,
]  # fmt: skip


@settings(max_examples=200)
@given(st.binary(max_size=80), st.sampled_from(READERS))
def test_no_option_hurts_its_reader(value: bytes, read: Callable[[bytes], object]) -> None:
    read(value)


@settings(max_examples=200)
@given(st.binary(max_size=120), st.integers(1, 11))
def test_hostile_messages_are_refused_with_words_or_read(tail: bytes, type: int) -> None:
    try:
        seen = dhcp6.parse(bytes((type, 0, 0, 1)) + tail)
    except MalformedMessage as refused:
        assert str(refused)
    else:
        assert any(number == 0 for number, _ in seen.options) or seen.pack() == bytes((type, 0, 0, 1)) + tail


@settings(max_examples=100)
@given(messages, st.data())
def test_a_message_cut_off_anywhere_is_refused_or_ends_with_an_option(message: Message, data: st.DataObject) -> None:
    packed = message.pack()
    cut = packed[: data.draw(st.integers(0, len(packed)))]
    try:
        assert dhcp6.parse(cut).pack() == cut
    except MalformedMessage as refused:
        assert str(refused)
