"""What a DHCPv4 server lends a host, and until when."""

from __future__ import annotations

import math
from ipaddress import IPv4Address
from typing import Final

from netkernel.frozen import Frozen
from netkernel.packets import dhcp4_options as options
from netkernel.packets import names
from netkernel.packets.dhcp4 import Message

DEFAULT: Final = "0.0.0.0/0"
_RENEW, _REBIND = 0.5, 0.875
"""Parts of a lease after which it is renewed and rebound where the server says nothing (RFC 2131 section 4.4.5)."""


class Lease(Frozen):
    """`since_s` is when it was asked for, by the client's clock; it lasts `lasts_s` seconds, which may be infinite.

    `routes` are destinations and gateways, the default gateway among them; gateway 0.0.0.0 is the link itself. `server`
    is the server's identifier. Domains and name servers are in the server's order.
    """

    ip: str
    prefix: int
    server: str
    since_s: float
    lasts_s: float
    renew_s: float
    rebind_s: float
    routes: options.Routes = ()
    name_servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    broadcast: str = ""

    @property
    def ends_s(self) -> float:
        return self.since_s + self.lasts_s

    @property
    def renew_at_s(self) -> float:
        return self.since_s + self.renew_s

    @property
    def rebind_at_s(self) -> float:
        return self.since_s + self.rebind_s


def lease_of(message: Message, since_s: float) -> Lease | None:
    """What an offer or an acknowledgement gives; None where something is missing or cannot be."""
    server = options.addresses(message.option(options.SERVER_ID))
    seconds = options.number(message.option(options.LEASE_TIME))
    if not server or not seconds or not options.is_host(IPv4Address(message.your_ip)):
        return None
    prefix = options.prefix_length(message.option(options.SUBNET_MASK))
    lasts_s = math.inf if seconds == options.FOREVER else float(seconds)
    renew_s, rebind_s = _times(message, lasts_s)
    broadcast = options.addresses(message.option(options.BROADCAST))
    return Lease(
        message.your_ip,
        prefix if prefix else _prefix_of_old(message.your_ip),
        server[0],
        since_s,
        lasts_s,
        renew_s,
        rebind_s,
        _routes(message),
        options.addresses(message.option(options.NAME_SERVERS)),
        _search(message),
        broadcast[0] if broadcast else "",
    )


def _times(message: Message, lasts_s: float) -> tuple[float, float]:
    """T1 and T2: the server's where they make sense."""
    renew_s = options.number(message.option(options.RENEWAL_TIME)) or lasts_s * _RENEW
    rebind_s = options.number(message.option(options.REBINDING_TIME)) or lasts_s * _REBIND
    if rebind_s > lasts_s:
        rebind_s = lasts_s * _REBIND
    return min(renew_s, rebind_s), rebind_s


def _routes(message: Message) -> options.Routes:
    """Classless routes replace all others (RFC 3442)."""
    if classless := options.classless_routes(message.option(options.CLASSLESS_ROUTES)):
        return classless
    routers = options.addresses(message.option(options.ROUTERS))
    others = options.classful_routes(message.option(options.STATIC_ROUTES))
    return (*((DEFAULT, router) for router in routers[:1]), *others)


def _search(message: Message) -> tuple[str, ...]:
    """The search list, else the domain; some servers put several names into that, with spaces."""
    if domains := names.domains(message.option(options.SEARCH)):
        return domains
    words = (message.option(options.DOMAIN_NAME) or b"").split(b" ")
    return tuple([domain for word in words if (domain := names.name(word))])


def _prefix_of_old(ip: str) -> int:
    """By the address's class, for servers that state no mask."""
    first = IPv4Address(ip).packed[0]
    return 8 if first < 128 else 16 if first < 192 else 24
