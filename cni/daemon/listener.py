"""The socket that clients find: made by systemd, or by us in a folder that is root's alone."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from netkernel.errors import NetworkError
from netkernel.typed import Final

BACKLOG: Final = 4096
_FIRST_PASSED: Final = 3
"""SD_LISTEN_FDS_START, sd_listen_fds(3)."""


class NoSocket(NetworkError):
    """Nobody can be served: another daemon does it, or the place is not ours to use."""


@contextmanager
def listening(path: str, environment: Mapping[str, str]) -> Iterator[socket.socket]:
    """Raises NoSocket."""
    if environment.get("LISTEN_PID") == str(os.getpid()) and environment.get("LISTEN_FDS"):
        with socket.socket(fileno=_FIRST_PASSED) as passed:
            os.set_inheritable(passed.fileno(), False)
            yield passed
        return
    folder = os.path.dirname(path)
    with _alone(folder), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        with suppress(FileNotFoundError):
            os.unlink(path)  # we are alone, so whoever left it is gone
        try:
            made.bind(path)
            os.chmod(path, 0o600)
            made.listen(BACKLOG)
        except OSError as error:
            raise NoSocket(f"{path}: {error.strerror or error}") from error
        try:
            yield made
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    try:
        os.makedirs(os.path.dirname(folder), 0o755, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        os.chmod(folder, 0o700)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NoSocket(f"{folder}: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise NoSocket(f"{folder}: another daemon serves the plugins of this node") from None
    finally:
        os.close(held)
