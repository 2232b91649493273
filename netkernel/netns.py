"""The door to network namespaces: enter one, or a throw-away one. They belong to threads (setns(2))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from netkernel.errors import NetworkError

CLONE_NEWNET: Final = 0x40000000
"""linux/sched.h."""
OWN: Final = "/proc/thread-self/ns/net"


def call(name: str, *arguments: int) -> None:
    """setns and unshare, which stand in `os` only from Python 3.12 on. Raises OSError."""
    import ctypes  # late: most commands stay where they are

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextmanager
def inside(path: str) -> Iterator[None]:
    """Run the block with this thread in the namespace at `path`. Raises NetworkError when there is none."""
    with opened(OWN) as home:
        with opened(path) as there:
            try:
                call("setns", there, CLONE_NEWNET)
            except OSError as error:
                raise NetworkError(f"{path}: not a network namespace: {error.strerror}") from error
        try:
            yield
        finally:
            call("setns", home, CLONE_NEWNET)


@contextmanager
def throw_away() -> Iterator[str]:
    """Run the block with this thread in a new namespace, gone afterwards; gives a path that names it meanwhile."""
    with opened(OWN) as home:
        call("unshare", CLONE_NEWNET)
        try:
            with opened(OWN) as here:
                yield f"/proc/{os.getpid()}/fd/{here}"
        finally:
            call("setns", home, CLONE_NEWNET)


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A descriptor of the namespace at `path`. Raises NetworkError when there is none."""
    try:  # O_NONBLOCK: who names a FIFO instead must not hold us for ever
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NetworkError(f"{path}: no such network namespace: {error.strerror}") from error
    try:
        yield fd
    finally:
        os.close(fd)
