"""The node daemon: one process with parts, each of which serves somebody, as one unit of systemd.

It does nothing itself but to start its parts, to say that they are ready and well, and to end them.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from netkernel.typed import Protocol
from nncp_agent.daemon import systemd
from nncp_agent.keeping.process import ending


class Part(Protocol):
    """Runs in threads of its own between `start` and `stop`, which returns when all that it had begun is done."""

    @property
    def name(self) -> str:
        """For logs."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def looks(self) -> int:
        """A number that grows soon after it was asked for, unless the part is stuck."""


def _nothing() -> None:
    """There is nothing to read again."""


def run(parts: Sequence[Part], environment: Mapping[str, str], read_again: Callable[[], None] = _nothing) -> list[str]:
    """Until somebody wants it to end; gives the names of parts that got stuck, for which it ended by itself.

    `read_again` is called on SIGHUP.
    """
    unit = systemd.Unit(environment)
    with ending() as wanted, ExitStack() as running:
        signal.signal(signal.SIGHUP, lambda *_: None)  # the descriptor tells
        for part in parts:
            part.start()
            running.callback(part.stop)
        unit.tell("READY=1")
        stuck = _until_ending(parts, unit, wanted, read_again)
        unit.tell("STOPPING=1")
    return stuck


def _until_ending(parts: Sequence[Part], unit: systemd.Unit, wanted: int, read_again: Callable[[], None]) -> list[str]:
    """The watchdog is fed while all parts are well: systemd makes an end of a process that does not."""
    seen = [part.looks() for part in parts]
    while True:
        if select.select([wanted], [], [], unit.watchdog_s and unit.watchdog_s / 2)[0]:
            if set(os.read(wanted, 4096)) != {signal.SIGHUP}:
                return []
            unit.tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            read_again()
            unit.tell("READY=1")
            continue
        now = [part.looks() for part in parts]
        stuck = [part.name for part, before, after in zip(parts, seen, now, strict=True) if after == before]
        if stuck:
            return stuck
        unit.tell("WATCHDOG=1")
        seen = now
