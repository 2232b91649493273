"""The door to /dev/net/tun (linux/if_tun.h): tuns and taps are made and given away by ioctls, all else is netlink's.

Both functions act in the namespace the calling thread is in, and raise OSError: EEXIST for a name that is taken, EBUSY
for a device that a process holds open; ENOENT, ENODEV or EPERM, with a `filename`, where we may not open /dev/net/tun.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Final

from netkernel.link_kinds.tun import TAP
from netkernel.records import Attrs

DEVICE: Final = "/dev/net/tun"
GIVEN: Final = frozenset({"owner", "owning_group"})
"""What can be changed while nobody has it open."""
_REQUEST: Final = Struct("=16sH22x")
"""struct ifreq: the name, and in ifr_flags what is wanted."""
_INDEX: Final = Struct("=I")
_IFF_TUN, _IFF_TAP, _IFF_MULTI_QUEUE, _IFF_NO_PI, _IFF_VNET_HDR, _IFF_EXCLUSIVE = 1, 2, 0x100, 0x1000, 0x4000, 0x8000
_IFF_NO_CARRIER: Final = 0x40
"""That we have it open is no cable plugged in (since Linux 6.3, older ones do not look at it)."""


def _number(nr: int) -> int:
    """_IOW('T', nr, int) of asm-generic/ioctl.h."""
    return 1 << 30 | 4 << 16 | ord("T") << 8 | nr


_SET_INTERFACE, _SET_PERSIST, _SET_OWNER, _SET_GROUP, _SET_INDEX = map(_number, (202, 203, 204, 206, 218))


def make(name: str, attrs: Attrs, index: int) -> None:
    """A new tun or tap that stays when nobody has it open; `index` is the ifindex to take."""
    with _opened() as fd:
        fcntl.ioctl(fd, _SET_INDEX, _INDEX.pack(index))
        try:
            fcntl.ioctl(fd, _SET_INTERFACE, _REQUEST.pack(_raw(name), _flags(attrs) | _IFF_EXCLUSIVE))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST)) from error  # as netlink says it
        _give_away(fd, attrs)
        fcntl.ioctl(fd, _SET_PERSIST, 1)


def give(name: str, present: Attrs, new: Attrs) -> None:
    """Let other users open one that is there, by opening it as it is."""
    with _opened() as fd:
        fcntl.ioctl(fd, _SET_INTERFACE, _REQUEST.pack(_raw(name), _flags(present)))
        _give_away(fd, new)


def queues(name: str, count: int, *, vnet_hdr: bool, multi_queue: bool = False) -> list[int]:
    """So many descriptors of a tap that is there: one with several queues gives as many as it is asked for.

    `multi_queue` says that it can have several, which has to be said of one that is asked for one, too.

    Whoever gets them reads and writes its frames, with struct virtio_net_hdr before each when `vnet_hdr` is asked.
    """
    found: list[int] = []
    flags = (
        _IFF_TAP
        | _IFF_NO_PI
        | (_IFF_VNET_HDR if vnet_hdr else 0)
        | (_IFF_MULTI_QUEUE if count > 1 or multi_queue else 0)
    )
    try:
        for _ in range(count):
            found.append(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
            fcntl.ioctl(found[-1], _SET_INTERFACE, _REQUEST.pack(_raw(name), flags))
    except OSError:
        for descriptor in found:
            os.close(descriptor)
        raise
    return found


def _give_away(fd: int, attrs: Attrs) -> None:
    for key, request in (("owner", _SET_OWNER), ("owning_group", _SET_GROUP)):
        if isinstance(id := attrs.get(key), int):
            fcntl.ioctl(fd, request, id if id < 1 << 31 else id - (1 << 32))  # an unsigned int to the kernel


def _flags(attrs: Attrs) -> int:
    flags = _IFF_TAP if attrs.get("mode") == TAP else _IFF_TUN
    for key, bit in (("multi_queue", _IFF_MULTI_QUEUE), ("vnet_hdr", _IFF_VNET_HDR)):
        flags |= bit if attrs.get(key) else 0
    return flags | _IFF_NO_CARRIER | (0 if attrs.get("pi") else _IFF_NO_PI)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


@contextmanager
def _opened() -> Iterator[int]:
    fd = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
