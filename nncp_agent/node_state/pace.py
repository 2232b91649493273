"""When the host is looked at: soon after a change, once for many, and never for more than a share of one processor."""

from __future__ import annotations

from typing import Final

QUIET_S: Final = 0.05
"""One doing is many events: so long none must have come before a look..."""
CEILING_S: Final = 0.4
"""...and so long after the first there is one all the same."""
REST: Final = 4.0
"""Times what a look computed: so long there is no other, so that a storm costs a fifth of one processor at most."""
LONGEST_REST_S: Final = 5.0
BEAT_S: Final = 30.0
"""How often a quiet watcher says that it is alive."""
AGAIN_S: Final = (0.5, 2.0, 10.0, 60.0)
"""After looks that failed, one after the other."""


class Pace:
    """What happened, and what follows for the next wait. All times are those of one monotonic clock, in seconds."""

    def __init__(self, now: float) -> None:
        self._first: float | None = None
        self._last = now
        self._rests_until = now
        self._beaten = now
        self._failures = 0

    def heard(self, now: float) -> None:
        """Something changed."""
        if self._first is None:
            self._first = now
        self._last = now

    def asked(self, now: float) -> None:
        """Somebody wants a look now: no quiet is waited for."""
        self._first, self._last = now - CEILING_S, now

    def looked(self, now: float, took_s: float) -> None:
        """A look is over, for which so many seconds were computed, and saw all that was heard of before."""
        self._first = None
        self._failures = 0
        self._rests_until = now + min(took_s * REST, LONGEST_REST_S)

    def failed(self, now: float) -> None:
        """Looking did not work, so there is another one by and by."""
        pause_s = AGAIN_S[min(self._failures, len(AGAIN_S) - 1)]
        self._failures += 1
        self._first, self._last = now, now
        self._rests_until = now + pause_s

    def beaten(self, now: float) -> None:
        self._beaten = now

    def is_due(self, now: float) -> bool:
        return self._first is not None and now >= self._due(self._first)

    def beat_is_due(self, now: float) -> bool:
        return now >= self._beaten + BEAT_S

    def listens(self, now: float) -> bool:
        """Whether news may wake it up: not while it waits for more of them, or for its turn."""
        return self._first is None and now >= self._rests_until

    def wait_s(self, now: float) -> float:
        """How long to wait, if nothing comes."""
        until = self._beaten + BEAT_S
        if self._first is not None:
            until = min(until, self._due(self._first))
        elif now < self._rests_until:
            until = min(until, self._rests_until)
        return max(until - now, 0.0)

    def _due(self, first: float) -> float:
        return max(min(self._last + QUIET_S, first + CEILING_S), self._rests_until)
