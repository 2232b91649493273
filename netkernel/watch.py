"""What changed since: one socket that hears every change of links, addresses, routes, rules, neighbours and VLANs."""

from __future__ import annotations

import _socket as socket  # as in netlink
import time
from struct import Struct

from netkernel import netlink
from netkernel.choice import Choice, auto
from netkernel.codec import neighbours
from netkernel.errors import AnswerLost, MalformedMessage
from netkernel.typed import Final, Self


class Table(Choice):
    """One thing that is dumped as a whole."""

    LINKS = auto()
    ADDRESSES = auto()
    ROUTES = auto()
    RULES = auto()
    NEIGHBOURS = auto()
    NEXTHOPS = auto()
    VLANS = auto()


_TABLES: Final = {
    16: Table.LINKS, 17: Table.LINKS,
    20: Table.ADDRESSES, 21: Table.ADDRESSES,
    24: Table.ROUTES, 25: Table.ROUTES,
    28: Table.NEIGHBOURS, 29: Table.NEIGHBOURS,
    32: Table.RULES, 33: Table.RULES,
    104: Table.NEXTHOPS, 105: Table.NEXTHOPS,
    112: Table.VLANS, 113: Table.VLANS,
}  # fmt: skip
"""By RTM_NEW… and RTM_DEL… number."""
_GROUPS: Final = (1, 3, 5, 7, 8, 9, 11, 19, 32, 33)
"""RTNLGRP_ LINK, NEIGH, IPV4_IFADDR, _ROUTE, _RULE, IPV6_IFADDR, _ROUTE, _RULE, NEXTHOP, BRVLAN."""
_IPV6_IFINFO: Final = 12
"""RTNLGRP_IPV6_IFINFO: RTM_NEWLINK of the family, with the flags of routers."""
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_NEIGHBOUR: Final = Struct("=BxxxiHB")


class Watch:
    """Hears the changes in the namespace of the calling thread, from the moment it is made.

    `fileno` becomes readable with each event, for whoever waits for several things. With `routers` it also hears, as a
    change of the link, what the kernel makes of a router advertisement.
    """

    def __init__(self, routers: bool = False) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, netlink.ROUTE
        )
        try:
            netlink.widen(self._socket)
            self._socket.bind((0, 0))
            for group in (*_GROUPS, *([_IPV6_IFINFO] if routers else [])):
                self._join(group)
        except BaseException:
            self._socket.close()
            raise

    def _join(self, group: int) -> None:
        """A group this kernel does not know has no events either (bridge VLANs: Linux 5.6, nexthops: 5.3)."""
        try:
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        except OSError:
            if group <= 31:
                raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def changed(self) -> frozenset[Table]:
        """The tables that changed since the last call; all of them when events were lost. Never blocks."""
        found: set[Table] = set()
        while True:
            try:
                data = netlink.receive(self._socket, socket.MSG_DONTWAIT)
                found |= tables(data)
            except BlockingIOError:
                return frozenset(found)
            except (AnswerLost, MalformedMessage):
                found |= set(Table)

    def rest(self, quiet_s: float, at_most_s: float) -> frozenset[Table]:
        """Wait until nothing has changed for `quiet_s` seconds, but no longer than `at_most_s`; what did change."""
        deadline = time.monotonic() + at_most_s
        found: frozenset[Table] = frozenset()
        while (more := self.wait(quiet_s)) and time.monotonic() < deadline:
            found |= more
        return found | more

    def wait(self, timeout_s: float) -> frozenset[Table]:
        """The tables that changed, as soon as one did; none when nothing did for `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        import select  # late: who only looks never waits

        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while not (found := self.changed()):
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return self.changed()
        return found


def tables(data: bytes) -> set[Table]:
    """Which tables the events in one read are about. Raises MalformedMessage.

    A neighbour that was learned, or is being probed, is nobody's configuration and no change.
    """
    found = set()
    for kind, _, _, start, end in netlink.frames(data):
        table = _TABLES.get(kind)
        if table is Table.NEIGHBOURS and kind == neighbours.NEW and end - start >= _NEIGHBOUR.size:
            _, _, state, flags = _NEIGHBOUR.unpack_from(data, start)
            if not (state & neighbours.PERMANENT or flags & neighbours.PROXY):
                continue
        if table:
            found.add(table)
    return found
