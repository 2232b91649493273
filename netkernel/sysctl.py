"""The door to /proc/sys. `net/` there is that of the calling thread's namespace, so callers enter it first."""

from __future__ import annotations

import os

from netkernel.errors import KernelRefused, NetworkError
from netkernel.typed import Final

ROOT: Final = "/proc/sys"
_LONGEST: Final = 4096
"""One read gives a whole value: numbers and words, of which the longest lists have some hundred bytes."""
HOSTNAME: Final = "kernel/hostname"
"""Writing it is sethostname(2) in the writer's UTS namespace."""


def read(path: str) -> str:
    """The value at `path` (below /proc/sys, with slashes). Raises KernelRefused (ENOENT when it is not there)."""
    try:
        fd = os.open(_full(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, _LONGEST).decode("ascii", "replace").rstrip("\n")
        finally:
            os.close(fd)
    except OSError as error:
        raise KernelRefused(f"read {path}", error.errno or 0, error.strerror or str(error)) from error


def opened(path: str) -> int | None:
    """A descriptor that is ready (POLLPRI) when the value at `path` has changed; the kernel says so of few.

    None where there is no such file.
    """
    try:
        return os.open(_full(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def write(path: str, value: str) -> None:
    """Write `value` at `path`. Raises KernelRefused."""
    try:
        fd = os.open(_full(path), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise KernelRefused(f"write {path} {value}", error.errno or 0, error.strerror or str(error)) from error


def _full(path: str) -> str:
    """Never outside /proc/sys: a link may be called almost anything, and some paths come from configurations."""
    if ".." in path.split("/") or path.startswith("/"):
        raise NetworkError(f"{path}: not a sysctl: wanted a path below {ROOT}")
    return f"{ROOT}/{path}"
