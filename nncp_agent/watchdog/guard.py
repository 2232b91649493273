"""The watchdog itself: wait without a clock ticking, look at the store when there is news, roll back when it is due."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from encodings import ascii
from pathlib import Path
from typing import Final

from netkernel import executor, frozen_json, generic, inotify, modules, netns
from netkernel.errors import NetworkError
from netkernel.kernel import LinuxKernel
from netkernel.link_kinds import KINDS
from netkernel.undo import undo
from nncp_agent import checkpoint, lock, recovery
from nncp_agent.checkpoint import Checkpoint, Here
from nncp_agent.errors import StoreBroken
from nncp_agent.keeping.door import Door
from nncp_agent.store import Store
from nncp_agent.watchdog import cgroup
from nncp_agent.watchdog.verdict import Verdict, verdict

log = logging.getLogger(__name__)

NEEDED: Final = (ascii, executor, frozen_json, generic, modules, netns, *KINDS.values())
"""Loaded late elsewhere; here before it says that it is ready, because the way back must not need the disk."""
READY: Final = b"ready"
COMMAND: Final = "nncp watchdog"
_LOCK_S: Final = 60.0
_TRIES: Final = 60
_AGAIN_S: Final = 1.0


def main(directory: str, mine: str, name: str, applier: socket.socket | None) -> None:
    """Guard checkpoint `mine` in `directory` for whoever is at the other end.

    `name` is that of the cgroup to be in, empty where systemd has made one. Without an `applier` we are the second:
    systemd has started us again, because somebody killed the first.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s" if name else "%(message)s")
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # inherited, as the handlers, from whoever started us
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000")
    os.chdir("/")
    store = Store(directory)
    point = checkpoint.read(store)
    if point is None or point.id != mine:
        return
    with cgroup.own(name) if name else nullcontext(), _namespace(applier) as namespace:
        _Guard(store, point, applier, namespace).watch()


@contextmanager
def connected(address: str) -> Iterator[socket.socket | None]:
    """With whoever listens at the abstract socket `address`; None when nobody does any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as applier:
        try:
            applier.connect("\0" + address)
        except ConnectionRefusedError:
            yield None
        else:
            yield applier


class _Guard:
    """`point` is the checkpoint as last seen: it holds the way back even when the directory is lost."""

    def __init__(self, store: Store, point: Checkpoint, applier: socket.socket | None, namespace: str) -> None:
        self._store = store
        self._point = point
        self._applier = applier
        self._namespace = namespace
        self._applier_lives = applier is not None
        self._process = os.pidfd_open(_peer(applier)) if applier else -1

    def watch(self) -> None:
        """Until the checkpoint is no longer ours to guard."""
        with inotify.of(self._store.directory) as news:
            poll = select.poll()
            poll.register(news, select.POLLIN)
            if self._applier:
                self._applier.sendall(READY)
                poll.register(self._applier, select.POLLIN | select.POLLHUP)
            tries = 0
            while (due := self._verdict()) is not Verdict.LEAVE and tries < _TRIES:
                if due is Verdict.WAIT:
                    self._wait(poll, news, self._point.deadline_s - checkpoint.now_s())
                elif self._roll_back(due):
                    return
                else:
                    tries += 1
                    self._wait(poll, news, _AGAIN_S)

    def _verdict(self) -> Verdict:
        try:
            found, committed_by = checkpoint.read(self._store), self._store.committed_by()
        except StoreBroken as error:
            log.error("%s: going by what it said before", error)
            found, committed_by = self._point, ""
        if found is not None and found.id == self._point.id:
            self._point = found
        return verdict(found, self._point.id, committed_by, self._applier_lives, checkpoint.now_s())

    def _wait(self, poll: select.poll, news: int, timeout_s: float) -> None:
        for fd, _ in poll.poll(max(timeout_s, 0) * 1000 + 1):
            if fd == news:
                os.read(fd, 65536)
            else:  # the applier sends nothing: whatever comes is the end
                poll.unregister(fd)
                self._applier_lives = False

    def _roll_back(self, due: Verdict) -> bool:
        """True when it is done; False when somebody else is at it or it did not come through: look again."""
        if due is Verdict.SEIZE:
            log.error("process %d hangs since long after its deadline: killing it", self._point.pid)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            self._applier_lives = False
        try:
            with lock.held(self._store, COMMAND, _LOCK_S):
                if self._verdict() is not Verdict.ROLL_BACK:
                    return False
                recovery.put_right(self._store, self._kernel, Here.find(self._namespace))
        except StoreBroken as error:
            log.error("%s: rolling back from memory", error)
            with self._kernel() as kernel:
                for line in undo(kernel, recovery.remembered(self._point)):
                    log.error("not as it was: %s", line)
        except NetworkError as error:
            log.error("%s: trying again", error)
            return False
        return True

    @contextmanager
    def _kernel(self) -> Iterator[LinuxKernel]:
        with LinuxKernel(self._namespace, keepers=Door(self._store.directory), root=self._point.root) as kernel:
            yield kernel


def _peer(applier: socket.socket) -> int:
    """The applying process as our own PID namespace counts (struct ucred, unix(7))."""
    credentials = struct.Struct("3i")
    raw = applier.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return int(credentials.unpack(raw)[0])


@contextmanager
def _namespace(applier: socket.socket | None) -> Iterator[str]:
    """The applier's network namespace, kept alive by us even when everybody in it was killed."""
    if applier is None:
        yield netns.OWN
        return
    _, descriptors, _, _ = socket.recv_fds(applier, 1, 1)
    try:
        yield f"/proc/self/fd/{descriptors[0]}"
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
