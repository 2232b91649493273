"""What each service's process is made of: it is alone in its folder, listens at a socket there, and ends when told."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nncp_agent.keeping.places import SOCKET

LOCK: Final = "lock"


class TakenAlready(Exception):
    """Another process serves this state directory."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Raises TakenAlready."""
    descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise TakenAlready(str(folder)) from None
    finally:
        os.close(descriptor)


@contextmanager
def listening(folder: Path) -> Iterator[socket.socket]:
    """The path of a socket has room for 107 bytes: the folder is called by its descriptor."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    path = f"/proc/self/fd/{descriptor}/{SOCKET}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            with suppress(FileNotFoundError):
                os.unlink(path)  # we are alone, so whoever left it is gone
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen(16)
            yield listener
            with suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        os.close(descriptor)


@contextmanager
def ending() -> Iterator[int]:
    """A descriptor with news once somebody wants us to end."""
    ours, told = socket.socketpair()
    with ours, told:
        told.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(told.fileno())
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            yield ours.fileno()
        finally:
            signal.set_wakeup_fd(-1)


def notify_systemd() -> None:
    """READY=1 for a unit of Type=notify (sd_notify(3)); elsewhere nothing."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.connect("\0" + address[1:] if address.startswith("@") else address)
        there.sendall(b"READY=1")
