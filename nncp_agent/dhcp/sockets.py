"""How a DHCPv4 client speaks on a link: raw before it has an address, by UDP afterwards, and ARP all the time."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Final

from netkernel import packet_socket
from netkernel.errors import MalformedMessage
from netkernel.packet_socket import DROP, SOL_PACKET, TAKE, Program
from netkernel.packets import arp, dhcp4, udp4
from netkernel.packets.arp import Arp
from netkernel.packets.dhcp4 import CLIENT_PORT, SERVER_PORT, Message

_EVERYBODY: Final = "255.255.255.255"
_ALL_STATIONS: Final = b"\xff" * 6
_AUXDATA: Final = 8  # PACKET_AUXDATA
_AUX: Final = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata
_NO_CHECKSUM_YET: Final = 0x8  # TP_STATUS_CSUMNOTREADY
_IP_PKTINFO: Final = 8
_PACKET_INFO: Final = struct.Struct("=i4s4s")  # struct in_pktinfo
_LARGEST: Final = 65536

_FOR_CLIENTS: Final[Program] = (
    (0x30, 0, 0, 9), (0x15, 0, 6, udp4.PROTOCOL),  # ldb [9]; jeq #17
    (0x28, 0, 0, 6), (0x45, 4, 0, 0x1FFF),  # ldh [6]; jset #0x1fff: no fragments but the first
    (0xB1, 0, 0, 0), (0x48, 0, 0, 2),  # ldxb 4*([0]&0xf); ldh [x+2]
    (0x15, 0, 1, CLIENT_PORT), TAKE, DROP,
)  # fmt: skip
"""Classic BPF behind the Ethernet header: so that we are not woken by every packet of a busy link."""


def _about(ip: str) -> Program:
    """ARP packets that `ip` has sent, or is asked for in."""
    number = int(IPv4Address(ip))
    return (
        (0x20, 0, 0, 14), (0x15, 2, 0, number),  # ld [14]; jeq #ip
        (0x20, 0, 0, 24), (0x15, 0, 1, number),  # ld [24]; jeq #ip
        TAKE, DROP,
    )  # fmt: skip


class Raw:
    """Messages of who has no address, on a link that may have none."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._socket = _packet_socket(link, udp4.ETHERTYPE, _FOR_CLIENTS)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message) -> None:
        """To everybody. Raises OSError."""
        packet = udp4.Datagram("0.0.0.0", _EVERYBODY, CLIENT_PORT, SERVER_PORT, message.pack()).pack()
        self._socket.sendto(packet, (self._link, udp4.ETHERTYPE, 0, 0, _ALL_STATIONS))

    def receive(self) -> list[Message]:
        """All that has come and makes sense. Raises OSError when the link is gone or down."""
        found = []
        while (received := _received(self._socket)) is not None:
            data, status = received
            with suppress(MalformedMessage):
                datagram = udp4.parse(data, checksum_is_there=not status & _NO_CHECKSUM_YET)
                if datagram.source_port == SERVER_PORT:
                    found.append(dhcp4.parse(datagram.payload))
        return found


class Bound:
    """Messages of who has an address."""

    def __init__(self, link: str, ip: str) -> None:
        self._ip = IPv4Address(ip).packed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode("utf-8", "surrogateescape"))
            self._socket.bind(("0.0.0.0", CLIENT_PORT))  # a refusal comes to everybody
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message, server: str) -> None:
        """To one server, or to everybody where `server` is "". Raises OSError."""
        control = _PACKET_INFO.pack(0, self._ip, bytes(4))
        there = (server or _EVERYBODY, SERVER_PORT)
        self._socket.sendmsg([message.pack()], [(socket.IPPROTO_IP, _IP_PKTINFO, control)], 0, there)

    def receive(self) -> list[Message]:
        """All that has come and makes sense. Raises OSError when the link is gone."""
        found: list[Message] = []
        while True:
            try:
                data, sender = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return found
            with suppress(MalformedMessage):
                if sender[1] == SERVER_PORT:
                    found.append(dhcp4.parse(data))


class Neighbours:
    """ARP about one address."""

    def __init__(self, link: str, ip: str) -> None:
        self._link = link
        self.ip = ip
        self._socket = _packet_socket(link, arp.ETHERTYPE, _about(ip))

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, packet: Arp) -> None:
        """To everybody. Raises OSError."""
        self._socket.sendto(packet.pack(), (self._link, arp.ETHERTYPE, 0, 0, _ALL_STATIONS))

    def receive(self) -> list[Arp]:
        """All that has come and makes sense. Raises OSError when the link is gone or down."""
        found = []
        while (received := _received(self._socket)) is not None:
            with suppress(MalformedMessage):
                found.append(arp.parse(received[0]))
        return found


def _packet_socket(link: str, ethertype: int, program: Program) -> socket.socket:
    made = packet_socket.opened(link, ethertype, program)
    made.setsockopt(SOL_PACKET, _AUXDATA, 1)
    return made


def _received(from_: socket.socket) -> tuple[bytes, int] | None:
    """A packet and its TP_STATUS_ flags; None when there is no more. Raises OSError."""
    try:
        data, control, _, _ = from_.recvmsg(_LARGEST, socket.CMSG_SPACE(_AUX.size))
    except BlockingIOError:
        return None
    for level, kind, value in control:
        if (level, kind) == (SOL_PACKET, _AUXDATA) and len(value) >= _AUX.size:
            return data, int(_AUX.unpack_from(value)[0])
    return data, 0
