"""The listener of one link: whom it hears there it knows until their word has expired or the wire is pulled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from netkernel.glance import Seen
from netkernel.records import Client
from nncp_agent.keeping.clock import now_s
from nncp_agent.lldp import neighbours
from nncp_agent.lldp.ear import Ear
from nncp_agent.lldp.neighbours import Neighbours

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64
REST_S = 1.0
"""After so many frames it rests, and what comes meanwhile is lost: a neighbour needs one in half a minute, and nobody
shall keep us busy."""


class Listener:
    """Implements `keeping.keeper.Worker`; `clock` gives seconds."""

    def __init__(self, told: Client, clock: Callable[[], float] = now_s) -> None:
        self.told = told
        self._clock = clock
        self._ear: Ear | None = None
        self._seen: Seen | None = None
        self._known: Neighbours = neighbours.NONE
        self._rests_until_s = 0.0

    @property
    def due_s(self) -> float:
        due_s = neighbours.due_s(self._known)
        return min(due_s, self._rests_until_s) if self._rests_until_s else due_s

    def ears(self) -> Sequence[Ear]:
        return (self._ear,) if self._ear is not None and not self._rests_until_s else ()

    def says(self) -> Iterator[bytes]:
        self._known = neighbours.aged(self._known, self._clock())
        return (each.packet for each in self._known.values())

    def look(self, seen: Seen | None) -> None:
        """Without carrier there is no neighbour, and with a new one there may be another."""
        before, self._seen = self._seen, seen
        if seen is None or before is None or seen.index != before.index:
            self.stop()
        elif not seen.carrier or seen.rises != before.rises:
            self._known = neighbours.NONE
        if seen is not None and self._ear is None:
            try:
                self._ear = Ear(self.told.link)
            except OSError as error:  # it is gone again: netlink says so in a moment
                log.warning("%s: %s", self.told.link, error.strerror)

    def listen(self, ear: Ear) -> None:
        heard = 0
        try:
            for packet in ear.receive(MOST_AT_ONCE):
                heard += 1
                self._known = neighbours.heard(self._known, packet, self._clock())
        except OSError as error:  # it went down or away: as above
            log.info("%s: %s", self.told.link, error.strerror)
        if heard == MOST_AT_ONCE:
            self._rests_until_s = self._clock() + REST_S

    def tick(self) -> None:
        now = self._clock()
        self._known = neighbours.aged(self._known, now)
        if self._rests_until_s <= now:
            self._rests_until_s = 0.0

    def stop(self, release: bool = False) -> None:
        self._known = neighbours.NONE
        if self._ear is not None:
            self._ear.close()
            self._ear = None
