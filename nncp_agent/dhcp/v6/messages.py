"""What a DHCPv6 client says, and as whom (RFC 8415 section 18.2)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from netkernel.frozen import Frozen
from netkernel.packets import dhcp6, duids, names
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6 import Message
from netkernel.packets.dhcp6_options import Identity, IdentityAddress, Options

SYSTEMDS_NUMBER: Final = 43793
"""What IANA knows systemd by. `en` is to say the same as for networkd, and we have no number of our own."""
_WITH_LEASE: Final = (options.NAME_SERVERS, options.SEARCH, options.SOLICIT_MAXIMUM, options.INFORMATION_MAXIMUM)
_WITHOUT: Final = (options.NAME_SERVERS, options.SEARCH, options.REFRESH_TIME, options.INFORMATION_MAXIMUM)


class Who(Frozen):
    """The client as servers know it: `number` is that of its one set of addresses (IAID). `name` is the host name it
    tells, "" for none."""

    duid: bytes
    number: int
    name: str = ""


class Exchange(Frozen):
    """Which question of whom it is, and for how long it has been asked."""

    who: Who
    transaction: int
    seconds: float = 0.0


def number_of(link: str) -> int:
    """The IAID of a link's addresses: the same for ever, unless it gets another name."""
    return zlib.crc32(link.encode("utf-8", "surrogateescape"))


def duid(word: str, hardware: int, mac: str, machine_id: bytes, since_s: float) -> bytes:
    """What `dhcp-duid` means: `uuid` (as when it is not stated), `ll`, `llt`, `en`, or its bytes in hex.

    `machine_id` is 16 bytes that are this machine's for ever, and `since_s` the time(2) at which it first said `llt`.
    """
    match word:
        case "ll":
            return options.duid_link(hardware, mac)
        case "llt":
            return options.duid_time(hardware, mac, since_s)
        case "en":
            return options.duid_enterprise(SYSTEMDS_NUMBER, machine_id[:8])
    return duids.read(word) or options.duid_uuid(machine_id)


def solicit(exchange: Exchange) -> Message:
    """Who lends addresses? One that is sure may lend them at once (section 18.2.1)."""
    more = ((options.RAPID_COMMIT, b""), *_for_addresses(exchange.who))
    return _message(dhcp6.SOLICIT, exchange, b"", (), more)


def request(exchange: Exchange, server: bytes, ips: Iterable[str]) -> Message:
    return _message(dhcp6.REQUEST, exchange, server, ips, _for_addresses(exchange.who))


def confirm(exchange: Exchange, ips: Iterable[str]) -> Message:
    """Are they good on this link, whoever lent them?"""
    return _message(dhcp6.CONFIRM, exchange, b"", ips)


def renew(exchange: Exchange, server: bytes, ips: Iterable[str]) -> Message:
    return _message(dhcp6.RENEW, exchange, server, ips, _for_addresses(exchange.who))


def rebind(exchange: Exchange, ips: Iterable[str]) -> Message:
    return _message(dhcp6.REBIND, exchange, b"", ips, _for_addresses(exchange.who))


def release(exchange: Exchange, server: bytes, ips: Iterable[str]) -> Message:
    return _message(dhcp6.RELEASE, exchange, server, ips)


def decline(exchange: Exchange, server: bytes, ips: Iterable[str]) -> Message:
    return _message(dhcp6.DECLINE, exchange, server, ips)


def ask(exchange: Exchange) -> Message:
    """What is there to know? An information-request takes no addresses (section 18.2.6)."""
    return _message(dhcp6.INFORMATION_REQUEST, exchange, b"", None, ((options.WANTED, options.pack_wanted(_WITHOUT)),))


def _for_addresses(who: Who) -> Options:
    wanted = (options.WANTED, options.pack_wanted(_WITH_LEASE))
    if not names.is_name(who.name.rstrip(".").encode("ascii", "replace")):
        return (wanted,)
    return (wanted, (options.CLIENT_NAME, options.pack_client_name(who.name)))


def _message(type: int, exchange: Exchange, server: bytes, ips: Iterable[str] | None, more: Options = ()) -> Message:
    """Lifetimes are the server's to choose: those of a client are 0."""
    given: Options = ((options.CLIENT_ID, exchange.who.duid), (options.ELAPSED, options.pack_elapsed(exchange.seconds)))
    if server:
        given = (*given, (options.SERVER_ID, server))
    if ips is not None:
        identity = Identity(exchange.who.number, addresses=tuple([IdentityAddress(ip) for ip in ips]))
        given = (*given, (options.IDENTITY, identity.pack()))
    return Message(type, exchange.transaction, (*given, *more))
