"""The door to device files of macvtaps (drivers/net/macvtap.c): whoever opens one reads and writes its frames.

The file is called /dev/tapN after the link's index, which only its own network namespace knows it by: the file of that
name may be another link's. Which one it is stands in the /sys of the namespace, looked at without mounting it anywhere.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import Struct
from typing import Final

_SET_INTERFACE: Final = 0x400454CA  # TUNSETIFF (linux/if_tun.h)
_REQUEST: Final = Struct("=16xH22x")
_IFF_TAP, _IFF_MULTI_QUEUE, _IFF_NO_PI, _IFF_VNET_HDR = 2, 0x100, 0x1000, 0x4000
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
"""The same on every architecture (asm-generic/unistd.h)."""
_CMD_CREATE: Final = 6  # FSCONFIG_CMD_CREATE (linux/mount.h)
_CLOEXEC: Final = 1  # FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
_READ_ONLY: Final = 1  # MOUNT_ATTR_RDONLY


def queues(name: str, count: int, *, vnet_hdr: bool) -> list[int]:
    """So many descriptors of a macvtap in the namespace of the calling thread, as `tun_device.queues` of a tap.

    Raises OSError.
    """
    found: list[int] = []
    flags = _IFF_TAP | _IFF_NO_PI | (_IFF_VNET_HDR if vnet_hdr else 0) | (_IFF_MULTI_QUEUE if count > 1 else 0)
    try:
        with _file(name) as path:
            for _ in range(count):
                found.append(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
                fcntl.ioctl(found[-1], _SET_INTERFACE, _REQUEST.pack(flags))
    except OSError:
        for descriptor in found:
            os.close(descriptor)
        raise
    return found


@contextmanager
def _file(name: str) -> Iterator[str]:
    """A path of its device, for the block."""
    device, usual = _device(name)
    with suppress(OSError):
        there = os.stat(usual)
        if stat.S_ISCHR(there.st_mode) and there.st_rdev == device:
            yield usual
            return
    own = f"/dev/.macvtap-{os.getpid()}-{device}"
    os.mknod(own, stat.S_IFCHR | 0o600, device)
    try:
        yield own
    finally:
        os.unlink(own)


def _device(name: str) -> tuple[int, str]:
    """Its number, and the name its file has where nobody else's has it."""
    with _sysfs() as root:
        folder = f"class/net/{name}/macvtap"
        inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        try:
            (called,) = os.listdir(inner)
            file = os.open(f"{called}/dev", os.O_RDONLY | os.O_CLOEXEC, dir_fd=inner)
            with open(file, encoding="ascii") as text:
                major, minor = map(int, text.read().split(":"))
        finally:
            os.close(inner)
    return os.makedev(major, minor), f"/dev/{called}"


@contextmanager
def _sysfs() -> Iterator[int]:
    """The root of the /sys that shows the links of this thread's namespace."""
    context = _call(_FSOPEN, b"sysfs", _CLOEXEC)
    try:
        _call(_FSCONFIG, context, _CMD_CREATE, None, None, 0)
        root = _call(_FSMOUNT, context, _CLOEXEC, _READ_ONLY)
    finally:
        os.close(context)
    try:
        yield root
    finally:
        os.close(root)


def _call(number: int, *arguments: bytes | int | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    result = int(libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result
