"""News from directories, as a descriptor to poll (inotify(7); Python has no door to it but ctypes)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netkernel.typed import Final

TOUCHED: Final = 0x4
"""The times or rights of a file are others (IN_ATTRIB)."""
CLOSED: Final = 0x8
"""A file that was open for writing was closed."""
MOVED_FROM: Final = 0x40
PLACED: Final = 0x80
"""A file was put in place by rename(2)."""
CREATED: Final = 0x100
REMOVED: Final = 0x200
GONE: Final = 0x400 | 0x800
"""The directory itself was removed or renamed."""

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def of(directory: Path | str, events: int = PLACED | REMOVED) -> Iterator[int]:
    """A non-blocking descriptor, readable when one of `events` happened in `directory`. Raises OSError."""
    with several() as fd:
        also(fd, directory, events)
        yield fd


@contextmanager
def several() -> Iterator[int]:
    """A descriptor for as many directories as one likes (`also`). Raises OSError."""
    fd = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
    try:
        yield fd
    finally:
        os.close(fd)


def also(fd: int, directory: Path | str, events: int) -> None:
    """Hear of one more directory; of one that is known already, of these events. Raises OSError."""
    _checked(_libc.inotify_add_watch(fd, os.fsencode(directory), events))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
