"""Frames on a link as scapy sees them, VLAN tags included."""

from __future__ import annotations

import socket
import struct
import time
from types import TracebackType
from typing import Final, Self

from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

ETH_P_ALL: Final = 3
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10
"""linux/if_packet.h. The kernel takes the outer tag out of the frame; the auxiliary data has it."""
EXPERIMENTAL: Final = 0x88B5
"""IEEE 802 local experimental ethertype: nothing in a namespace answers it or sends it by itself."""


def frame(mark: bytes, *, vlan: int | None = None, source: str = "52:54:00:aa:00:01") -> Packet:
    """A broadcast frame with `mark` as payload, tagged when `vlan` is given."""
    ether = Ether(src=source, dst="ff:ff:ff:ff:ff:ff", type=EXPERIMENTAL if vlan is None else 0x8100)
    tags = ether if vlan is None else ether / Dot1Q(vlan=vlan, type=EXPERIMENTAL)
    return tags / Raw(mark.ljust(46, b"."))


class Tap:
    """A packet socket on one link: sends frames and waits for frames."""

    def __init__(self, link: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.bind((link, ETH_P_ALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, packet: Packet) -> None:
        self._socket.send(bytes(packet))

    def marks_until(self, last: bytes, deadline_s: float = 30.0) -> dict[bytes, Packet]:
        """All marked frames up to the one marked `last`, by mark. Raises TimeoutError when it never comes."""
        seen: dict[bytes, Packet] = {}
        end = time.monotonic() + deadline_s
        while last not in seen:
            self._socket.settimeout(max(0.001, end - time.monotonic()))
            packet = self._receive()
            if packet is not None and packet.haslayer(Raw):
                seen.setdefault(bytes(packet[Raw].load).rstrip(b"."), packet)
        return seen

    def packets(self, for_s: float) -> list[Packet]:
        """All that come within this time."""
        found = []
        end = time.monotonic() + for_s
        while (left_s := end - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                found.append(self._receive())
            except TimeoutError:
                break
        return [each for each in found if each is not None]

    def _receive(self) -> Packet | None:
        data, auxiliary, _, address = self._socket.recvmsg(65536, 256)
        if address[2] == socket.PACKET_OUTGOING:
            return None
        for level, kind, content in auxiliary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack_from("IIIHHHH", content)
                if status & TP_STATUS_VLAN_VALID:
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return Ether(data)


def tag(packet: Packet) -> int | None:
    """The VLAN id a frame carries, or None when it is untagged."""
    return int(packet[Dot1Q].vlan) if packet.haslayer(Dot1Q) else None


def heard(near: Tap, far: Tap, packet: Packet, mark: bytes, deadline_s: float = 40.0) -> Packet:
    """The frame as it arrives, sent again until it does: a bond chooses its port only when it has seen carrier."""
    end = time.monotonic() + deadline_s
    while True:
        near.send(packet)
        try:
            return far.marks_until(mark, 0.5)[mark]
        except TimeoutError:
            if time.monotonic() > end:
                raise
