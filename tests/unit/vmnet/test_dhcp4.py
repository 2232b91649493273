"""What the DHCPv4 server answers, message by message."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from netkernel.frozen import replace
from netkernel.packets import dhcp4
from netkernel.packets import dhcp4_options as options
from netkernel.packets.dhcp4 import ACK, ASK, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, Message
from vmnet.serve import dhcp4 as server
from vmnet.serve.told import LEASE_S, Lent, Told, Told4

GUEST, SERVER = "10.0.2.2", "10.0.2.1"
MAC = "02:00:00:00:00:01"
FOUR = Told4(ip=GUEST, prefix=24, server=SERVER, router=SERVER, servers=("192.0.2.53",))
TOLD = Told(
    tap="tap0", server_mac="02:00:00:00:00:00", mtu=1450, hostname="demo", domain="shop.svc.cluster.local",
    search=("shop.svc.cluster.local", "cluster.local"), four=FOUR, boot_file="boot.ipxe", tftp_server="tftp.example",
    ntp_servers=("192.0.2.123",), private=((240, "mine"),),
)  # fmt: skip
ALL = [1, 3, 6, 12, 15, 26, 119, 42, 66, 67, 121, 240]


def packed(ip: str) -> bytes:
    return IPv4Address(ip).packed


def message(type: int, *more: tuple[int, bytes], wants: list[int] | None = None, **fields: Any) -> Message:
    parameters = [(options.PARAMETERS, bytes(wants))] if wants is not None else []
    return Message(dhcp4.REQUEST, 7, MAC, ((options.MESSAGE_TYPE, bytes((type,))), *parameters, *more), **fields)


def asked(ip: str, *more: tuple[int, bytes], **fields: Any) -> Message:
    return message(ASK, (options.REQUESTED_IP, packed(ip)), *more, **fields)


def answer(to: Message, told: Told = TOLD) -> Message:
    exchange = server.answered(to, told)
    assert exchange is not None and exchange.answer is not None
    return dhcp4.parse(exchange.answer.pack())


def test_a_lease_is_offered_and_given() -> None:
    offer = answer(message(DISCOVER))
    assert (offer.type, offer.your_ip, offer.transaction, offer.mac) == (OFFER, GUEST, 7, MAC)
    given = answer(asked(GUEST, (options.SERVER_ID, packed(SERVER))))
    assert (given.type, given.your_ip) == (ACK, GUEST)
    assert given.option(options.LEASE_TIME) == LEASE_S.to_bytes(4)
    assert given.option(options.SERVER_ID) == packed(SERVER)


def test_everything_is_told_to_who_asks_for_everything_and_in_one_order() -> None:
    first, other = answer(message(DISCOVER, wants=ALL)), answer(message(DISCOVER, wants=ALL[::-1]))
    assert first.options == other.options
    assert [number for number, _ in first.options] == [53, 54, 51, 1, 3, 6, 12, 15, 119, 26, 42, 66, 67, 240]
    assert dict(answer(message(DISCOVER)).options) == dict(first.options)
    found = {number: value for number, value in first.options}
    assert (found[1], found[3], found[6]) == (packed("255.255.255.0"), packed(SERVER), packed("192.0.2.53"))
    assert (found[12], found[15], found[26]) == (b"demo", b"shop.svc.cluster.local", (1450).to_bytes(2))
    assert (found[42], found[66], found[67], found[240]) == (
        packed("192.0.2.123"),
        b"tftp.example",
        b"boot.ipxe",
        b"mine",
    )
    assert found[119].count(b"\x05local\x00") == 2


def test_what_was_not_asked_for_is_left_out_but_what_the_user_wrote_down() -> None:
    assert [number for number, _ in answer(message(DISCOVER, wants=[3])).options] == [53, 54, 51, 1, 3, 42, 66, 67, 240]


def test_routes_come_before_the_router_and_the_default_last() -> None:
    routes = (("169.254.1.1/32", "0.0.0.0"), ("0.0.0.0/0", "169.254.1.1"))
    found = answer(message(DISCOVER), replace(TOLD, four=replace(FOUR, routes=routes)))
    numbers = [number for number, _ in found.options]
    assert numbers.index(121) < numbers.index(3)
    assert found.option(121) == bytes.fromhex("20 a9fe0101 00000000 00 a9fe0101")


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (asked("10.0.2.9"), "10.0.2.9 was asked for, 10.0.2.2 is the guest's"),
        (asked("10.0.2.9", (options.SERVER_ID, packed(SERVER))), "10.0.2.9 was asked for, 10.0.2.2 is the guest's"),
        (message(ASK, client_ip="10.244.9.9"), "10.244.9.9 was asked for, 10.0.2.2 is the guest's"),
        (message(ASK), "no address was asked for"),
    ],
)
def test_a_wrong_address_is_refused_to_everybodys_ears(to: Message, why: str) -> None:
    found = answer(to)
    assert (found.type, found.your_ip, found.broadcast) == (NAK, "0.0.0.0", True)
    assert found.option(options.ERROR_TEXT) == why.encode()
    assert found.option(options.LEASE_TIME) is None


def test_a_lease_is_renewed_and_a_guest_that_starts_again_has_it() -> None:
    for to in (message(ASK, client_ip=GUEST), asked(GUEST)):
        assert (answer(to).type, answer(to).your_ip) == (ACK, GUEST)
    assert answer(message(ASK, client_ip=GUEST)).client_ip == GUEST


def test_who_only_asks_for_information_gets_no_lease() -> None:
    found = answer(message(INFORM, client_ip=GUEST, wants=ALL))
    assert (found.type, found.your_ip, found.client_ip) == (ACK, "0.0.0.0", GUEST)
    assert found.option(options.LEASE_TIME) is None
    assert found.option(options.ROUTERS) == packed(SERVER)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (
            message(DECLINE, (options.REQUESTED_IP, packed(GUEST))),
            f"DECLINE from {MAC}: somebody else has {GUEST}, says the guest",
        ),
        (message(RELEASE, client_ip=GUEST), f"RELEASE from {MAC}: {GUEST} stays the guest's"),
        (asked(GUEST, (options.SERVER_ID, packed("10.0.2.77"))), f"REQUEST from {MAC}: another server was chosen"),
        (message(OFFER), f"OFFER from {MAC}: not a client's message"),
    ],
)
def test_some_messages_are_noted_and_get_no_answer(to: Message, said: str) -> None:
    exchange = server.answered(to, TOLD)
    assert exchange is not None
    assert (exchange.answer, exchange.said) == (None, said)


def test_what_is_for_others_is_passed_over() -> None:
    other = replace(TOLD, mac="02:00:00:00:00:09")
    assert server.answered(message(DISCOVER), other) is None
    assert server.answered(replace(message(DISCOVER), operation=dhcp4.REPLY), TOLD) is None
    assert server.answered(replace(message(DISCOVER), relay_ip="10.0.0.1"), TOLD) is None
    assert server.answered(Message(dhcp4.REQUEST, 7, MAC), TOLD) is None
    assert server.answered(message(DISCOVER), replace(TOLD, four=None)) is None


def test_the_clients_identifier_comes_back() -> None:
    assert answer(message(DISCOVER, (options.CLIENT_ID, b"\x01abc"))).option(options.CLIENT_ID) == b"\x01abc"


def test_a_search_domain_that_is_no_name_costs_only_itself() -> None:
    found = answer(message(DISCOVER), replace(TOLD, search=("a" * 70, "ok.example")))
    assert found.option(options.SEARCH) == b"\x02ok\x07example\x00"


@pytest.mark.parametrize(
    ("to", "lent"),
    [
        (message(DISCOVER), None),
        (asked(GUEST), Lent(GUEST, LEASE_S)),
        (asked("10.0.2.3"), None),
        (message(INFORM, client_ip=GUEST), None),
        (message(RELEASE, client_ip=GUEST), Lent(GUEST, 0)),
        (message(DECLINE), Lent(GUEST, 0)),
    ],
)
def test_what_has_become_of_the_lease_is_said_with_the_answer(to: Message, lent: Lent | None) -> None:
    exchange = server.answered(to, TOLD)
    assert exchange is not None
    assert exchange.lent == lent
