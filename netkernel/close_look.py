"""What only a diagnosis asks of a link: its counters, who has it open, whether its bridge lets frames through it."""

from __future__ import annotations

import sys
from struct import Struct

from netkernel import tlv
from netkernel.codec import shapes
from netkernel.frozen import Frozen
from netkernel.netlink import Socket
from netkernel.typed import Final

_LINK, _STATISTICS = 5, 23  # IFLA_LINK, IFLA_STATS64
_HEADER: Final = shapes.HEADER
_NUMBERS: Final = Struct("=8Q")  # the head of struct rtnl_link_stats64
_PORT_STATE: Final = 1  # IFLA_BRPORT_STATE
_OPEN_QUEUES, _IDLE_QUEUES = 8, 9  # IFLA_TUN_NUM_QUEUES, IFLA_TUN_NUM_DISABLED_QUEUES
_STATES: Final = ("disabled", "listening", "learning", "forwarding", "blocking")
"""BR_STATE_ of linux/if_bridge.h."""


class CloseLook(Frozen, kw_only=True):
    """Counters are the link's own: what it received came into it, from the guest where it is a tap.

    `port_state` is "" for what is no port of a bridge; `queues` are those that processes have open of a tap;
    `other_end` the ifindex of what it sits on or leads to, wherever that is, 0 for nothing.
    """

    received: int = 0
    sent: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    receive_errors: int = 0
    send_errors: int = 0
    receive_dropped: int = 0
    send_dropped: int = 0
    port_state: str = ""
    queues: int = 0
    idle_queues: int = 0
    other_end: int = 0


def at(socket: Socket, index: int) -> CloseLook:
    """Raises KernelRefused (ENODEV: there is no such link)."""
    return read(*socket.ask(shapes.GET, _HEADER.pack(0, 0, index, 0, 0)))


def read(data: bytes, start: int, end: int) -> CloseLook:
    """Raises MalformedMessage."""
    numbers = (0,) * 8
    facts: dict[str, int] = {}
    state = ""
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _STATISTICS and last - first >= _NUMBERS.size:
            numbers = _NUMBERS.unpack_from(data, first)
        elif number == _LINK:
            facts["other_end"] = tlv.read_u32(data, first, last)
        elif number == shapes.LINK_INFO:
            state, more = _of_kind(data, first, last)
            facts |= more
    received, sent, received_bytes, sent_bytes, receive_errors, send_errors, receive_dropped, send_dropped = numbers
    return CloseLook(
        received=received,
        sent=sent,
        received_bytes=received_bytes,
        sent_bytes=sent_bytes,
        receive_errors=receive_errors,
        send_errors=send_errors,
        receive_dropped=receive_dropped,
        send_dropped=send_dropped,
        port_state=state,
        **facts,
    )


def _of_kind(data: bytes, start: int, end: int) -> tuple[str, dict[str, int]]:
    """The state of a bridge's port, and the queues of a tap."""
    parts = {number: data[first:last] for number, first, last in tlv.walk(data, start, end)}
    state, queues = "", {}
    if parts.get(shapes.PORT_KIND, b"").rstrip(b"\0") == b"bridge":
        known = _numbers(parts.get(shapes.PORT_DATA, b"")).get(_PORT_STATE, 0)
        state = _STATES[known] if known < len(_STATES) else str(known)
    if parts.get(shapes.KIND, b"").rstrip(b"\0") == b"tun":
        found = _numbers(parts.get(shapes.KIND_DATA, b""))
        queues = {"queues": found.get(_OPEN_QUEUES, 0), "idle_queues": found.get(_IDLE_QUEUES, 0)}
    return state, queues


def _numbers(data: bytes) -> dict[int, int]:
    walked = tlv.walk(data, 0, len(data))
    return {number: int.from_bytes(data[first:last], sys.byteorder) for number, first, last in walked}
