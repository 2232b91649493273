"""Until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 30.0


def until(is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
