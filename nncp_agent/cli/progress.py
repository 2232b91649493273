"""One line on the terminal that says what a long command is doing; it appears only after a second.

A timer signal instead of a thread: whoever waits for the kernel goes on waiting (PEP 475), and nothing is left behind.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

CLEAR = "\r\x1b[K"


class Progress:
    """The stage under way. `write` must not go through a buffer: a signal may interrupt whoever fills that."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._text = ""
        self._began = clock()
        self._shown = False

    def stage(self, text: str) -> None:
        """What begins now."""
        self.clear()
        self._text, self._began = text, self._clock()

    def tick(self) -> None:
        """Once a second: show it."""
        if self._text:
            self._write(f"{CLEAR}… {self._text}, {self._clock() - self._began:.0f} s")
            self._shown = True

    def clear(self) -> None:
        """Before anything else is printed, and at the end."""
        if self._shown:
            self._write(CLEAR)
            self._shown = False


@contextmanager
def shown_on(stream: TextIO) -> Iterator[Progress]:
    """Progress on `stream` while the block runs; shows nothing unless that is a terminal."""
    if not stream.isatty() or threading.current_thread() is not threading.main_thread():
        yield Progress(lambda text: None)
        return
    progress = Progress(lambda text: os.write(stream.fileno(), text.encode()))
    before = signal.signal(signal.SIGALRM, lambda *_: progress.tick())
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        yield progress
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        progress.clear()
