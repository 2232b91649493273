"""News from a directory, as a descriptor to poll (inotify(7); Python has no door to it)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MOVED_TO: Final = 0x80
_DELETE: Final = 0x200

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def of(directory: Path) -> Iterator[int]:
    """A non-blocking descriptor, readable when a file in `directory` was put in place or removed. Raises OSError."""
    fd = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
    try:
        _checked(_libc.inotify_add_watch(fd, os.fsencode(directory), _MOVED_TO | _DELETE))
        yield fd
    finally:
        os.close(fd)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
