"""Generic netlink: find a family by its name, and dump what it has (linux/genetlink.h). Writing goes another way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Final

from netkernel import netlink, tlv
from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.netlink import Socket, Span

HEADER: Final = Struct("=BBxx")
"""struct genlmsghdr: command, version."""
_CONTROLLER: Final = 16  # GENL_ID_CTRL
_GET_FAMILY: Final = 3
_ID, _NAME, _VERSION = 1, 2, 3


class Family(Frozen):
    """A generic-netlink family of the running kernel; its number differs from boot to boot."""

    id: int
    version: int


@contextmanager
def socket() -> Iterator[Socket]:
    """A socket for generic netlink, of the namespace the calling thread is in."""
    with Socket(netlink.opened(netlink.GENERIC)) as made:
        yield made


def family(through: Socket, name: str) -> Family:
    """Raises KernelRefused (ENOENT) where the kernel has no such family."""
    data, start, end = through.ask(_CONTROLLER, HEADER.pack(_GET_FAMILY, 1) + tlv.text(_NAME, name))
    id = version = 0
    for number, first, last in tlv.walk(data, start + HEADER.size, end):
        if number == _ID:
            id = tlv.read_u16(data, first, last)
        elif number == _VERSION:
            version = tlv.read_u32(data, first, last)
    if not id:
        raise MalformedMessage(f"generic netlink family {name} without a number")
    return Family(id, version)


def dump(through: Socket, of: Family, command: int, attributes: bytes = b"") -> list[Span]:
    """All answers to a dump, each from its first attribute on. Raises KernelRefused, DumpInterrupted, AnswerLost."""
    spans = through.dump(of.id, HEADER.pack(command, of.version) + attributes)
    return [(data, start + HEADER.size, end) for data, start, end in spans]
