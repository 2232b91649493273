"""Who else on a link says that an address is its own: asked as RFC 5227 and RFC 4862 ask before an address is used."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import IPv4Address

from netkernel import netns, packet_socket
from netkernel.errors import MalformedMessage
from netkernel.packets import arp, ethernet, ipv6, nd
from netkernel.packets.arp import Arp
from netkernel.packets.ethernet import Frame
from netkernel.packets.nd import Solicitation
from netkernel.typed import Final

WAIT_S: Final = 1.5
"""How long they may take; meanwhile counters may rise."""
TRIES: Final = 3
"""PROBE_NUM (RFC 5227 section 1.1)."""
_ALL: Final = 0x0003  # ETH_P_ALL: a port's frames are its bridge's before sockets of one protocol see them
_OUTGOING: Final = 4  # PACKET_OUTGOING
_TAG: Final = 0x8100
_LONGEST: Final = 2048
_ADVERTISEMENT: Final = 136
_PROGRAM: Final = (
    (0x28, 0, 0, 12),  # 0 the EtherType
    (0x15, 3, 0, arp.ETHERTYPE),  # 1 ARP, else go on
    (0x15, 0, 3, ethernet.IPV6),  # 2 IPv6, else no
    (0x30, 0, 0, 20),  # 3 the next header
    (0x15, 0, 1, ipv6.ICMP),  # 4
    packet_socket.TAKE,  # 5
    packet_socket.DROP,  # 6
)


def answering(
    namespace: str,
    link: str,
    mac: str,
    addresses: Collection[str],
    wait_s: float,
    vlan: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Mapping[str, tuple[str, ...]]:
    """By address the MACs that say so on `link`, asked from `mac`, in `vlan` with its tag. Raises OSError.

    What the guest behind the link says goes out there and is not heard as an answer.
    """
    found: dict[str, set[str]] = {ip: set() for ip in addresses}
    if not found:
        return {}
    with netns.inside(namespace):
        made = packet_socket.opened(link, _ALL, _PROGRAM, socket.SOCK_RAW)
    with made:
        for _ in range(TRIES):
            for ip in addresses:
                made.send(question(ip, mac, vlan))
            for data in _heard(made, wait_s / TRIES, clock):
                claim = claimed(data)
                if claim is not None and claim[0] in found:
                    found[claim[0]].add(claim[1])
    return {ip: tuple(sorted(macs)) for ip, macs in found.items()}


def question(ip: str, mac: str, vlan: int = 0) -> bytes:
    """The frame that asks whether somebody has an address, and tells nobody anything."""
    if ":" in ip:
        group = nd.solicited_node(ip)
        message = Solicitation(ip).pack()
        packet = ipv6.icmp("::", group, message, nd.HOP_LIMIT).pack()
        frame = Frame(ethernet.of_group(group), mac, ethernet.IPV6, packet).pack()
    else:
        packet = Arp(arp.REQUEST, mac, arp.UNSTATED, target_ip=str(IPv4Address(ip))).pack()
        frame = Frame(ethernet.BROADCAST, mac, arp.ETHERTYPE, packet).pack()
    tag = _TAG.to_bytes(2) + vlan.to_bytes(2) if vlan else b""
    return frame[:12] + tag + frame[12:]


def claimed(data: bytes) -> tuple[str, str] | None:
    """The address and the MAC of who says it has it; None for any other frame."""
    try:
        frame = ethernet.parse(data)
        if frame.type == arp.ETHERTYPE:
            said = arp.parse(frame.payload)
            return (said.sender_ip, said.sender_mac) if said.sender_ip != arp.UNSTATED else None
        packet = ipv6.parse(frame.payload)
        if packet.protocol != ipv6.ICMP or packet.payload[:1] != bytes([_ADVERTISEMENT]):
            return None
        told = nd.parse(packet.payload)
    except MalformedMessage:
        return None
    return (told.target, told.mac or frame.source) if isinstance(told, nd.Advertisement) else None


def _heard(made: socket.socket, wait_s: float, clock: Callable[[], float]) -> Iterator[bytes]:
    deadline = clock() + wait_s
    while (left_s := deadline - clock()) > 0:
        if not select.select([made], [], [], left_s)[0]:
            return
        try:
            data, (_, _, kind, *_) = made.recvfrom(_LONGEST)
        except OSError:
            return  # the link went down
        if kind != _OUTGOING:
            yield data
