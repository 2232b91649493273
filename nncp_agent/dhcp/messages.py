"""What a DHCPv4 client says, and as whom (RFC 2131 table 5)."""

from __future__ import annotations

import zlib
from typing import Final

from netkernel.frozen import Frozen
from netkernel.packets import dhcp4
from netkernel.packets import dhcp4_options as options
from netkernel.packets.dhcp4 import UNSTATED, Message, Options

INFINIBAND: Final = 32
"""ARPHRD_INFINIBAND: its addresses do not fit, so the client has none and asks to be answered aloud (RFC 4390)."""
_LARGEST: Final = 1472
"""What fits into an Ethernet frame behind the headers of IP and UDP."""
_WANTED: Final = bytes(
    (
        options.CLASSLESS_ROUTES, options.SUBNET_MASK, options.ROUTERS, options.STATIC_ROUTES, options.NAME_SERVERS,
        options.DOMAIN_NAME, options.SEARCH, options.BROADCAST, options.INTERFACE_MTU, options.LEASE_TIME,
        options.RENEWAL_TIME, options.REBINDING_TIME,
    )
)  # fmt: skip
"""Classless routes stand before the routers they replace (RFC 3442)."""


class Who(Frozen):
    """The client as servers know it. `name` is the host name it tells, "" for none."""

    mac: str
    client_id: bytes
    name: str = ""
    hardware: int = dhcp4.ETHERNET


def client_id(word: str, link: str, hardware: int, mac: str, machine_id: bytes) -> bytes:
    """What `dhcp-client-id` means: `ll` (as when it is not stated), `iaid+duid`, bytes in hex with colons, or a text.

    `machine_id` is 16 bytes that are this machine's for ever.
    """
    if word == "iaid+duid":
        return options.node_id(zlib.crc32(link.encode("utf-8", "surrogateescape")), b"\0\4" + machine_id)
    if word in ("", "ll"):
        return options.hardware_id(hardware, mac)
    if ":" in word:
        try:
            return bytes(int(each, 16) for each in word.split(":"))
        except ValueError:
            pass
    return b"\0" + word.encode()


def discover(who: Who, transaction: int, seconds: float) -> Message:
    return _message(who, dhcp4.DISCOVER, transaction, seconds, ((options.PARAMETERS, _WANTED),))


def select(who: Who, transaction: int, seconds: float, ip: str, server: str) -> Message:
    """Take one server's offer, and let the others hear that theirs are not."""
    chosen = ((options.REQUESTED_IP, _ip(ip)), (options.SERVER_ID, _ip(server)), (options.PARAMETERS, _WANTED))
    return _message(who, dhcp4.ASK, transaction, seconds, chosen)


def reboot(who: Who, transaction: int, seconds: float, ip: str) -> Message:
    """Is the address that was ours still ours, here?"""
    wanted = ((options.REQUESTED_IP, _ip(ip)), (options.PARAMETERS, _WANTED))
    return _message(who, dhcp4.ASK, transaction, seconds, wanted)


def extend(who: Who, transaction: int, seconds: float, ip: str) -> Message:
    """For longer, please: to one server when renewing, to all of them when rebinding."""
    return _message(who, dhcp4.ASK, transaction, seconds, ((options.PARAMETERS, _WANTED),), ip)


def decline(who: Who, transaction: int, ip: str, server: str) -> Message:
    """Somebody else has the address."""
    given = ((options.REQUESTED_IP, _ip(ip)), (options.SERVER_ID, _ip(server)))
    return _short(who, dhcp4.DECLINE, transaction, given)


def release(who: Who, transaction: int, ip: str, server: str) -> Message:
    return _short(who, dhcp4.RELEASE, transaction, ((options.SERVER_ID, _ip(server)),), ip)


def _short(who: Who, type: int, transaction: int, more: Options, ip: str = UNSTATED) -> Message:
    given = ((options.MESSAGE_TYPE, bytes((type,))), (options.CLIENT_ID, who.client_id), *more)
    return Message(dhcp4.REQUEST, transaction, _mac(who), given, ip, hardware=who.hardware)


def _message(
    who: Who, type: int, transaction: int, seconds: float, more: Options, client_ip: str = UNSTATED
) -> Message:
    size = (options.MAXIMUM_SIZE, _LARGEST.to_bytes(2, "big"))
    given = ((options.MESSAGE_TYPE, bytes((type,))), (options.CLIENT_ID, who.client_id), size, *_named(who), *more)
    is_deaf = who.hardware == INFINIBAND and client_ip == UNSTATED
    return Message(
        dhcp4.REQUEST, transaction, _mac(who), given, client_ip,
        seconds=int(min(max(seconds, 0), 0xFFFF)), broadcast=is_deaf, hardware=who.hardware,
    )  # fmt: skip


def _named(who: Who) -> Options:
    """A full name needs an option of its own, and then the short one is not sent (RFC 4702 section 3.1)."""
    if not who.name:
        return ()
    if "." in who.name:
        return ((options.FQDN, options.pack_fqdn(who.name)),)
    return ((options.HOST_NAME, who.name.encode()),)


def _mac(who: Who) -> str:
    return "" if who.hardware == INFINIBAND else who.mac


def _ip(ip: str) -> bytes:
    return options.pack_addresses([ip])
