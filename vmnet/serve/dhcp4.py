"""A DHCPv4 server with one address to give (RFC 2131): what it answers to a message, as a function.

KubeVirt's acknowledges whatever is asked of it, and answers to nothing but DISCOVER and REQUEST.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from netkernel.frozen import Frozen
from netkernel.packets import dhcp4, names
from netkernel.packets import dhcp4_options as options
from netkernel.packets.dhcp4 import ACK, ASK, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, UNSTATED, Message
from vmnet.serve.told import LEASE_S, Lent, Told, Told4

NTP_SERVERS: Final = 42
TFTP_SERVER: Final = 66
BOOT_FILE: Final = 67
_WORDS: Final = {
    DISCOVER: "DISCOVER", OFFER: "OFFER", ASK: "REQUEST", DECLINE: "DECLINE", ACK: "ACK", NAK: "NAK",
    RELEASE: "RELEASE", INFORM: "INFORM",
}  # fmt: skip


class Exchange(Frozen):
    """What goes back (None for silence), a line about it, and what became of the lease."""

    answer: Message | None
    said: str
    lent: Lent | None = None


def answered(message: Message, told: Told) -> Exchange | None:
    """None for what is none of a server's business: another client's, a reply, plain BOOTP, through a relay."""
    four = told.four
    if four is None or message.operation != dhcp4.REQUEST or message.type not in _WORDS:
        return None
    if message.relay_ip != UNSTATED or message.hardware != dhcp4.ETHERNET or (told.mac and message.mac != told.mac):
        return None
    type, why = _verdict(message, four)
    came = f"{_WORDS[message.type]} from {message.mac}"
    if not type:
        is_back = message.type in (DECLINE, RELEASE)
        return Exchange(None, f"{came}: {why}", Lent(four.ip, 0) if is_back else None)
    said = f"{came}: {_WORDS[type]}{f' ({why})' if why else f' {four.ip}'}"
    is_lent = type == ACK and message.type != INFORM
    return Exchange(_reply(message, type, told, four, why), said, Lent(four.ip, LEASE_S) if is_lent else None)


def _verdict(message: Message, four: Told4) -> tuple[int, str]:
    """The type of the answer, 0 for none, and why it is not simply yes."""
    match message.type:
        case dhcp4.DISCOVER:
            return OFFER, ""
        case dhcp4.INFORM:
            return ACK, "INFORM"
        case dhcp4.DECLINE:
            return 0, f"somebody else has {four.ip}, says the guest"
        case dhcp4.RELEASE:
            return 0, f"{four.ip} stays the guest's"
        case dhcp4.ASK:
            return _asked(message, four)
    return 0, "not a client's message"


def _asked(message: Message, four: Told4) -> tuple[int, str]:
    chosen = message.option(options.SERVER_ID)
    if chosen is not None and chosen != IPv4Address(four.server).packed:
        return 0, "another server was chosen"
    wanted = message.option(options.REQUESTED_IP)
    ip = message.client_ip
    if ip == UNSTATED:
        if wanted is None or len(wanted) != 4:
            return NAK, "no address was asked for"
        ip = str(IPv4Address(wanted))
    return (ACK, "") if ip == four.ip else (NAK, f"{ip} was asked for, {four.ip} is the guest's")


def _reply(message: Message, type: int, told: Told, four: Told4, why: str) -> Message:
    is_lent = type in (OFFER, ACK) and message.type != INFORM
    all_of_them = [(options.MESSAGE_TYPE, bytes((type,))), (options.SERVER_ID, IPv4Address(four.server).packed)]
    if type == NAK:
        all_of_them.append((options.ERROR_TEXT, why.encode()[:255]))
    elif is_lent:
        all_of_them.append((options.LEASE_TIME, LEASE_S.to_bytes(4)))
    if type != NAK:
        all_of_them += _wanted(message, told, four)
    client_id = message.option(options.CLIENT_ID)
    if client_id is not None:
        all_of_them.append((options.CLIENT_ID, client_id))  # RFC 6842
    return Message(
        dhcp4.REPLY,
        message.transaction,
        message.mac,
        tuple(all_of_them),
        client_ip=message.client_ip if type == ACK else UNSTATED,
        your_ip=four.ip if is_lent else UNSTATED,
        broadcast=message.broadcast or type == NAK,
        hardware=message.hardware,
    )


def _wanted(message: Message, told: Told, four: Told4) -> Iterator[tuple[int, bytes]]:
    """In a fixed order; of what the client did not ask for only the mask, and what the user wrote down for it."""
    asked = message.option(options.PARAMETERS)
    always = {options.SUBNET_MASK, NTP_SERVERS, TFTP_SERVER, BOOT_FILE, *(number for number, _ in told.private)}
    for number, value in _known(told, four):
        if asked is None or number in asked or number in always:
            yield number, value


def _known(told: Told, four: Told4) -> Iterator[tuple[int, bytes]]:
    yield options.SUBNET_MASK, options.pack_prefix(four.prefix)
    if four.routes:  # before the router: who understands them is to leave it alone (RFC 3442)
        yield options.CLASSLESS_ROUTES, options.pack_classless_routes(four.routes)
    if four.router:
        yield options.ROUTERS, IPv4Address(four.router).packed
    if four.servers:
        yield options.NAME_SERVERS, options.pack_addresses(four.servers)
    if told.hostname:
        yield options.HOST_NAME, told.hostname.encode()[:255]
    if told.domain:
        yield options.DOMAIN_NAME, told.domain.encode()[:255]
    if told.search and (packed := _search(told.search)):
        yield options.SEARCH, packed
    if told.mtu:
        yield options.INTERFACE_MTU, told.mtu.to_bytes(2)
    if told.ntp_servers:
        yield NTP_SERVERS, options.pack_addresses(told.ntp_servers)
    if told.tftp_server:
        yield TFTP_SERVER, told.tftp_server.encode()[:255]
    if told.boot_file:
        yield BOOT_FILE, told.boot_file.encode()[:255]
    for number, text in told.private:
        yield number, text.encode()[:255]


def _search(domains: tuple[str, ...]) -> bytes:
    """RFC 3397; what is no name is left out, KubeVirt serves nothing at all then."""
    packed = b""
    for each in domains:
        if names.is_name(each.encode("ascii", "replace")):
            packed += names.pack_name(each)
    return packed
