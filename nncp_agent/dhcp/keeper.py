"""The process that keeps the leases of one network namespace: all its DHCP clients in one loop, asleep in between.

It does what it is asked at a socket in the state directory, and what it was asked stands on the disk before it answers:
whoever follows it, a restarted one or a daemon, goes on where it was. Told to end (SIGTERM), it leaves addresses and
leases as they are.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from netkernel import frozen_json
from netkernel.errors import NetworkError
from netkernel.glance import Glance
from netkernel.kernel import LinuxKernel
from netkernel.records import Client
from netkernel.watch import Table, Watch
from nncp_agent.dhcp import identity, leases
from nncp_agent.dhcp.client import AtWork, Ear
from nncp_agent.dhcp.files import FOLDER, SOCKET
from nncp_agent.dhcp.leases import Leases
from nncp_agent.dhcp.requests import Request
from nncp_agent.store import Store

log = logging.getLogger(__name__)

LOCK: Final = "lock"
IDLE_S: Final = 5.0
"""How long it stays without a client: a change of its settings stops one and starts one."""
_ASKER_S: Final = 5.0
_LARGEST: Final = 65536
_LONGEST_POLL_S: Final = 86400.0


class TakenAlready(Exception):
    """Another keeper serves this state directory."""


class Keeper:
    """All clients of a namespace, and who asks for them. Made by the thread that is in the namespace."""

    def __init__(self, store: Store, kernel: LinuxKernel, glance: Glance, watch: Watch, machine_id: bytes) -> None:
        self._leases = Leases(store, leases.this_boot(), leases.now_s)
        self._kernel = kernel
        self._glance = glance
        self._watch = watch
        self._machine_id = machine_id
        self._clients: dict[tuple[str, int], AtWork] = {}
        self._idle_since_s = leases.now_s()
        for told in self._leases.clients():
            self._start(told)

    def serve(self, listener: socket.socket, end: int) -> None:
        """Until there is something to read at `end`, or there was no client for a while."""
        while True:
            ears = {ear.fileno(): (each, ear) for each in self._clients.values() for ear in each.ears()}
            poll = select.poll()
            for descriptor in (listener.fileno(), self._watch.fileno(), end, *ears):
                poll.register(descriptor, select.POLLIN)
            due_s = self._due_s()
            if due_s <= leases.now_s() and not self._clients:
                return
            ready = {descriptor for descriptor, _ in poll.poll(max(due_s - leases.now_s(), 0) * 1000 + 1)}
            if end in ready:
                return
            self._listen([ears[descriptor] for descriptor in ready & ears.keys()])
            if self._watch.fileno() in ready and Table.LINKS in self._watch.changed():
                self._look()
            if listener.fileno() in ready:
                self._answer(listener)
            for each in tuple(self._clients.values()):
                each.tick()

    def stop(self) -> None:
        """Leave everything as it is."""
        for each in self._clients.values():
            each.stop()

    def _due_s(self) -> float:
        if not self._clients:
            return self._idle_since_s + IDLE_S
        return min(leases.now_s() + _LONGEST_POLL_S, *(each.due_s for each in self._clients.values()))

    def _listen(self, news: list[tuple[AtWork, Ear]]) -> None:
        for client, ear in news:
            if ear in client.ears():  # what another has heard may have closed it
                client.listen(ear)

    def _look(self) -> None:
        for each in tuple(self._clients.values()):
            self._show(each)

    def _show(self, client: AtWork) -> None:
        try:
            client.look(self._glance.at(client.told.link))
        except NetworkError as error:
            log.error("%s: %s", client.told.link, error)

    def _answer(self, listener: socket.socket) -> None:
        """One question, one answer; who does not speak up is not waited for long."""
        asker, _ = listener.accept()
        with asker, suppress(OSError):
            asker.settimeout(_ASKER_S)
            asker.send(self._answer_to(asker.recv(_LARGEST)))

    def _answer_to(self, question: bytes) -> bytes:
        try:
            request = frozen_json.decode(question, Request)
            self._stop(request.client, request.release)
            if request.start:
                self._leases.keep_client(request.client)
                self._start(request.client)
            else:
                self._leases.forget_client(request.client)
        except (ValueError, NetworkError) as error:
            return json.dumps({"error": str(error)}).encode()
        return b"{}"

    def _start(self, told: Client) -> None:
        client = AtWork(told, self._kernel, self._leases, leases.now_s, self._machine_id)
        self._clients[told.key] = client
        self._show(client)

    def _stop(self, told: Client, release: bool) -> None:
        if client := self._clients.pop(told.key, None):
            client.stop(release)
            self._idle_since_s = leases.now_s()


def main(directory: str, ready: socket.socket | None = None) -> None:
    """Keep the leases of `directory` in this thread's network namespace; say so at `ready` once anybody may ask.

    Raises TakenAlready.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with _ending() as end, ExitStack() as stack:
        store = Store(directory)
        store.prepare(FOLDER)
        stack.enter_context(_alone(store.path(FOLDER)))
        watch = stack.enter_context(Watch())  # before the first look, so that nothing is missed
        glance = stack.enter_context(Glance())
        kernel = stack.enter_context(LinuxKernel())
        listener = stack.enter_context(_listening(store.path(FOLDER)))
        keeper = Keeper(store, kernel, glance, watch, identity.machine_id())
        stack.callback(keeper.stop)
        if ready:
            ready.sendall(b"ready")
            ready.close()
        _notify_systemd()
        keeper.serve(listener, end)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise TakenAlready(str(folder)) from None
    finally:
        os.close(descriptor)


@contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    """The path of a socket has room for 107 bytes: the folder is called by its descriptor."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    path = f"/proc/self/fd/{descriptor}/{SOCKET}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            with suppress(FileNotFoundError):
                os.unlink(path)  # we are alone, so whoever left it is gone
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen(16)
            yield listener
            with suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        os.close(descriptor)


@contextmanager
def _ending() -> Iterator[int]:
    """A descriptor with news once somebody wants us to end."""
    ours, told = socket.socketpair()
    with ours, told:
        told.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(told.fileno())
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            yield ours.fileno()
        finally:
            signal.set_wakeup_fd(-1)


def _notify_systemd() -> None:
    """READY=1 for a unit of Type=notify (sd_notify(3)); elsewhere nothing."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.connect("\0" + address[1:] if address.startswith("@") else address)
        there.sendall(b"READY=1")
