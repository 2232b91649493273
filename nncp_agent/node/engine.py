"""The engine as a part of the daemon: one thread that takes a turn when something happened, and sleeps in between.

Told at once is a first event; a storm of them costs a quarter of one processor at most.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Final

from netkernel import inotify
from netkernel.errors import NetworkError
from netkernel.transaction import Kernel
from netkernel.watch import Table, Watch
from nncp_agent.errors import StoreBroken
from nncp_agent.keeping.process import TakenAlready, alone
from nncp_agent.node.memory import FOLDER
from nncp_agent.node.turn import Doors, Turns
from nncp_agent.options import Options
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_QUIET_S: Final = 0.01
"""One change of the host is several events."""
_REST: Final = 3.0
"""Times what a look took: so long nobody wakes it up but a policy."""
_LONGEST_REST_S: Final = 2.0
_NOBODYS: Final = frozenset({Table.NEIGHBOURS})
"""No policy states them, and those that the kernel has learned go all the time."""
_AGAIN_S: Final = 2.0
_OTHERS_S: Final = 1.0
"""How often one looks whether another daemon is gone: a lock does not tell."""
_LONGEST_TURN_S: Final = 900.0
"""An apply waits for carrier, addresses, checks, each with a deadline of its own; beyond all of them it hangs."""
_ENDING_S: Final = 60.0


class Engine:
    """Keeps policies between `start` and `stop`. `open_kernel` is called in its thread."""

    name = "policies"

    def __init__(
        self,
        doors: Doors,
        store: Store,
        options: Options,
        open_kernel: Callable[[], AbstractContextManager[Kernel]],
    ) -> None:
        self._doors = doors
        self._store = store
        self._options = options
        self._open_kernel = open_kernel
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._is_ending = False
        self._is_asked = False
        self._has_news = False
        self._looks = 0
        self._turn_began_s: float | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="policies")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is being applied comes to its end; the watchdog takes back what does not."""
        self._is_ending = True
        self.changed()
        self._thread.join(_ENDING_S)

    def read_again(self) -> None:
        """SIGHUP: everything is looked at as if for the first time."""
        self._is_asked = True
        self.changed()

    def changed(self) -> None:
        """There may be something to do. From any thread; cheap."""
        self._has_news = True
        self._come_round()

    def _come_round(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_write(self._wake, 1)

    def looks(self) -> int:
        """How often it came round. A turn may take long, and is well as long as its deadlines allow."""
        began = self._turn_began_s
        if began is not None and time.monotonic() - began < _LONGEST_TURN_S:
            self._looks += 1
        self._come_round()
        return self._looks

    def _run(self) -> None:
        try:
            with ExitStack() as opened:
                self._serve(opened)
        finally:
            if not self._is_ending:  # a bug: the daemon is started anew
                os.kill(os.getpid(), signal.SIGTERM)

    def _alone(self, opened: ExitStack) -> None:
        """Return once no other daemon keeps the policies of this state directory, or we are to end."""
        while not self._is_ending:
            try:
                self._store.prepare(FOLDER)
                opened.enter_context(alone(self._store.path(FOLDER)))
                return
            except TakenAlready:
                log.warning("another daemon keeps the policies of this node: waiting for its end")
            except (OSError, StoreBroken) as error:
                log.error("%s: nobody can tell whether another daemon keeps policies here", error)
                return
            while not self._is_ending and _is_taken(self._store.path(FOLDER)):
                self._pause(_OTHERS_S)

    def _pause(self, seconds: float) -> None:
        """Or until somebody wants something."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.poll(seconds * 1000)
        self._looks += 1
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _serve(self, opened: ExitStack) -> None:
        self._alone(opened)
        kernel = opened.enter_context(self._open_kernel())
        events = opened.enter_context(Watch())
        news = opened.enter_context(inotify.several())
        poll = select.poll()
        for fd in (self._wake, events.fileno(), news):
            poll.register(fd, select.POLLIN)
        turns = Turns(self._doors, kernel, self._store, self._options)
        self._doors.source.start(self.changed)
        opened.callback(self._doors.source.stop)
        while not self._is_ending:
            due_s = self._turn(turns)
            self._looks += 1
            self._listen(news)
            self._wait(poll, events, news, due_s, min(turns.look_s * _REST, _LONGEST_REST_S))

    def _turn(self, turns: Turns) -> float | None:
        if self._is_asked:
            self._is_asked = False
            self._doors.source.read_again()
        self._turn_began_s = time.monotonic()
        try:
            return turns.run()
        except NetworkError as error:
            log.error("%s: looking again in %g s", error, _AGAIN_S)
            return time.monotonic() + _AGAIN_S
        finally:
            self._turn_began_s = None

    def _wait(self, poll: select.poll, events: Watch, news: int, due_s: float | None, rest_s: float) -> None:
        """Until something happened or is due; after a long turn not at once again for an event of the network."""
        while True:
            timeout_s = None if due_s is None else max(due_s - time.monotonic(), 0.0)
            ready = {fd for fd, _ in poll.poll(None if timeout_s is None else timeout_s * 1000 + 1)}
            tables = events.changed() - _NOBODYS
            if self._wake in ready:
                self._looks += 1
                with suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            if not ready or self._has_news or news in ready or tables:
                break
        if tables and not self._has_news:
            wake = select.poll()
            wake.register(self._wake, select.POLLIN)
            wake.poll(max(rest_s, _QUIET_S) * 1000)
            events.changed()
        self._has_news = False
        with suppress(BlockingIOError):
            os.read(news, 65536)

    def _listen(self, news: int) -> None:
        """To the state directory: a pause, and what others commit. It may be made later than we are."""
        for folder in ("", FOLDER):
            with suppress(OSError):
                inotify.also(news, self._store.path(folder), inotify.PLACED | inotify.REMOVED)


def _is_taken(folder: Path) -> bool:
    try:
        with alone(folder):
            return False
    except TakenAlready:
        return True
