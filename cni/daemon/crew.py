"""Threads that do the calls: as many as wait for something, few that compute.

A call waits for the kernel, for an IPAM plugin, for others that leave together with it; so there may be many. But only
who has a turn runs, and turns are given in the order of asking: that is what keeps a burst fair, and the thread that
claims calls on time.
"""

from __future__ import annotations

import _thread
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from netkernel.typed import Final

MOST_THREADS: Final = 128
TURNS: Final = 4
_KEPT: Final = 2
"""Idle threads that stay."""
_STACK: Final = 256 << 10


def hurry() -> None:
    """Let the calling thread, and those it starts, go before the crowd that waits for them, as far as we may.

    When a hundred clients start at once on two processors, the thread that has the interpreter's lock would wait for
    all of them, and every client would give up on us after 50 ms and do its work itself, which takes far longer.
    """
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class Crew:
    """Does jobs, each in a thread of its own. A job raises nothing."""

    def __init__(self, most: int = MOST_THREADS, turns: int = TURNS) -> None:
        self._most = most
        self._turns = threading.Semaphore(turns)
        self._changed = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._threads = 0
        self._idle = 0
        self._ending = False

    def do(self, job: Callable[[], None]) -> None:
        """As soon as there is a thread for it."""
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif self._threads < self._most:
                self._threads += 1
                self._start()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Without one's turn, for as long as somebody else is waited for."""
        self._turns.release()
        try:
            yield
        finally:
            self._turns.acquire()

    def end(self, patience_s: float) -> bool:
        """Do what there is, and no more; whether all of it was done in time."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._threads and not self._jobs, patience_s)

    def _start(self) -> None:
        size = threading.stack_size(_STACK)
        try:
            _thread.start_new_thread(self._work, ())  # a Thread would wait until it runs
        finally:
            threading.stack_size(size)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                with self._turns:
                    job()
            except BaseException:  # a bug: it is shown, and costs this thread
                with self._changed:
                    self._threads -= 1
                    self._changed.notify_all()
                raise
            del job  # what it holds is not held while nothing is done

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._jobs:
                if self._ending or self._idle >= _KEPT:
                    self._threads -= 1
                    self._changed.notify_all()
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return self._jobs.popleft()
