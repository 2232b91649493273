"""One change at a time: a lock that dies with its holder and says who that is."""

from __future__ import annotations

import fcntl
import logging
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

from nncp_agent.errors import Busy, StoreBroken
from nncp_agent.store import Store

log = logging.getLogger(__name__)

NAME: Final = "lock"
PATIENCE_S: Final = 60.0


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, as it stands in the file."""

    pid: int
    command: str
    since: str  # ISO 8601, UTC

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command}), since {self.since}"


@contextmanager
def held(store: Store, command: str, timeout_s: float = PATIENCE_S) -> Iterator[None]:
    """Run the block as the only one who changes this host's network.

    Waits for whoever does so now, `timeout_s` at most; then Busy. Raises StoreBroken when the file cannot be opened.
    """
    fd = _opened(store)
    try:
        if not _taken_at_once(fd):
            log.info("waiting for %s", _holder(fd))
            if not _taken_within(fd, timeout_s):
                raise Busy(f"another change is under way: {_holder(fd)}; gave up after {timeout_s:g} s")
        _sign(fd, command)
        try:
            yield
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)  # also for copies of the descriptor that a fork elsewhere may have made
    finally:
        os.close(fd)


@contextmanager
def at_once(store: Store) -> Iterator[bool]:
    """Whether nobody changes this host's network now, and then nobody begins to in the block. Raises StoreBroken."""
    fd = _opened(store)
    try:
        yield _taken_at_once(fd)
    finally:
        os.close(fd)


def _opened(store: Store) -> int:
    """Rolling back must work on a disk that has become read-only, and flock(2) takes a read-only descriptor."""
    path = store.path(NAME)
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with suppress(OSError):
        store.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)
    except OSError as error:
        with suppress(OSError):
            return os.open(path, os.O_RDONLY | flags)
        raise StoreBroken(f"{path}: cannot lock it: {error.strerror}") from error


def _taken_at_once(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_within(fd: int, timeout_s: float) -> bool:
    """flock(2) knows no deadline, so a child waits in our place: the lock belongs to the open file, which we share."""
    import subprocess  # late: the lock is nearly always free

    waits = "import fcntl, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", waits, str(fd)],
        pass_fds=[fd],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            ended = os.pidfd_open(child.pid)
            try:
                poll = select.poll()
                poll.register(ended, select.POLLIN)
                poll.poll(timeout_s * 1000)
            finally:
                os.close(ended)
        finally:
            child.kill()
    return child.returncode == 0 or _taken_at_once(fd)


def _sign(fd: int, command: str) -> None:
    holder = Holder(os.getpid(), command, datetime.now(UTC).isoformat(timespec="seconds"))
    with suppress(OSError):  # a full disk must not stop a rollback; the lock is the flock, not the text
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder), 0)


def _holder(fd: int) -> str:
    try:
        return str(msgspec.json.decode(os.pread(fd, 65536, 0), type=Holder))
    except (msgspec.DecodeError, UnicodeDecodeError, OSError):
        return "a process that did not leave its name"
