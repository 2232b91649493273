"""Generic netlink: find a family by its name, dump what it has, and tell it something (linux/genetlink.h)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct

from netkernel import netlink, tlv
from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.netlink import Message, Socket, Span
from netkernel.typed import Final

HEADER: Final = Struct("=BBxx")
"""struct genlmsghdr: command, version."""
Spans = Iterator[Span]
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


def request(to: Family, command: int, attributes: bytes) -> Message:
    """For `Socket.write`."""
    return Message(to.id, 0, HEADER.pack(command, to.version) + attributes)
