"""A host name of one's own: a UTS namespace for a test (uts_namespaces(7))."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWUTS = 0x04000000  # linux/sched.h


@contextmanager
def own_name(name: str) -> Iterator[None]:
    """Run the block with this thread in a new UTS namespace, called `name`."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/uts", os.O_RDONLY | os.O_CLOEXEC)
    try:
        assert libc.unshare(CLONE_NEWUTS) == 0, os.strerror(ctypes.get_errno())
        socket.sethostname(name)
        yield
    finally:
        libc.setns(home, CLONE_NEWUTS)
        os.close(home)
