"""The process that serves one VM: a packet socket on each tap, no rights but those it needs, and a transcript.

It loads nothing of the planner's: what there is to tell comes as JSON on standard input.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from netkernel import packet_socket
from netkernel.packet_socket import DROP, TAKE
from netkernel.watch import Watch
from vmnet.serve import frames
from vmnet.serve.router import EVERY_S
from vmnet.serve.told import Lent, Told, from_json
from vmnet.transcript import LOCK, Transcript

_ALL: Final = 0x0003
"""ETH_P_ALL in host order: a tap's frames are the bridge's before any socket for one protocol sees them."""
_OUTGOING: Final = 4  # PACKET_OUTGOING
_LONGEST: Final = 65536
_BURST: Final = 64
"""Frames that one tap is listened to before the others get their turn."""
_CAPABILITIES: Final = 1 << 10 | 1 << 13  # CAP_NET_BIND_SERVICE, CAP_NET_RAW (linux/capability.h)


def program() -> packet_socket.Program:
    """DHCP to a server, of both families, and router solicitations: classic BPF over a whole Ethernet frame."""
    return [
        (0x28, 0, 0, 12),  # 0 the EtherType
        (0x15, 0, 7, 0x0800),  # 1 IPv4, else 9
        (0x30, 0, 0, 23),  # 2 the protocol
        (0x15, 0, 14, 17),  # 3 UDP, else no
        (0x28, 0, 0, 20),  # 4 the fragment
        (0x45, 12, 0, 0x3FFF),  # 5 whole, else no
        (0xB1, 0, 0, 14),  # 6 behind the IPv4 header
        (0x48, 0, 0, 16),  # 7 the target port
        (0x15, 8, 9, 67),  # 8
        (0x15, 0, 8, 0x86DD),  # 9 IPv6, else no
        (0x30, 0, 0, 20),  # 10 the next header
        (0x15, 0, 2, 17),  # 11 UDP, else 14
        (0x28, 0, 0, 56),  # 12 the target port
        (0x15, 3, 4, 547),  # 13
        (0x15, 0, 3, 58),  # 14 ICMPv6, else no
        (0x30, 0, 0, 54),  # 15 the type
        (0x15, 0, 1, 133),  # 16
        TAKE,  # 17
        DROP,  # 18
    ]


class Server:
    """All taps of a VM."""

    def __init__(
        self, all_of_them: Sequence[Told], before: str, write: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """`before` is the transcript of the process that this one follows, "" for none."""
        self._write = write
        self._clock = clock
        self._transcript = Transcript([told.tap for told in all_of_them], before)
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[socket.socket, Told] = {}
        for told in all_of_them:
            made = packet_socket.opened(told.tap, _ALL, program(), socket.SOCK_RAW)
            self._sockets[made] = told
            self._selector.register(made, selectors.EVENT_READ, made)
        self._watch = Watch()  # a socket hears that its tap is down, and then nothing more
        self._selector.register(self._watch, selectors.EVENT_READ, self._watch)

    def run(self, ending: socket.socket) -> None:
        """Until `ending` has news, or no tap is left."""
        self._selector.register(ending, selectors.EVENT_READ, None)
        due = self._clock()
        while self._sockets:
            if self._clock() >= due:
                due = self._clock() + EVERY_S
                self._advertise()
            for key, _ in self._selector.select(max(0.0, due - self._clock())):
                if key.data is None:
                    return
                if key.data is self._watch:
                    self._look()
                elif key.data in self._sockets:
                    self._hear(key.data)

    def _advertise(self) -> None:
        for made, told in list(self._sockets.items()):
            if (frame := frames.unasked(told)) is not None:
                self._send(made, frame)

    def _hear(self, made: socket.socket) -> None:
        told = self._sockets[made]
        for _ in range(_BURST):
            try:
                data, (_, _, kind, *_) = made.recvfrom(_LONGEST)
            except BlockingIOError:
                return
            except OSError:
                return  # down; it may come up again
            if kind == _OUTGOING:
                continue
            heard = frames.answered(data, told)
            if heard is None:
                continue
            if heard.frame is not None:
                self._send(made, heard.frame)
            self._note(told.tap, heard.said, heard.lent)

    def _look(self) -> None:
        """Which taps are gone."""
        self._watch.changed()
        there = {name for _, name in socket.if_nameindex()}
        for made, told in list(self._sockets.items()):
            if told.tap not in there:
                self._selector.unregister(made)
                del self._sockets[made]
                made.close()
                if self._sockets:  # else all of it has been taken down, and nobody is to find a file again
                    self._note(told.tap, "no longer there")

    def _send(self, made: socket.socket, frame: bytes) -> None:
        with suppress(OSError):  # nobody at the other end, or a queue that is full: it asks again
            made.send(frame)

    def _note(self, tap: str, said: str, lent: Lent | None = None) -> None:
        self._transcript.note(time.time(), tap, said, lent.ip if lent else "", lent.lasts_s if lent else 0)
        self._write(self._transcript.text())


def give_up_rights() -> None:
    """All but CAP_NET_BIND_SERVICE and CAP_NET_RAW, for good (capabilities(7)). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if not _CAPABILITIES >> capability & 1:
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; EINVAL behind the last one
    kept = _CAPABILITIES
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    if libc.capset(header, sets) or libc.prctl(38, 1, 0, 0, 0):  # PR_SET_NO_NEW_PRIVS
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")


def main(transcript: str) -> None:
    """Serve until SIGTERM. One line on standard output says that it has begun."""
    path = Path(transcript)
    with _alone(path):
        _serve(path)


def _serve(path: Path) -> None:
    before = path.read_text(errors="replace") if path.exists() else ""
    server = Server(from_json(sys.stdin.read()), before, lambda text: _replace(path, text), time.monotonic)
    ending, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    give_up_rights()
    print("serving", flush=True)
    server.run(ending)


@contextmanager
def _alone(transcript: Path) -> Iterator[None]:
    """Two would both answer. Whoever wants to know whether somebody serves tries this lock, too."""
    with open(transcript.with_suffix(LOCK), "wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("another process serves this pod's guest already")
        yield


def _replace(path: Path, text: str) -> None:
    """A full disk costs the transcript, never the guest its answer."""
    with suppress(OSError):
        new = path.with_name(f"{path.name}.new")
        new.write_text(text)
        new.replace(path)


if __name__ == "__main__":
    main(sys.argv[1])
