"""Frames from a guest to frames that answer them: headers off, a server's answer, headers on with full checksums."""

from __future__ import annotations

from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.packets import dhcp4, ethernet, ipv6, router, udp4
from netkernel.packets import dhcp6 as dhcp6_packets
from netkernel.packets.ethernet import BROADCAST, Frame
from netkernel.packets.udp4 import Datagram
from vmnet.serve import dhcp4 as server4
from vmnet.serve import dhcp6 as server6
from vmnet.serve.router import advertisement
from vmnet.serve.told import Lent, Told, Told4, Told6

ALL_NODES: Final = "ff02::1"
_EVERYBODY4: Final = "255.255.255.255"
_ND_HOP_LIMIT: Final = 255


class Heard(Frozen):
    """What goes back, whole, or nothing; a line for the transcript, and what became of the lease."""

    frame: bytes | None
    said: str
    lent: Lent | None = None


def answered(data: bytes, told: Told) -> Heard | None:
    """None for what is not for us, or no packet at all: nothing a guest sends is an error."""
    try:
        frame = ethernet.parse(data)
        if frame.type == ethernet.IPV4 and told.four is not None:
            return _four(frame, told, told.four)
        if frame.type == ethernet.IPV6 and told.six is not None:
            return _six(frame, told, told.six)
    except MalformedMessage as malformed:
        return Heard(None, f"dropped: {malformed}")
    return None


def unasked(told: Told) -> bytes | None:
    """The advertisement that a router sends by itself."""
    return _advertised(told, told.six, ALL_NODES, ethernet.of_group(ALL_NODES)) if told.six else None


def _four(frame: Frame, told: Told, four: Told4) -> Heard | None:
    packet = udp4.parse(frame.payload, checksum_is_there=False)  # a virtio guest leaves it to us
    if packet.target_port != dhcp4.SERVER_PORT:
        return None
    exchange = server4.answered(dhcp4.parse(packet.payload), told)
    if exchange is None or exchange.answer is None:
        return Heard(None, exchange.said, exchange.lent) if exchange else None
    answer = exchange.answer
    has_address = answer.client_ip != dhcp4.UNSTATED and not answer.broadcast
    is_unicast = not answer.broadcast and (has_address or answer.your_ip != dhcp4.UNSTATED)
    ip = answer.client_ip if has_address else answer.your_ip
    back = Datagram(
        four.server, ip if is_unicast else _EVERYBODY4, dhcp4.SERVER_PORT, dhcp4.CLIENT_PORT, answer.pack()
    ).pack()
    target = frame.source if is_unicast else BROADCAST
    return Heard(Frame(target, told.server_mac, ethernet.IPV4, back).pack(), exchange.said, exchange.lent)


def _six(frame: Frame, told: Told, six: Told6) -> Heard | None:
    packet = ipv6.parse(frame.payload)
    if packet.protocol == ipv6.ICMP:
        if packet.payload[:2] != bytes((router.SOLICITATION, 0)) or packet.hop_limit != _ND_HOP_LIMIT:
            return None
        is_known = packet.source != "::"
        target = packet.source if is_known else ALL_NODES
        mac = frame.source if is_known else ethernet.of_group(ALL_NODES)
        return Heard(_advertised(told, six, target, mac), f"router solicitation from {frame.source}: advertisement")
    source_port, target_port, payload = ipv6.datagram(packet)
    if target_port != dhcp6_packets.SERVER_PORT:
        return None
    exchange = server6.answered(dhcp6_packets.parse(payload), told)
    if exchange is None or exchange.answer is None:
        return None
    back = ipv6.udp(six.gateway, packet.source, dhcp6_packets.SERVER_PORT, source_port, exchange.answer.pack()).pack()
    return Heard(Frame(frame.source, told.server_mac, ethernet.IPV6, back).pack(), exchange.said, exchange.lent)


def _advertised(told: Told, six: Told6, target: str, mac: str) -> bytes:
    message = advertisement(told, six).pack()
    packet = ipv6.icmp(six.gateway, target, message, _ND_HOP_LIMIT).pack()
    return Frame(mac, told.server_mac, ethernet.IPV6, packet).pack()
