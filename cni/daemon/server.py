"""Hears clients and claims their calls, in one thread that never waits for any of them.

A call is claimed when all of it has come, done in the order of claiming (those about one attachment one after the
other), and settled when the client has said that its runtime knows the answer. A client that goes away before that
leaves an attachment nobody knows of; that is taken back.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial

from cni.daemon.connection import Connection
from cni.daemon.crew import Crew, hurry
from cni.daemon.desk import Desk
from cni.daemon.requests import Unacceptable
from netkernel.typed import Final

PATIENCE_S: Final = 5.0
"""How long a client may take to say what it wants."""
MOST: Final = 1024
"""Connections at a time; more wait where the kernel keeps them, and are done by their clients."""
MOST_BYTES: Final = 32 << 20
"""Of requests that have not come as a whole, together."""
ENDING_S: Final = 60.0
"""How long what is claimed may take once the server is to end."""


class Server:
    """Serves the clients of a listening socket from `start` to `stop`."""

    name = "cni"

    def __init__(self, listener: socket.socket, desk: Desk, crew: Crew, patience_s: float = PATIENCE_S) -> None:
        self._listener = listener
        self._patience_s = patience_s
        self._desk = desk
        self._crew = crew
        self._thread = threading.Thread(target=self._run, daemon=True, name="cni")
        self._poll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._connections: dict[int, Connection] = {}
        self._unread: dict[int, Connection] = {}
        self._is_listening = False
        self._is_ending = False
        self._looks = 0
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, str], deque[Connection]] = {}
        self._claimed: deque[Connection] = deque()
        self._over: deque[Connection] = deque()

    def start(self) -> None:
        self._listener.setblocking(False)
        self._poll.register(self._wake, select.EPOLLIN)
        self._listen(True)
        self._thread.start()

    def stop(self) -> None:
        """Claim no more, and do what is claimed, as far as that takes no longer than ENDING_S."""
        self._is_ending = True
        self._look()
        self._thread.join(ENDING_S)
        self._crew.end(0)

    def looks(self) -> int:
        """How often it has come round; it does so again soon after this is asked, if all is well."""
        self._look()
        return self._looks

    def _look(self) -> None:
        os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        hurry()
        while not (self._is_ending and self._is_idle()):
            for fd, _ in self._poll.poll(self._left()):
                if fd == self._wake:
                    os.eventfd_read(self._wake)
                elif fd == self._listener.fileno():
                    self._accept()
                elif fd in self._unread:
                    self._read(self._unread[fd])
                elif fd in self._connections:
                    self._heard(self._connections[fd])
            while self._claimed:  # only now: whoever works keeps us from claiming
                self._line_up(self._claimed.popleft())
            self._close_late()
            while self._over:
                self._close(self._over.popleft())
            self._looks += 1

    def _is_idle(self) -> bool:
        """Also lets go of all that need not be served."""
        if self._is_listening:
            self._listen(False)
            self._listener.close()
        for each in list(self._unread.values()):
            self._close(each)
        return not self._connections

    def _left(self) -> float | None:
        """Seconds until the first of the unread is late; they are in the order of their coming."""
        first = next(iter(self._unread.values()), None)
        return None if first is None else max(0.0, first.deadline - time.monotonic())

    def _listen(self, wanted: bool) -> None:
        if wanted != self._is_listening:
            if wanted:
                self._poll.register(self._listener, select.EPOLLIN)
            else:
                self._poll.unregister(self._listener)
            self._is_listening = wanted

    def _accept(self) -> None:
        while self._is_listening:
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptors left, or a client that went away again
                self._listen(not self._connections)
                return
            connection = Connection(accepted, time.monotonic() + self._patience_s)
            if not connection.is_roots:
                connection.close()
                continue
            fd = connection.fileno()
            self._connections[fd] = self._unread[fd] = connection
            self._poll.register(fd, select.EPOLLIN)
            self._read(connection)
            self._listen(len(self._connections) < MOST)

    def _read(self, connection: Connection) -> None:
        """What has come of a request; all of it is claimed."""
        try:
            is_open = connection.receive()
            if not is_open or sum(len(each.received) for each in self._unread.values()) > MOST_BYTES:
                raise Unacceptable
            request = connection.read()
            if request is None:
                return
            if not self._desk.takes(request) or not connection.claim():
                raise Unacceptable
        except BlockingIOError:
            return
        except (Unacceptable, OSError):
            self._close(connection)
            return
        del self._unread[connection.fileno()]
        self._claimed.append(connection)

    def _line_up(self, connection: Connection) -> None:
        """One that is about nothing that others are about is done at once."""
        assert connection.request is not None
        key = connection.request.attachment
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                self._lines[key] = deque()
            elif all(key):
                line.append(connection)
                return
        self._crew.do(partial(self._work, connection))

    def _heard(self, connection: Connection) -> None:
        """The client says that all is well, or it is gone."""
        is_well = connection.has_said()
        if is_well is None:
            return
        self._poll.unregister(connection.fileno())
        with self._lock:
            if not connection.is_answered:
                connection.is_gone = True
                return
            is_ours = not connection.is_settled
            connection.is_settled = True
        if is_ours:
            if is_well or not connection.has_made_something:
                self._finish(connection)
            else:
                self._crew.do(partial(self._take_back, connection))

    def _work(self, connection: Connection) -> None:
        """In a thread of the crew."""
        assert connection.request is not None
        if connection.is_gone:
            self._finish(connection)
            return
        try:
            answer = self._desk.answer(connection.request)
        except BaseException:  # a bug: the client finds the connection ended, and puts right what it can
            self._finish(connection)
            raise
        with self._lock:
            connection.has_made_something = answer.status == 0
            connection.is_answered = not connection.is_gone
        if connection.is_answered and connection.say(answer):
            return
        with self._lock:
            is_ours = not connection.is_settled
            connection.is_settled = True
        if is_ours:
            self._take_back(connection)

    def _take_back(self, connection: Connection) -> None:
        """In a thread of the crew."""
        assert connection.request is not None
        if connection.has_made_something:
            self._desk.take_back(connection.request)
        self._finish(connection)

    def _finish(self, connection: Connection) -> None:
        assert connection.request is not None
        key = connection.request.attachment
        with self._lock:
            line = self._lines.get(key)
            after = line.popleft() if line else None
            if after is None:
                self._lines.pop(key, None)
        if after is not None:
            self._crew.do(partial(self._work, after))
        self._over.append(connection)
        self._look()

    def _close(self, connection: Connection) -> None:
        fd = connection.fileno()
        self._connections.pop(fd, None)
        self._unread.pop(fd, None)
        with suppress(OSError):  # out of the poll by hand: a delegate being started may still have it open
            self._poll.unregister(fd)
        connection.close()
        if not self._is_ending:
            self._listen(True)

    def _close_late(self) -> None:
        now = time.monotonic()
        for each in [each for each in self._unread.values() if each.deadline <= now]:
            self._close(each)
