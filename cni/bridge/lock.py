"""The lock that is held while a bridge is made and joined, or left and removed: nobody loses it between the two."""

from __future__ import annotations

import _thread
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cni.types.errors import IO_FAILURE, TRY_AGAIN_LATER, CniError
from netkernel.typed import Final

PLACE: Final = "/run/nncp-agent/cni.lock"
PATIENCE_S: Final = 10.0


class JoiningLock:
    """Between the processes of a node by a file, and between the threads of one process before that."""

    def __init__(self, file: str = PLACE, patience_s: float = PATIENCE_S) -> None:
        self._file = file
        self._patience_s = patience_s
        self._ours = _thread.allocate_lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises CniError when it cannot be had, or not in time."""
        deadline = time.monotonic() + self._patience_s
        if not self._ours.acquire(timeout=self._patience_s):
            raise self._is_busy()
        try:
            fd = self._opened()
            try:
                if not _taken(fd, deadline):
                    raise self._is_busy()
                yield
            finally:
                os.close(fd)
        finally:
            self._ours.release()

    def _opened(self) -> int:
        try:
            os.makedirs(os.path.dirname(self._file), 0o755, exist_ok=True)
            return os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            hint = "it is held while ports join a bridge; nothing was changed"
            raise CniError(IO_FAILURE, f"{self._file}: {error.strerror}", hint) from None

    def _is_busy(self) -> CniError:
        said = f"others have been joining or leaving bridges for {self._patience_s:g} s"
        return CniError(TRY_AGAIN_LATER, said, f"whoever holds {self._file} does not let go of it; see lslocks(8)")


def _taken(fd: int, deadline: float) -> bool:
    """flock(2) knows no deadline, so where others are in the way a thread waits; who comes too late lets go again."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return _awaited(os.dup(fd), deadline)


def _awaited(fd: int, deadline: float) -> bool:
    granted = _thread.allocate_lock()
    granted.acquire()

    def wait() -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)  # the lock belongs to all descriptors of one open file: fd is the caller's
        finally:
            os.close(fd)
            granted.release()

    _thread.start_new_thread(wait, ())
    return granted.acquire(timeout=max(0.0, deadline - time.monotonic()))
