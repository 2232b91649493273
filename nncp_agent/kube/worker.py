"""A thread that talks to an API server: again and longer apart while that fails, quiet while there is nothing to do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from nncp_agent.kube.backoff import Backoff
from nncp_agent.kube.errors import ApiError, NoAccess

log = logging.getLogger(__name__)

LAST_ANSWER_S: Final = 5.0
WELL_S: Final = 10.0
"""A turn that lasted so long before it failed was well until then."""


class Worker:
    """`turn` does what is due and gives the seconds until it wants to be called again, None for when it is woken.

    An ApiError of it is logged, once until it is another or over, and makes it be called again after a pause.
    """

    def __init__(self, name: str, turn: Callable[[], float | None], backoff: Backoff | None = None) -> None:
        self.stopping = threading.Event()
        self._name = name
        self._turn = turn
        self._backoff = backoff or Backoff()
        self._woken = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = LAST_ANSWER_S) -> bool:
        """Whether its thread is through; one that waits for an answer may not be, and ends with the process."""
        self.stopping.set()
        self._woken.set()
        if self._thread.ident is None:
            return True
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Call `turn` soon, whatever it wanted; any thread may say so."""
        self._woken.set()

    @property
    def alive(self) -> bool:
        """False when a bug has ended it."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._woken.clear()
            pause_s = self._once()
            if pause_s is None or pause_s > 0:
                self._woken.wait(pause_s)

    def _once(self) -> float | None:
        began = time.monotonic()
        try:
            pause_s = self._turn()
        except (ApiError, NoAccess) as error:
            if self.stopping.is_set():
                return None
            self._complain(str(error))
            if time.monotonic() - began >= WELL_S:
                self._backoff.reset()
            return self._backoff.pause_s(getattr(error, "retry_after_s", 0.0))
        self.well()
        return pause_s

    def well(self) -> None:
        """It works, at last; `turn` says so itself when it is not over soon."""
        self._backoff.reset()
        if self._said:
            log.info("%s: works again", self._name)
            self._said = ""

    def _complain(self, said: str) -> None:
        if said != self._said:
            log.warning("%s: %s", self._name, said)
            self._said = said
