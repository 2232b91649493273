"""One link at a glance, for who waits for its carrier: a question about one link instead of a dump of all."""

from __future__ import annotations

import errno
from struct import Struct
from typing import Final, Self

from netkernel import tlv
from netkernel.codec import shapes
from netkernel.errors import KernelRefused
from netkernel.frozen import Frozen
from netkernel.netlink import Socket

_HEADER: Final = Struct("=BxHiII")  # struct ifinfomsg
_ADDRESS, _NAME, _UP_COUNT = 1, 3, 47  # IFLA_ADDRESS, _IFNAME, _CARRIER_UP_COUNT (since Linux 4.16)
_UP_AND_RUNNING: Final = 0x41  # IFF_UP | IFF_RUNNING


class Seen(Frozen):
    """`hardware` is an ARPHRD_ number, `mac` lower-case text; ready means up and with carrier, which it got for the
    `rises`th time: who looks seldom does not see it go and come."""

    index: int
    mac: str
    hardware: int
    is_ready: bool
    rises: int = 0


class Glance:
    """Looks into the namespace of the thread that makes it."""

    def __init__(self) -> None:
        self._socket = Socket()

    def at(self, link: str) -> Seen | None:
        """None when there is no such link. Raises NetworkError."""
        question = _HEADER.pack(0, 0, 0, 0, 0) + tlv.text(_NAME, link)
        try:
            data, start, end = self._socket.ask(shapes.GET, question)
        except KernelRefused as refused:
            if refused.errno != errno.ENODEV:
                raise
            return None
        _, hardware, index, flags, _ = _HEADER.unpack_from(data, start)
        mac, rises = "", 0
        for number, first, last in tlv.walk(data, start + _HEADER.size, end):
            if number == _ADDRESS:
                mac = data[first:last].hex(":")
            elif number == _UP_COUNT:
                rises = tlv.read_u32(data, first, last)
        return Seen(index, mac, hardware, flags & _UP_AND_RUNNING == _UP_AND_RUNNING, rises)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
