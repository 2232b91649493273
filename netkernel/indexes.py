"""Names and indexes of a namespace's links, as they are once what is on its way into the kernel has come there."""

from __future__ import annotations

import fcntl
import random
from contextlib import suppress
from struct import Struct
from typing import Final

from netkernel.errors import NetworkError
from netkernel.netlink import Socket

_SIOCGIFNAME, _SIOCGIFINDEX = 0x8910, 0x8933  # linux/sockios.h; answered for the namespace of the socket
_IFREQ: Final = Struct("=16si20x")
_LOWEST, _HIGHEST = 1 << 20, 1 << 24


class Unknown(NetworkError):
    """No link has this name now."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Indexes:
    """Chooses those of new links, so that a batch may speak of what it makes."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._known: dict[str, int] = {}
        self._gone: set[int] = set()
        self._left: set[str] = set()  # names whose link gets another one in the batch that is pending
        # A block nobody else counts in: a message meant for our link finds ours or none, whatever others create.
        self._next = random.randrange(_LOWEST, _HIGHEST)

    def of(self, name: str) -> int:
        """Raises Unknown."""
        index = self._known.get(name)
        if index is None:
            index = self._known[name] = self._looked_up(name)
        return index

    def take(self, wanted: int) -> int:
        """`wanted` if it is free, or free by the time it is needed; else the next of our block."""
        if wanted and (wanted in self._gone or not self._is_taken(wanted)):
            self._gone.discard(wanted)
            return wanted
        while self._is_taken(self._next):
            self._next += 1
        self._next += 1
        return self._next - 1

    def give(self, name: str, index: int) -> None:
        """A link of this name is made with this index."""
        self._known[name] = index

    def free(self, *names: str) -> int:
        """These links are deleted; the first has to be there, and its index is given. Raises Unknown."""
        index = self.of(names[0])
        for name in names:
            with suppress(Unknown):
                self._gone.add(self.of(name))
                del self._known[name]
        return index

    def rename(self, name: str, new: str) -> int:
        """The index of the link that is called otherwise from now on. Raises Unknown."""
        index = self._known[new] = self.of(name)
        del self._known[name]
        self._left.add(name)
        return index

    def leave(self, name: str) -> int:
        """The index of a link that goes to another namespace. Raises Unknown."""
        return self._known.pop(name, 0) or self.of(name)

    def _looked_up(self, name: str) -> int:
        raw = name.encode("utf-8", "surrogateescape")
        if len(raw) > 15 or not raw or name in self._left:
            raise Unknown(name)
        try:
            answer = fcntl.ioctl(self._socket.fileno(), _SIOCGIFINDEX, _IFREQ.pack(raw, 0))
        except OSError:
            raise Unknown(name) from None
        index = int(_IFREQ.unpack(answer)[1])
        if index in self._gone:  # its deletion is on the way
            raise Unknown(name)
        return index

    def _is_taken(self, index: int) -> bool:
        try:
            fcntl.ioctl(self._socket.fileno(), _SIOCGIFNAME, _IFREQ.pack(b"", index))
        except OSError:
            return index in self._known.values()
        return True
