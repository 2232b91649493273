"""How long to wait before the same is tried again: longer each time, and never as long as somebody else does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.2
MOST_S: Final = 30.0


class Backoff:
    """Doubles from `first_s` to `most_s`; the upper half of each is chance: a thousand nodes do not come at once."""

    def __init__(
        self, first_s: float = FIRST_S, most_s: float = MOST_S, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._next_s = first_s

    def pause_s(self, at_least_s: float = 0.0) -> float:
        """The next one. `at_least_s` is what the other side asked for; chance comes on top of it."""
        base, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return max(base / 2, at_least_s) + self._chance() * base / 2

    def reset(self) -> None:
        """It worked."""
        self._next_s = self._first_s
