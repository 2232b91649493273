"""The netlink of netfilter, which not every kernel has (linux/netfilter/nfnetlink.h)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from struct import Struct

from netkernel.netlink import ERROR, HEADER, Socket, Wire
from netkernel.typed import Final

_PROTOCOL: Final = 12  # NETLINK_NETFILTER
_ERRNO: Final = Struct("=i")
NO_SUBSYSTEM: Final = errno.EINVAL
"""What nfnetlink says to whoever asks for a part of netfilter that it does not have (net/netfilter/nfnetlink.c)."""


def conversation(wire: Callable[[int], Wire]) -> Socket:
    """In the namespace of the calling thread; `wire` opens a socket of a netlink protocol. Raises OSError.

    A kernel without any of it is spoken to as one that has it, and no part of it.
    """
    try:
        return Socket(wire(_PROTOCOL))
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT:
            raise
        return Socket(_Nowhere())


class _Nowhere:
    """A kernel without netfilter's netlink at all, answering as one that has it, and none of its parts."""

    def __init__(self) -> None:
        self._asked = b""

    def send(self, data: bytes, /) -> int:
        self._asked = data
        return len(data)

    def recvmsg(self, size: int, ancillary: int, flags: int, /) -> tuple[bytes, list[object], int, tuple[int, int]]:
        echoed = self._asked[: HEADER.size]
        length = HEADER.size + _ERRNO.size + len(echoed)
        sequence = HEADER.unpack_from(echoed)[3]
        answer = HEADER.pack(length, ERROR, 0, sequence, 0) + _ERRNO.pack(-NO_SUBSYSTEM) + echoed
        return answer, [], 0, (0, 0)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        return
