"""The door to network namespaces: enter one, or a throw-away one. They belong to threads (setns(2))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netkernel.errors import NetworkError
from netkernel.typed import Final

CLONE_NEWNET: Final = 0x40000000
"""linux/sched.h."""
OWN: Final = "/proc/thread-self/ns/net"
NAMED: Final = "/run/netns"
"""Where ip-netns(8) keeps the names."""
_MS_BIND, _MNT_DETACH = 0x1000, 2
"""linux/mount.h."""


def path_of(name: str) -> str:
    """Where the namespace of that name is, if there is one."""
    return f"{NAMED}/{name}"


def names() -> tuple[str, ...]:
    """Of all namespaces that have names, but for the calling thread's own, sorted."""
    try:
        found, own = sorted(os.listdir(NAMED)), os.stat(OWN)
    except OSError:
        return ()
    return tuple([name for name in found if not _is(own, path_of(name))])


def _is(one: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(one, os.stat(path))
    except OSError:
        return True  # gone meanwhile


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


def make(path: str) -> None:
    """A new namespace that stays, with `lo` up, named by a file as ip-netns(8) does. Raises NetworkError."""
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except OSError as error:
        raise NetworkError(f"{path}: cannot make a network namespace: {error.strerror}") from error
    try:
        with throw_away() as made:
            _bring_up_lo()
            _mount(made, path)
    except OSError as error:
        os.unlink(path)
        raise NetworkError(f"{path}: cannot make a network namespace: {error.strerror}") from error


def remove(path: str) -> None:
    """Take away the name; the namespace goes with the last process in it. Absent is success. Raises NetworkError."""
    try:
        with suppress(OSError):  # it is a mount no more
            _unmount(path)
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NetworkError(f"{path}: cannot remove the network namespace: {error.strerror}") from error


def _mount(source: str, target: str) -> None:
    import ctypes  # late, as above

    if ctypes.CDLL(None, use_errno=True).mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND, None):
        raise OSError(number := ctypes.get_errno(), os.strerror(number))


def _unmount(target: str) -> None:
    import ctypes  # late, as above

    if ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(target), _MNT_DETACH):
        raise OSError(number := ctypes.get_errno(), os.strerror(number))


def _bring_up_lo() -> None:
    """By ioctl(2) (SIOCSIFFLAGS with IFF_UP, linux/sockios.h), for netlink stands a floor above."""
    import fcntl  # late, as above
    from _socket import AF_INET, SOCK_DGRAM, socket

    door = socket(AF_INET, SOCK_DGRAM)
    try:
        fcntl.ioctl(door.fileno(), 0x8914, b"lo".ljust(16, b"\0") + (1).to_bytes(2, "little") + bytes(22))
    finally:
        door.close()
