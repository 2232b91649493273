"""The process of a service in one network namespace: a worker for each of its links in one loop, asleep in between.

It does what it is asked at a socket in the state directory, and what it was asked stands on the disk before it answers:
whoever follows it, a restarted one or a daemon, goes on where it was. Told to end (SIGTERM), it leaves all as it is.
"""

from __future__ import annotations

import json
import logging
import select
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, Final, Protocol

from netkernel import frozen_json
from netkernel.errors import NetworkError
from netkernel.frozen import Frozen
from netkernel.glance import Glance, Seen
from netkernel.records import Client
from netkernel.watch import Table, Watch
from nncp_agent.keeping import Service, process
from nncp_agent.keeping.clock import now_s, this_boot
from nncp_agent.keeping.places import AGAIN, HEARD
from nncp_agent.keeping.requests import Request
from nncp_agent.keeping.told import Told
from nncp_agent.store import Store

log = logging.getLogger(__name__)

IDLE_S: Final = 5.0
"""How long it stays without a client: a change of its settings stops one and starts one."""
_ASKER_S: Final = 5.0
_LARGEST: Final = 65536
_LONGEST_POLL_S: Final = 86400.0
_LOOKED_AT: Final = frozenset({Table.LINKS, Table.ADDRESSES})
"""What workers want to know of: an address may be one they have put there, or one to speak from."""


class Worker(Protocol):
    """What runs for one client. `due_s` is when `tick` is to be called, by `clock.now_s`."""

    @property
    def told(self) -> Client: ...

    @property
    def due_s(self) -> float: ...

    def ears(self) -> Sequence[Any]:
        """Sockets that may have news for `listen`."""
        ...

    def says(self) -> Iterable[bytes]:
        """What it tells whoever asks; none of it empty."""
        ...

    def look(self, seen: Seen | None) -> None:
        """The link as it is now; None when it is not there. Raises NetworkError."""
        ...

    def listen(self, ear: Any) -> None:
        """There is news at one of `ears`."""
        ...

    def tick(self) -> None:
        """The time may have come."""
        ...

    def stop(self, release: bool = False) -> None:
        """The end of it; with `release`, what it was lent is given back. It goes on until it has no ears any more."""
        ...


Hire = Callable[[Client], Worker]
"""Makes the worker for a client."""
Settle = Callable[[Sequence[Any], bool], None]
"""Sees to what all workers share, after each of them may have news; with True, somebody else may have touched it."""


class Hiring(Frozen):
    """How a service's workers are made, and what they share."""

    hire: Hire
    settle: Settle = lambda workers, again: None


