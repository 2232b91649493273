"""Signals as an exception while there is something to undo, and as nothing while undoing it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from nncp_agent.errors import Interrupted

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Raises Interrupted on the first signal; after `ignore` no signal reaches the block any more."""

    def __init__(self) -> None:
        self._ignored = False

    def ignore(self) -> None:
        """From here on the work must come to its end: a commit, or an undo."""
        self._ignored = True

    def arrived(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self._ignored:
            return
        self._ignored = True
        raise Interrupted(f"interrupted by {signal.Signals(number).name}")


@contextmanager
def as_exceptions() -> Iterator[Interrupts]:
    """Turn signals into Interrupted within the block. Elsewhere than in the main thread Python delivers none."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] is not signal.SIG_IGN:  # nohup(1) asked for it
            signal.signal(number, interrupts.arrived)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: set by C code, cannot be set again from here
                signal.signal(number, handler)
