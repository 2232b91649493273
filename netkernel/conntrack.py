"""What the kernel remembers of connections, for who asks why one does not work (linux/netfilter/nfnetlink_conntrack.h).

A kernel without connection tracking, or without netlink for it, remembers nothing.
"""

from __future__ import annotations

import errno
from _socket import AF_INET, AF_INET6, inet_ntop
from collections.abc import Callable, Iterator
from struct import Struct

from netkernel import netfilter, sysctl, tlv
from netkernel.errors import KernelRefused, MalformedMessage
from netkernel.frozen import Frozen
from netkernel.netlink import Socket, Span, Wire, opened
from netkernel.typed import Final

_GET, _GET_COUNTERS = 1 << 8 | 1, 1 << 8 | 4  # NFNL_SUBSYS_CTNETLINK; IPCTNL_MSG_CT_GET, _GET_STATS_CPU
_HEADER: Final = Struct(">BBH")  # struct nfgenmsg
_WORD: Final = Struct(">I")
_ORIGINAL, _STATUS = 1, 3  # CTA_TUPLE_ORIG, CTA_STATUS
_ADDRESSES, _PROTOCOL = 1, 2  # CTA_TUPLE_IP, CTA_TUPLE_PROTO
_NUMBER, _TARGET_PORT = 1, 3  # CTA_PROTO_NUM, CTA_PROTO_DST_PORT
_SOURCES, _TARGETS = {1: AF_INET, 3: AF_INET6}, {2: AF_INET, 4: AF_INET6}  # CTA_IP_V4_SRC, CTA_IP_V6_SRC and so on
_WIDTHS: Final = {AF_INET: 4, AF_INET6: 16}
_SEEN_REPLY: Final = 1 << 1  # IPS_SEEN_REPLY
_INSERT_FAILED, _DROP, _EARLY_DROP = 9, 10, 11  # CTA_STATS_
_COUNT, _LIMIT = "net/netfilter/nf_conntrack_count", "net/netfilter/nf_conntrack_max"
_NOT_THERE: Final = (netfilter.NO_SUBSYSTEM, errno.EOPNOTSUPP)


class Flow(Frozen):
    """A connection as who began it sees it; `protocol` is an IPPROTO_ number, `port` 0 where it has none."""

    source: str
    target: str
    protocol: int
    port: int
    is_answered: bool


class Tracking(Frozen):
    """How many connections there are of how many there may be, 0 for unknown; packets that found no room since boot."""

    count: int = 0
    limit: int = 0
    refused: int = 0
    flows: tuple[Flow, ...] = ()

    @property
    def is_full(self) -> bool:
        return bool(self.limit) and self.count >= self.limit


def looked_at(of: Callable[[Flow], bool] | None = None, wire: Callable[[int], Wire] = opened) -> Tracking:
    """In the calling thread's namespace, with those flows that `of` wants: without it nobody asks for a node's many.

    Raises KernelRefused, AnswerLost.
    """
    count, limit = _number(_COUNT), _number(_LIMIT)
    with netfilter.conversation(wire) as socket:
        refused = sum(_refused(*span) for span in _dumped(socket, _GET_COUNTERS))
        found = (read(*span) for span in _dumped(socket, _GET)) if of else ()
        return Tracking(count, limit, refused, tuple(flow for flow in found if flow is not None and of and of(flow)))


def read(data: bytes, start: int, end: int) -> Flow | None:
    """The connection in a message; None for one of no IP. Raises MalformedMessage."""
    status, original = 0, None
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _ORIGINAL:
            original = _tuple(data, first, last)
        elif number == _STATUS and last - first == _WORD.size:
            status = _WORD.unpack_from(data, first)[0]
    return Flow(*original, bool(status & _SEEN_REPLY)) if original else None


def _tuple(data: bytes, start: int, end: int) -> tuple[str, str, int, int] | None:
    source = target = ""
    protocol = port = 0
    for number, first, last in tlv.walk(data, start, end):
        for each, low, high in tlv.walk(data, first, last):
            if number == _ADDRESSES and each in _SOURCES:
                source = _ip(_SOURCES[each], data[low:high])
            elif number == _ADDRESSES and each in _TARGETS:
                target = _ip(_TARGETS[each], data[low:high])
            elif number == _PROTOCOL and each == _NUMBER:
                protocol = tlv.read_u8(data, low, high)
            elif number == _PROTOCOL and each == _TARGET_PORT:
                port = int.from_bytes(data[low:high])
    return (source, target, protocol, port) if source and target else None


def _ip(family: int, raw: bytes) -> str:
    if len(raw) != _WIDTHS[family]:
        raise MalformedMessage(f"an address of {len(raw)} bytes")
    return inet_ntop(family, raw)


def _refused(data: bytes, start: int, end: int) -> int:
    """Of one processor."""
    wanted = (_INSERT_FAILED, _DROP, _EARLY_DROP)
    walked: Iterator[tuple[int, int, int]] = tlv.walk(data, start + _HEADER.size, end)
    return sum(int.from_bytes(data[first:last]) for number, first, last in walked if number in wanted)


def _dumped(socket: Socket, kind: int) -> list[Span]:
    try:
        return socket.dump(kind, _HEADER.pack(0, 0, 0))
    except KernelRefused as refused:
        if refused.errno in _NOT_THERE:
            return []
        raise


def _number(path: str) -> int:
    try:
        return int(sysctl.read(path))
    except (KernelRefused, ValueError):
        return 0