class Keeper:
    """All workers of a namespace, and who asks for them. Made by the thread that is in the namespace."""

    def __init__(self, told: Told, glance: Glance, watch: Watch, hiring: Hiring) -> None:
        self._told = told
        self._glance = glance
        self._watch = watch
        self._hiring = hiring
        self._workers: dict[tuple[str, int], Worker] = {}
        self._leaving: list[Worker] = []
        self._idle_since_s = now_s()
        for client in self._told.clients():
            self._start(client)
        self._settle(again=True)

    def serve(self, listener: socket.socket, end: int) -> None:
        """Until there is something to read at `end`, or there was no client for a while."""
        while True:
            ears = {ear.fileno(): (each, ear) for each in self._all() for ear in each.ears()}
            poll = select.poll()
            for descriptor in (listener.fileno(), self._watch.fileno(), end, *ears):
                poll.register(descriptor, select.POLLIN)
            due_s = self._due_s()
            if due_s <= now_s() and not self._all():
                return
            ready = {descriptor for descriptor, _ in poll.poll(max(due_s - now_s(), 0) * 1000 + 1)}
            if end in ready:
                return
            self._listen([ears[descriptor] for descriptor in ready & ears.keys()])
            if self._watch.fileno() in ready and self._watch.changed() & _LOOKED_AT:
                self._look()
            if listener.fileno() in ready:
                self._answer(listener)
            for each in self._all():
                each.tick()
            self._leaving = [each for each in self._leaving if each.ears()]
            self._settle()

    def stop(self) -> None:
        """Leave everything as it is."""
        for each in self._all():
            each.stop()

    def _all(self) -> tuple[Worker, ...]:
        """Also those that have been told to stop, and have not said good-bye yet."""
        return (*self._workers.values(), *self._leaving)

    def _due_s(self) -> float:
        if not (workers := self._all()):
            return self._idle_since_s + IDLE_S
        return min(now_s() + _LONGEST_POLL_S, *(each.due_s for each in workers))

    def _listen(self, news: list[tuple[Worker, Any]]) -> None:
        """Who has heard something looks first: what a new carrier brings may be here before netlink's word of it."""
        for worker, ear in news:
            if ear in worker.ears():  # what another has heard may have closed it
                self._show(worker)
            if ear in worker.ears():
                worker.listen(ear)

    def _look(self) -> None:
        for each in self._all():
            self._show(each)

    def _show(self, worker: Worker) -> None:
        try:
            worker.look(self._glance.at(worker.told.link))
        except NetworkError as error:
            log.error("%s: %s", worker.told.link, error)

    def _answer(self, listener: socket.socket) -> None:
        """One question, one answer; who does not speak up is not waited for long."""
        asker, _ = listener.accept()
        with asker, suppress(OSError):
            asker.settimeout(_ASKER_S)
            if (question := asker.recv(_LARGEST)) == HEARD:
                self._tell(asker)
            else:
                asker.send(self._answer_to(question))

    def _settle(self, again: bool = False) -> None:
        self._hiring.settle(tuple(self._workers.values()), again)

    def _tell(self, asker: socket.socket) -> None:
        """All that the workers say, a packet for each piece behind the name of the link."""
        for worker in self._workers.values():
            for each in worker.says():
                asker.send(worker.told.link.encode("utf-8", "surrogateescape") + b"\0" + each)

    def _answer_to(self, question: bytes) -> bytes:
        if question == AGAIN:
            self._settle(again=True)
            return b"{}"
        try:
            request = frozen_json.decode(question, Request)
            self._stop(request.client, request.release)
            if request.start:
                self._told.keep(request.client)
                self._start(request.client)
            else:
                self._told.forget(request.client)
            self._settle()
        except (ValueError, NetworkError) as error:
            return json.dumps({"error": str(error)}).encode()
        return b"{}"

    def _start(self, client: Client) -> None:
        worker = self._workers[client.key] = self._hiring.hire(client)
        self._show(worker)

    def _stop(self, client: Client, release: bool) -> None:
        if worker := self._workers.pop(client.key, None):
            worker.stop(release)
            self._leaving += [worker] if worker.ears() else []
            self._idle_since_s = now_s()


def run(
    service: Service,
    directory: str,
    hiring: Callable[[Store], AbstractContextManager[Hiring]],
    ready: socket.socket | None = None,
) -> None:
    """The life of a service's process for `directory`, in this thread's network namespace; it says so at `ready` once
    anybody may ask. `hiring` opens what all workers share. Raises TakenAlready.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with process.ending() as end, ExitStack() as stack:
        store = Store(directory)
        store.prepare(service.folder)
        stack.enter_context(process.alone(store.path(service.folder)))
        watch = stack.enter_context(Watch(routers=True))  # before the first look, so that nothing is missed
        glance = stack.enter_context(Glance())
        staff = stack.enter_context(hiring(store))
        listener = stack.enter_context(process.listening(store.path(service.folder)))
        keeper = Keeper(Told(store, service, this_boot()), glance, watch, staff)
        stack.callback(keeper.stop)
        if ready:
            ready.sendall(b"ready")
            ready.close()
        process.notify_systemd()
        keeper.serve(listener, end)
