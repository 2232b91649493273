"""A client at the other end of a socket: what has come from it, and how far its call is."""

from __future__ import annotations

import _socket
import os
import struct
from contextlib import suppress

from cni.daemon import requests
from cni.daemon.requests import Request
from cni.skel import Answer
from netkernel.typed import Final

_ONE_READ: Final = 64 << 10
_MSG_CMSG_CLOEXEC: Final = 0x40000000  # linux/socket.h
_WORD: Final = struct.Struct("=i")
_SO_PEERCRED: Final = 17
_CREDENTIALS: Final = struct.Struct("=iII")  # struct ucred: pid, uid, gid


class Connection:
    """Whoever sets `is_settled` first has to see to what follows; the server's lock is held for that.

    `is_gone`: nobody waits for an answer any more. `is_answered`: it has been sent. `deadline`: until when all of a
    request must have come (CLOCK_MONOTONIC).
    """

    def __init__(self, socket: _socket.socket, deadline: float) -> None:
        self._socket = socket
        self.deadline = deadline
        self.received = bytearray()
        self._descriptors: list[int] = []
        self.request: Request | None = None
        self.has_made_something = False
        self.is_gone = False
        self.is_answered = False
        self.is_settled = False

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_roots(self) -> bool:
        return bool(_CREDENTIALS.unpack(self._socket.getsockopt(_socket.SOL_SOCKET, _SO_PEERCRED, 12))[1] == 0)

    def receive(self) -> bool:
        """Take what has come. False when nothing more will. Raises BlockingIOError, Unacceptable."""
        space = _socket.CMSG_SPACE(_WORD.size * (requests.MOST_DESCRIPTORS + 1))
        flags = _socket.MSG_DONTWAIT | _MSG_CMSG_CLOEXEC
        try:
            data, ancillary, seen, _ = self._socket.recvmsg(_ONE_READ, space, flags)
        except BlockingIOError:
            raise
        except OSError:
            return False
        for level, kind, raw in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                whole = raw[: len(raw) - len(raw) % _WORD.size]
                self._descriptors += [each for (each,) in _WORD.iter_unpack(whole)]
        if seen & _socket.MSG_CTRUNC or len(self._descriptors) > requests.MOST_DESCRIPTORS:
            raise requests.Unacceptable("too many descriptors")
        self.received += data
        return bool(data)

    def read(self) -> Request | None:
        """The request, once all of it has come. Raises Unacceptable."""
        if not requests.missing(self.received):
            self.request = requests.read(self.received, self._descriptors)
            self.received = bytearray()
        return self.request

    def claim(self) -> bool:
        """Take the byte that only one side can take. Nothing that a client hands over makes this wait."""
        assert self.request is not None
        try:
            token = _socket.socket(fileno=os.dup(self.request.token))
        except OSError:
            return False
        try:
            return bool(token.recv(1, _socket.MSG_DONTWAIT))
        except OSError:
            return False
        finally:
            token.close()

    def has_said(self) -> bool | None:
        """Whether there was a byte; False when the client is gone, None when there is no news."""
        try:
            return bool(self._socket.recv(1, _socket.MSG_DONTWAIT))
        except BlockingIOError:
            return None
        except OSError:
            return False

    def say(self, answer: Answer) -> bool:
        """Whether all of it is on its way to somebody."""
        data = requests.written(answer)
        try:
            return self._socket.send(data, _socket.MSG_DONTWAIT) == len(data)
        except OSError:
            return False

    def close(self) -> None:
        self._socket.close()
        for each in self._descriptors:
            with suppress(OSError):
                os.close(each)
        self._descriptors = []
