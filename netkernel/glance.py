"""One link at a glance, for who waits for its carrier: a question about one link instead of a dump of all."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from socket import AF_INET6
from struct import Struct
from typing import Final, Self

from netkernel import tlv
from netkernel.codec import addresses, shapes
from netkernel.errors import KernelRefused
from netkernel.frozen import Frozen
from netkernel.netlink import Socket

_HEADER: Final = Struct("=BxHiII")  # struct ifinfomsg
_ADDRESS, _NAME, _CARRIER, _UP_COUNT = 1, 3, 33, 47  # IFLA_*: the last is CARRIER_UP_COUNT (since Linux 4.16)
_UP_AND_RUNNING: Final = 0x41  # IFF_UP | IFF_RUNNING
_FAMILIES, _FLAGS = 26, 1  # IFLA_AF_SPEC, and in it, of AF_INET6, IFLA_INET6_FLAGS
_MANAGED, _OTHER = 0x40, 0x80  # IF_RA_MANAGED, _OTHERCONF (net/if_inet6.h)
TENTATIVE, FAILED = 0x40, 0x08
"""IFA_F_TENTATIVE, _DADFAILED (linux/if_addr.h)."""


class Seen(Frozen):
    """`hardware` is an ARPHRD_ number, `mac` lower-case text; ready means up and with carrier, which it got for the
    `rises`th time: who looks seldom does not see it go and come. `managed` and `other` are what the last router that
    was heard has said of addresses and of the rest: to be had by DHCPv6. Frames arrive with the `carrier`, and
    readiness follows a moment later (net/core/link_watch.c)."""

    index: int
    mac: str
    hardware: int
    is_ready: bool
    rises: int = 0
    managed: bool = False
    other: bool = False
    carrier: bool = False


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
        mac, rises, routers, carrier = "", 0, 0, False
        for number, first, last in tlv.walk(data, start + _HEADER.size, end):
            if number == _ADDRESS:
                mac = data[first:last].hex(":")
            elif number == _UP_COUNT:
                rises = tlv.read_u32(data, first, last)
            elif number == _FAMILIES:
                routers = _router_flags(data, first, last)
            elif number == _CARRIER:
                carrier = bool(tlv.read_u8(data, first, last))
        is_ready = flags & _UP_AND_RUNNING == _UP_AND_RUNNING
        return Seen(index, mac, hardware, is_ready, rises, bool(routers & _MANAGED), bool(routers & _OTHER), carrier)

    def addresses(self, index: int, family: int = AF_INET6) -> Mapping[str, int]:
        """The addresses of the link with that index, with their IFA_F_ flags. Raises NetworkError."""
        reader, spans = addresses.Addresses(), self._socket.dump(addresses.GET, addresses.dump_request(family, index))
        found = (reader.read(*span, {index: ""}) for span in spans)
        return {each.ip: each.state | each.flags for each in found if each is not None}

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _router_flags(data: bytes, start: int, end: int) -> int:
    for family, first, last in tlv.walk(data, start, end):
        if family == AF_INET6:
            for number, low, high in tlv.walk(data, first, last):
                if number == _FLAGS:
                    return tlv.read_u32(data, low, high)
    return 0
