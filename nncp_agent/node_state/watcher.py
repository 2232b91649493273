"""The part of the daemon that looks at the host when something changed, and publishes what it is.

One thread: it sleeps while nothing happens, but for a beat now and then, which says that it is alive.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from netkernel import ethtool
from netkernel.errors import NetworkError
from netkernel.host import Host
from netkernel.transaction import Kernel
from nncp_agent import notes, shown
from nncp_agent.errors import StoreBroken
from nncp_agent.files import root
from nncp_agent.node_state import news, pods
from nncp_agent.node_state.doors import Listener, Publisher
from nncp_agent.node_state.pace import Pace
from nncp_agent.objects import node_state
from nncp_agent.objects.node_state import EVERYTHING, Wanted
from nncp_agent.shown import NO_NOTES, Note

log = logging.getLogger(__name__)

ENDING_S: Final = 30.0


class Watcher:
    """Publishes this host between `start` and `stop`. `open_kernel` is called in its thread; `state_directory` has
    what policies say of interfaces and the kernel cannot remember.
    """

    name = "state"

    def __init__(
        self,
        publisher: Publisher,
        open_kernel: Callable[[], AbstractContextManager[Kernel]],
        state_directory: str,
        wanted: Wanted = EVERYTHING,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self._publisher = publisher
        self._open_kernel = open_kernel
        self._directory = state_directory
        self._wanted = wanted
        self._listeners = tuple(listeners)
        self._last: Mapping[str, Any] | None = None
        self._news: news.News | None = None
        self._is_asked = self._is_doubted = True
        self._is_ending = False
        self._looks = 0
        self._error = ""
        self.has_published = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="state")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_ending = True
        self._wake()
        self._thread.join(ENDING_S)

    def refresh(self) -> None:
        """Look now, and compare with what is published. From any thread; cheap."""
        self._is_doubted = True
        self.applied()

    def applied(self) -> None:
        """The host was changed by a policy: look now. From any thread; cheap."""
        self._is_asked = True
        self._wake()

    def looks(self) -> int:
        self._wake()
        return self._looks

    def _wake(self) -> None:
        if (news := self._news) is not None:
            news.wake()

    def _run(self) -> None:
        try:
            folders = (Path(root(), "etc"), self._directory)
            with self._open_kernel() as kernel, news.opened(folders) as found:
                self._news = found
                self._publisher.start(self.refresh)
                try:
                    self._serve(kernel, found)
                finally:
                    self._publisher.stop()
        finally:
            if not self._is_ending:  # a bug: the daemon is started anew
                os.kill(os.getpid(), signal.SIGTERM)

    def _serve(self, kernel: Kernel, found: news.News) -> None:
        pace = Pace(time.monotonic())
        while not self._is_ending:
            self._looks += 1
            if found.came():
                pace.heard(time.monotonic())
            if self._is_asked:
                self._is_asked = False
                if self._is_doubted:
                    self._is_doubted, self._last = False, None
                pace.asked(time.monotonic())
            now = time.monotonic()
            if pace.is_due(now):
                self._turn(kernel, pace)
            elif pace.beat_is_due(now):
                self._publisher.beat()
                pace.beaten(now)
            now = time.monotonic()
            found.wait(pace.wait_s(now), listens=pace.listens(now))

    def _turn(self, kernel: Kernel, pace: Pace) -> None:
        began = time.thread_time()
        try:
            host = kernel.overview(shown.routes.RUNNING_PROTOCOLS, ethtool.PARTS)
        except NetworkError as error:
            self._fail(error)
            pace.failed(time.monotonic())
            return
        self._publish(host)
        for listener in self._listeners:
            listener.seen(host)
        now = time.monotonic()
        pace.looked(now, time.thread_time() - began)
        pace.beaten(now)

    def _publish(self, host: Host) -> None:
        about = self._publisher.about()
        if about is None:
            return  # whoever learns it asks for a look
        said = self._notes()
        state = node_state.current_state(shown.state(host, said), self._wanted, pods.wires(host, said))
        old = self._last or self._publisher.published()
        new = node_state.node_state(about, state, _now(), old)
        self._error = ""
        self._tell(new, old)

    def _fail(self, error: NetworkError) -> None:
        if str(error) != self._error:
            log.error("cannot look at the host: %s", error)
        self._error = str(error)
        if (about := self._publisher.about()) is not None:
            old = self._publisher.published()  # with the state that was seen last
            self._tell(node_state.failing(about, str(error), _now(), old), old)

    def _tell(self, new: dict[str, Any], old: Mapping[str, Any] | None) -> None:
        """Say it if that is news, else that there is none."""
        if old is not None and node_state.says_the_same(old, new):
            self._publisher.beat()
        else:
            self._publisher.tell(new)
        self._last = node_state.remembered(new)  # all of it takes megabytes
        self.has_published = True

    def _notes(self) -> Mapping[str, Note]:
        try:
            return notes.read(self._directory)
        except StoreBroken as error:
            log.warning("%s: descriptions are left out", error)
            return NO_NOTES


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
