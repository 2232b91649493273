"""The default gateway answers: ARP or neighbour discovery on the route's link, ICMP echo where there is neither."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address, ip_interface
from typing import Final, NamedTuple

from netkernel.host import Host
from netkernel.packets import arp, icmp, nd
from netkernel.records import MAIN_TABLE, Link
from nncp_agent.checks.base import Datagram, Question, closed_on_error, each, inside
from nncp_agent.checks.runner import answering

DEFAULT: Final = {4: "0.0.0.0/0", 6: "::/0"}
_ARPHRD_ETHER: Final = 1
_SO_BINDTODEVICE: Final = 25


class Leg(NamedTuple):
    """A gateway, the link it is behind, and our own address on that subnet ("" when there is none)."""

    link: Link
    gateway: str
    source: str


class Gateway:
    """The default gateway of `family` (4 or 6), whichever it is when it is asked: a policy may move it to another link.

    `observe` gives the host's records; `namespace` is the path of the network namespace they are of.
    """

    def __init__(self, family: int, observe: Callable[[], Host], namespace: str | None = None) -> None:
        self._family = family
        self._observe = observe
        self._namespace = namespace

    def describe(self) -> str:
        return f"IPv{self._family} default gateway"

    def ask(self) -> Sequence[Question]:
        legs = default_legs(self._observe(), self._family)
        with inside(self._namespace):
            return each(partial(_question, leg) for leg in legs)

    def try_once(self, timeout_s: float) -> bool:
        return bool(answering([self], timeout_s))


def default_legs(host: Host, family: int) -> tuple[Leg, ...]:
    """Every leg of the default route the kernel prefers. Pure. A route without a gateway has nobody to ask."""
    routes = [
        route
        for route in host.routes
        if route.destination == DEFAULT[family] and route.table == MAIN_TABLE and route.kind == "unicast"
    ]
    best = min((route.metric for route in routes), default=0)
    return tuple(
        Leg(host.links[hop.link], hop.gateway, _source(host, hop.link, hop.gateway))
        for route in routes
        if route.metric == best
        for hop in route.hops
        if hop.gateway and hop.link in host.links
    )


def _source(host: Host, link: str, gateway: str) -> str:
    there = ip_address(gateway)
    for ours in host.addresses.get(link, ()):
        if there in ip_interface(f"{ours.ip}/{ours.prefix}").network:
            return ours.ip
    return ""


def _question(leg: Leg) -> Question:
    speaks_ethernet = leg.link.type == _ARPHRD_ETHER and leg.link.address
    if ":" in leg.gateway:
        return _neighbour(leg) if speaks_ethernet else _echo(leg, 6)
    return _arp(leg) if speaks_ethernet else _echo(leg, 4)


def _arp(leg: Leg) -> Question:
    request = arp.Arp(arp.REQUEST, leg.link.address, leg.source or arp.UNSTATED, target_ip=leg.gateway)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(arp.ETHERTYPE))
    question = Datagram(sock, lambda packet: _is_reply(arp.parse(packet), leg.gateway))
    with closed_on_error(question):
        sock.bind((leg.link.name, arp.ETHERTYPE))
        sock.sendto(request.pack(), (leg.link.name, arp.ETHERTYPE, 0, 0, b"\xff" * 6))
    return question


def _is_reply(packet: arp.Arp, gateway: str) -> bool:
    return packet.operation == arp.REPLY and packet.sender_ip == gateway


def _neighbour(leg: Leg) -> Question:
    """Hop limit 255 proves to the neighbour that we are on its link (RFC 4861 section 7.1.1)."""
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    question = Datagram(sock, lambda message: _is_advertised(nd.parse(message), leg.gateway))
    with closed_on_error(question):
        sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, leg.link.name.encode())
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, nd.HOP_LIMIT)
        solicitation = nd.Solicitation(leg.gateway, leg.link.address)
        sock.sendto(solicitation.pack(), (nd.solicited_node(leg.gateway), 0, 0, socket.if_nametoindex(leg.link.name)))
    return question


def _is_advertised(message: nd.Solicitation | nd.Advertisement, gateway: str) -> bool:
    return isinstance(message, nd.Advertisement) and message.target == str(ip_address(gateway))


def _echo(leg: Leg, family: int) -> Question:
    identifier = os.getpid() & 0xFFFF
    if family == 4:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    else:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)

    def is_answer(packet: bytes) -> bool:
        echo = icmp.parse(icmp.behind_ip(packet) if family == 4 else packet, family)
        return echo.is_reply and echo.identifier == identifier

    question = Datagram(sock, is_answer)
    with closed_on_error(question):
        sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, leg.link.name.encode())
        scope = (0, 0, socket.if_nametoindex(leg.link.name)) if family == 6 else (0,)
        sock.sendto(icmp.Echo(family, identifier, 1, b"nncp").pack(), (leg.gateway, *scope))
    return question
