"""Watch several children at once: relay what they say one after the other, and kill the one that is over a limit."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

CHUNK: Final = 1 << 16
OVER_TIME: Final = "was not done after {:.0f} s"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a child may take before its first words, between words, and in all; seconds."""

    first_s: float
    silence_s: float
    total_s: float

    def times(self, factor: float) -> Limits:
        return Limits(self.first_s * factor, self.silence_s * factor, self.total_s * factor)


class InTurn:
    """Several writers, one screen: one writes through, the others' words wait until those before them have ended."""

    def __init__(self, screen: BinaryIO) -> None:
        self._screen = screen
        self._waiting: list[bytearray] = []
        self._ended: list[bool] = []

    def writer(self) -> Writer:
        self._waiting.append(bytearray())
        self._ended.append(False)
        return Writer(self, len(self._waiting) - 1)

    def write(self, turn: int, data: bytes) -> None:
        self._waiting[turn] += data
        self._flush()

    def end(self, turn: int) -> None:
        self._ended[turn] = True
        self._flush()

    def _flush(self) -> None:
        for turn, words in enumerate(self._waiting):
            if words:
                self._screen.write(words)
                self._screen.flush()
                words.clear()
            if not self._ended[turn]:
                break


@dataclass(frozen=True, slots=True)
class Writer:
    """One writer's place in the turn."""

    turns: InTurn
    place: int

    def write(self, data: bytes) -> None:
        self.turns.write(self.place, data)

    def line(self, text: str) -> None:
        self.write(f"{text}\n".encode())

    def end(self) -> None:
        self.turns.end(self.place)


class Ear(Protocol):
    """Who listens to a child: gets its words as they come, and knows how long a silence is all right."""

    def hear(self, data: bytes) -> None: ...

    def patience(self, limits: Limits) -> tuple[float, str]:
        """Seconds of silence that are all right just now, and what is said of a child that stays silent longer."""
        ...

    def ended(self, returncode: int, killed_because: str) -> None: ...


class Child:
    """A process with its output in our hands. It dies with us (PR_SET_PDEATHSIG through setpriv(1) in `command`)."""

    def __init__(
        self,
        command: Sequence[str],
        limits: Limits,
        ear: Ear,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        inherited: Sequence[int] = (),
        own_session: bool = True,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            pass_fds=inherited,
            start_new_session=own_session,
        )
        assert self.process.stdout is not None
        self.output: Final = self.process.stdout.fileno()
        os.set_blocking(self.output, False)
        self.exit: Final = os.pidfd_open(self.process.pid)
        self._limits = limits
        self._ear = ear
        self._began = self._heard = time.monotonic()
        self._killed_because = ""

    def listen(self) -> bool:
        """Take what there is to hear; False once the other end is closed."""
        with suppress(BlockingIOError):
            while data := os.read(self.output, CHUNK):
                self._heard = time.monotonic()
                self._ear.hear(data)
            return False
        return True

    def deadline(self) -> tuple[float, str]:
        """The monotonic time at which the child is over its nearest limit, and the words for it."""
        silence, said = self._ear.patience(self._limits)
        return min(
            (self._heard + silence, said),
            (self._began + self._limits.total_s, OVER_TIME.format(self._limits.total_s)),
        )

    def kill(self, reason: str) -> None:
        self._killed_because = reason
        self.process.kill()

    def finish(self) -> None:
        """After its exit: the last words are in the pipe, even where a grandchild still holds the other end."""
        self.process.wait()
        self.listen()
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self.exit)
        self._ear.ended(self.process.returncode, self._killed_because)


class Watch:
    """The loop. Nothing here sleeps or polls: it waits for words, exits and deadlines."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._children: list[Child] = []

    def add(self, child: Child) -> None:
        self._children.append(child)
        self._selector.register(child.output, selectors.EVENT_READ, lambda: self._hear(child))
        self._selector.register(child.exit, selectors.EVENT_READ, lambda: self._bury(child))

    def when_readable(self, fd: int, then: Callable[[], None]) -> None:
        """Call `then` each time there is something to read; `forget` the descriptor when it is done."""
        self._selector.register(fd, selectors.EVENT_READ, then)

    def forget(self, fd: int) -> None:
        self._selector.unregister(fd)

    def run(self) -> None:
        """Until every child has ended, those included that are added meanwhile. Kills them all when interrupted."""
        try:
            while self._children:
                nearest = min(child.deadline()[0] for child in self._children)
                for key, _ in self._selector.select(max(0.0, nearest - time.monotonic())):
                    key.data()
                self._enforce(time.monotonic())
        finally:
            for child in tuple(self._children):
                child.kill("the run was interrupted")
                self._bury(child)

    def _hear(self, child: Child) -> None:
        """Words and the exit may come in one batch of events; with the exit the last words were heard already."""
        if child in self._children and not child.listen():
            self._selector.unregister(child.output)

    def _bury(self, child: Child) -> None:
        if child.output in self._selector.get_map():
            self._selector.unregister(child.output)
        self._selector.unregister(child.exit)
        self._children.remove(child)
        child.finish()

    def _enforce(self, now: float) -> None:
        for child in self._children:
            when, reason = child.deadline()
            if now >= when:
                child.kill(reason)
