"""Where LLDP is heard: a packet socket of one link, which joins the three groups that it is sent to."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

from netkernel import packet_socket
from netkernel.packet_socket import DROP, SOL_PACKET, TAKE, Program
from netkernel.packets import lldp

HEADER: Final = 14
"""Ethernet's."""
LARGEST: Final = HEADER + 1500
"""IEEE 802.1AB-2016, 8.2: one frame, and no jumbo frame."""
_KIND: Final = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE, linux/filter.h
_OURS: Final[Program] = (
    (0x20, 0, 0, 0), (0x15, 0, 10, 0x0180C200),  # ld [0]; jeq the groups' first four bytes
    (0x28, 0, 0, 4), (0x15, 2, 0, 0x000E), (0x15, 1, 0, 0x0003), (0x15, 0, 6, 0x0000),  # ldh [4]; and their last two
    (0x20, 0, 0, _KIND), (0x15, 0, 4, socket.PACKET_MULTICAST),  # what had a tag of no VLAN here is somebody else's
    (0x80, 0, 0, 0), (0x25, 2, 0, LARGEST), (0x35, 0, 1, HEADER + 2),  # ld len; jgt; jge
    TAKE, DROP,
)  # fmt: skip
_ADD_MEMBERSHIP: Final = 1  # PACKET_ADD_MEMBERSHIP
_MULTICAST: Final = 0  # PACKET_MR_MULTICAST
_MEMBERSHIP: Final = struct.Struct("=iHH8s")  # struct packet_mreq


class Ear:
    """Opened for the link of this name that there is now; it hears on when that goes down and comes up again."""

    def __init__(self, link: str) -> None:
        """Raises OSError."""
        self._socket = packet_socket.opened(link, lldp.ETHERTYPE, _OURS, socket.SOCK_RAW)
        try:
            index = socket.if_nametoindex(link)
            for group in lldp.GROUPS:
                member = _MEMBERSHIP.pack(index, _MULTICAST, 6, bytes.fromhex(group.replace(":", "")))
                self._socket.setsockopt(SOL_PACKET, _ADD_MEMBERSHIP, member)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def receive(self, most: int) -> Iterator[bytes]:
        """What has come, behind the Ethernet header, of at most `most` frames. Raises OSError: the link went down."""
        for _ in range(most):
            try:
                frame = self._socket.recv(LARGEST)
            except BlockingIOError:
                return
            yield frame[HEADER:]
