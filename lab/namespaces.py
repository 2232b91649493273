"""Throw-away network namespaces for tests: one to stand in, others to reach into."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from netkernel import netns

SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
"""linux/sockios.h."""
IFF_UP: Final = 1
IFREQ: Final = "16sh14x"
"""struct ifreq: a name, flags, the rest of the union (linux/if.h)."""


@contextmanager
def standing_in() -> Iterator[str]:
    """Run the block with this thread in a new namespace whose `lo` is up; gives a path that names it meanwhile."""
    with netns.throw_away() as path:
        _bring_up("lo")
        yield path


@contextmanager
def aside() -> Iterator[str]:
    """A new namespace with `lo` up beside this thread's own; gives a path that names it until the block ends."""
    with standing_in() as path:
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield f"/proc/{os.getpid()}/fd/{held}"
    finally:
        os.close(held)


def _bring_up(link: str) -> None:
    """By ioctl(2), so that this door does not lean on the netlink code under test."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        request = struct.pack(IFREQ, link.encode(), 0)
        flags = struct.unpack(IFREQ, fcntl.ioctl(door, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack(IFREQ, link.encode(), flags | IFF_UP))
