"""A DHCPv6 server with one address to give (RFC 8415): what it answers to a message, as a function."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from netkernel.frozen import Frozen, replace
from netkernel.packets import dhcp6, names
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6 import (
    ADVERTISE,
    CONFIRM,
    DECLINE,
    INFORMATION_REQUEST,
    REBIND,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SOLICIT,
    Message,
)
from netkernel.packets.dhcp6_options import Identity, IdentityAddress, Status
from vmnet.serve.told import LEASE_S, Lent, Told, Told6

_WORDS: Final = {
    SOLICIT: "SOLICIT", ADVERTISE: "ADVERTISE", REQUEST: "REQUEST", CONFIRM: "CONFIRM", RENEW: "RENEW",
    REBIND: "REBIND", REPLY: "REPLY", RELEASE: "RELEASE", DECLINE: "DECLINE",
    INFORMATION_REQUEST: "INFORMATION-REQUEST",
}  # fmt: skip
_NAME_A_SERVER: Final = frozenset({REQUEST, RENEW, DECLINE, RELEASE})
"""These are for the server whose identifier they carry (sections 16.4 to 16.9)."""
_HARDWARE: Final = 1  # Ethernet (RFC 8415 section 11.4)


class Exchange(Frozen):
    """What goes back (None for silence), a line about it, and what became of the lease."""

    answer: Message | None
    said: str
    lent: Lent | None = None


def answered(message: Message, told: Told) -> Exchange | None:
    """None for what a server is to drop without a word (section 16)."""
    six = told.six
    ours = options.duid_link(_HARDWARE, told.server_mac)
    if six is None or message.type not in _WORDS or message.type in (ADVERTISE, REPLY):
        return None
    if message.type != INFORMATION_REQUEST and not message.client_id:
        return None
    if not _is_for(message, ours):
        return None
    type = ADVERTISE if message.type == SOLICIT and message.option(options.RAPID_COMMIT) is None else REPLY
    head = [(options.CLIENT_ID, message.client_id)] if message.client_id else []
    head.append((options.SERVER_ID, ours))
    if message.type == SOLICIT and type == REPLY:
        head.append((options.RAPID_COMMIT, b""))
    body = list(_body(message, told, six))
    answer = Message(type, message.transaction, (*head, *body))
    return Exchange(answer, f"{_WORDS[message.type]}: {_WORDS[type]} {six.ip}", _lent(message, type, six))


def _lent(message: Message, type: int, six: Told6) -> Lent | None:
    if type != REPLY or message.option(options.IDENTITY) is None:
        return None
    if message.type in (RELEASE, DECLINE):
        return Lent(six.ip, 0)
    return Lent(six.ip, LEASE_S) if message.type in (SOLICIT, REQUEST, RENEW, REBIND) else None


def _is_for(message: Message, server: bytes) -> bool:
    if message.type in _NAME_A_SERVER:
        return message.server_id == server
    return not message.server_id or (message.type == INFORMATION_REQUEST and message.server_id == server)


def _body(message: Message, told: Told, six: Told6) -> Iterator[tuple[int, bytes]]:
    match message.type:
        case dhcp6.CONFIRM:
            yield options.STATUS, _packed(_on_link(message, six))
        case dhcp6.RELEASE | dhcp6.DECLINE:
            yield options.STATUS, _packed(Status(options.SUCCESS, "noted; the address stays the guest's"))
        case dhcp6.INFORMATION_REQUEST:
            pass
        case _:
            for value in message.every(options.IDENTITY):
                if (asked := options.identity(value)) is not None:
                    yield options.IDENTITY, _identity(asked, six).pack()
    yield from _names(message, told, six)


def _identity(asked: Identity, six: Told6) -> Identity:
    """The guest's address, and an end to any other it thinks it has (section 18.3.4)."""
    gone = [replace(each, preferred_s=0, valid_s=0, status=Status()) for each in asked.addresses if each.ip != six.ip]
    return Identity(asked.number, addresses=(IdentityAddress(six.ip, LEASE_S, LEASE_S), *gone))


def _on_link(message: Message, six: Told6) -> Status:
    network = IPv6Network(six.network)
    identities = [options.identity(value) for value in message.every(options.IDENTITY)]
    theirs = [address.ip for each in identities if each for address in each.addresses]
    if all(IPv6Address(ip) in network for ip in theirs):
        return Status(options.SUCCESS, "on this link")
    return Status(options.NOT_ON_LINK, f"{six.network} is this link's")


def _names(message: Message, told: Told, six: Told6) -> Iterator[tuple[int, bytes]]:
    asked = message.option(options.WANTED)
    wanted = {int.from_bytes(asked[at : at + 2]) for at in range(0, len(asked), 2)} if asked is not None else None
    if six.servers and (wanted is None or options.NAME_SERVERS in wanted):
        yield options.NAME_SERVERS, options.pack_addresses(six.servers)
    search = b"".join(names.pack_name(each) for each in told.search if names.is_name(each.encode("ascii", "replace")))
    if search and (wanted is None or options.SEARCH in wanted):
        yield options.SEARCH, search


def _packed(status: Status) -> bytes:
    return status.code.to_bytes(2) + status.text.encode()
