"""A guest that is no more than a descriptor of its tap: it says what a test wants, and hears what comes."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scapy.layers.l2 import Ether
from scapy.packet import Packet

from netkernel import netns

_SET_INTERFACE = 0x400454CA  # TUNSETIFF (linux/if_tun.h)
_TAP, _NO_PI = 2, 0x1000
PATIENCE_S = 30.0
AGAIN_S = 1.0


class TapGuest:
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def say(self, packet: Packet | bytes) -> None:
        os.write(self.descriptor, bytes(packet))

    def ask(self, packet: Packet, wanted: Callable[[Packet], bool]) -> Packet:
        """The answer to a packet, which is said again each second, as clients do. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.say(packet)
            try:
                return self.hear(wanted, AGAIN_S)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def hear(self, wanted: Callable[[Packet], bool], patience_s: float = PATIENCE_S) -> Packet:
        """The next frame that is wanted. Raises TimeoutError."""
        deadline = time.monotonic() + patience_s
        while (left_s := deadline - time.monotonic()) > 0:
            if select.select([self.descriptor], [], [], left_s)[0]:
                found = Ether(os.read(self.descriptor, 65536))
                if wanted(found):
                    return found
        raise TimeoutError("nothing of the kind came")


@contextmanager
def tap_guest(namespace: str, tap: str) -> Iterator[TapGuest]:
    """Has the tap open for the block, as QEMU would."""
    with netns.inside(namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, _SET_INTERFACE, struct.pack("=16sH22x", tap.encode(), _TAP | _NO_PI))
    try:
        yield TapGuest(descriptor)
    finally:
        os.close(descriptor)
