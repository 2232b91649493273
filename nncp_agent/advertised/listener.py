"""The listener of one link: it asks who is a router there, and remembers the names they tell."""

from __future__ import annotations

import logging
import math
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.glance import Seen
from netkernel.packets import router
from netkernel.packets.nd import HOP_LIMIT
from netkernel.packets.router import Advertisement
from netkernel.records import Client
from nncp_agent.advertised import names
from nncp_agent.advertised.names import Known
from nncp_agent.keeping.clock import now_s
from nncp_agent.shown.dns import Dns

log = logging.getLogger(__name__)

ASKS: Final = 3
ASK_EVERY_S: Final = 4.0
"""MAX_RTR_SOLICITATIONS and RTR_SOLICITATION_INTERVAL (RFC 4861 section 10)."""
_FILTER: Final = 1  # ICMP6_FILTER (linux/icmpv6.h): a bit for each type that is not wanted
_RECEIVE_HOPS, _HOPS = 51, 52  # IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT (linux/in6.h)
_LARGEST: Final = 65536
_MOST_AT_ONCE: Final = 32


class Ear:
    """Router advertisements of a link: of those who are on it, and not of who sends them from afar."""

    def __init__(self, link: str) -> None:
        """Raises OSError."""
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMPV6)
        unwanted = [0xFFFFFFFF] * 8
        unwanted[router.ADVERTISEMENT >> 5] &= ~(1 << (router.ADVERTISEMENT & 31))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_ICMPV6, _FILTER, struct.pack("=8I", *unwanted))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode("utf-8", "surrogateescape"))
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)
        self._socket.setsockopt(socket.IPPROTO_IPV6, _RECEIVE_HOPS, 1)
        self._link = link

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def ask(self) -> None:
        """Raises OSError: while the link has no address nobody could answer."""
        self._socket.sendto(router.solicitation(), (router.ALL_ROUTERS, 0, 0, socket.if_nametoindex(self._link)))

    def receive(self) -> Iterator[Advertisement]:
        """Those that wait. Raises OSError."""
        for _ in range(_MOST_AT_ONCE):
            try:
                data, more, _, sender = self._socket.recvmsg(_LARGEST, 64)
                if is_from_here(sender[0], more):
                    yield router.parse(data)
            except BlockingIOError:
                return
            except MalformedMessage as error:
                log.info("%s: %s", self._link, error)


def is_from_here(sender: str, more: Sequence[tuple[int, int, bytes]]) -> bool:
    """Whether no router has forwarded it, and a router of this link has sent it (RFC 4861 section 6.1.2)."""
    hops = [int.from_bytes(value[:4], "little") for _, kind, value in more if kind == _HOPS]
    return sender.lower().startswith(("fe8", "fe9", "fea", "feb")) and hops == [HOP_LIMIT]


class Listener:
    """Implements `keeping.keeper.Worker` and `dhcp.given.Giver`; `clock` gives seconds."""

    def __init__(self, told: Client, clock: Callable[[], float] = now_s) -> None:
        self.told = told
        self._clock = clock
        self._ear: Ear | None = None
        self._seen: Seen | None = None
        self._known: Known = names.NONE
        self._asks_left = 0
        self._ask_at_s = math.inf

    @property
    def names(self) -> Dns:
        return names.of_link(names.aged(self._known, self._clock()), self.told.link)

    @property
    def due_s(self) -> float:
        return min(names.due_s(self._known), self._ask_at_s)

    def ears(self) -> Sequence[Ear]:
        return (self._ear,) if self._ear is not None else ()

    def says(self) -> Iterator[bytes]:
        return iter(())

    def look(self, seen: Seen | None) -> None:
        """With a new carrier there may be other routers; what the old ones said lasts as long as they said."""
        before, self._seen = self._seen, seen
        if seen is None or (before is not None and seen.index != before.index):
            self.stop()
        if seen is None:
            return
        if self._ear is None:
            try:
                self._ear = Ear(self.told.link)
            except OSError as error:  # it is gone again: netlink says so in a moment
                log.warning("%s: %s", self.told.link, error.strerror)
        if seen.is_ready and (before is None or not before.is_ready or seen.rises != before.rises):
            self._asks_left, self._ask_at_s = ASKS, self._clock()

    def listen(self, ear: Ear) -> None:
        try:
            for said in ear.receive():
                self._known = names.heard(self._known, said, self._clock())
                self._asks_left, self._ask_at_s = 0, math.inf
        except OSError as error:  # it went down or away: as above
            log.info("%s: %s", self.told.link, error.strerror)

    def tick(self) -> None:
        now = self._clock()
        self._known = names.aged(self._known, now)
        if self._ear is not None and self._ask_at_s <= now:
            self._ask(now)

    def _ask(self, now: float) -> None:
        self._asks_left -= 1
        self._ask_at_s = now + ASK_EVERY_S if self._asks_left > 0 else math.inf
        try:
            if self._ear is not None:
                self._ear.ask()
        except OSError as error:  # the kernel asks, too, and routers speak by themselves now and then
            log.info("%s: %s", self.told.link, error.strerror)

    def stop(self, release: bool = False) -> None:
        self._known, self._ask_at_s = names.NONE, math.inf
        if self._ear is not None:
            self._ear.close()
            self._ear = None
