"""One link at a glance, for who waits for its carrier: three questions instead of a dump (netdevice(7))."""

from __future__ import annotations

import fcntl
import socket
from struct import Struct
from typing import Final, Self

from netkernel.frozen import Frozen

_GET_FLAGS, _GET_ADDRESS, _GET_INDEX = 0x8913, 0x8927, 0x8933  # linux/sockios.h
_NUMBER: Final = Struct("=16si20x")
_FLAGS: Final = Struct("=16sH22x")
_ADDRESS: Final = Struct("=16sH14s8x")
_UP_AND_RUNNING: Final = 0x41  # IFF_UP | IFF_RUNNING


class Seen(Frozen):
    """`hardware` is an ARPHRD_ number, `mac` text of the first six bytes; ready means up and with carrier."""

    index: int
    mac: str
    hardware: int
    is_ready: bool


class Glance:
    """Looks into the namespace of the thread that makes it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def at(self, link: str) -> Seen | None:
        """None when there is no such link."""
        name = link.encode("utf-8", "surrogateescape")
        try:
            index = _NUMBER.unpack(fcntl.ioctl(self._socket, _GET_INDEX, _NUMBER.pack(name, 0)))[1]
            flags = _FLAGS.unpack(fcntl.ioctl(self._socket, _GET_FLAGS, _FLAGS.pack(name, 0)))[1]
            _, hardware, mac = _ADDRESS.unpack(fcntl.ioctl(self._socket, _GET_ADDRESS, _ADDRESS.pack(name, 0, b"")))
        except OSError:
            return None
        return Seen(index, mac[:6].hex(":"), hardware, flags & _UP_AND_RUNNING == _UP_AND_RUNNING)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
