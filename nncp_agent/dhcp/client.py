"""One DHCPv4 client at work: it tells its machine what happens on the link and does what the machine wants."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from netkernel.errors import NetworkError
from netkernel.glance import Seen
from netkernel.ops import Op
from netkernel.packets.arp import Arp
from netkernel.packets.dhcp4 import Message
from netkernel.records import Client
from netkernel.transaction import Kernel
from nncp_agent.dhcp import installed, machine
from nncp_agent.dhcp.events import Action, Ask, Carrier, Due, Event, Forget, Heard, Lose, Overheard, Say, Stop, Take
from nncp_agent.dhcp.identity import own_name
from nncp_agent.dhcp.lease import Lease
from nncp_agent.dhcp.leases import Leases
from nncp_agent.dhcp.machine import HELD, Machine, State
from nncp_agent.dhcp.messages import Who, client_id
from nncp_agent.dhcp.settings import settings_of
from nncp_agent.dhcp.sockets import Bound, Neighbours, Raw
from nncp_agent.errors import StoreBroken
from nncp_agent.shown.dns import Dns

log = logging.getLogger(__name__)

Ear = Raw | Bound | Neighbours
_TALKING: Final = {
    State.SELECTING: Raw, State.REQUESTING: Raw, State.REBOOTING: Raw, State.RENEWING: Bound, State.REBINDING: Bound,
}  # fmt: skip
_LISTENING_FOR_CONFLICTS: Final = HELD | {State.PROBING}


class AtWork:
    """`told` is what it was told to do, `clock` that of its leases, `machine_id` 16 bytes that never change."""

    def __init__(
        self, told: Client, kernel: Kernel, leases: Leases, clock: Callable[[], float], machine_id: bytes
    ) -> None:
        self.told = told
        self._settings = settings_of(told)
        self._kernel = kernel
        self._leases = leases
        self._clock = clock
        self._machine_id = machine_id
        self._seen: Seen | None = None
        self._machine = Machine(Who("", b""))
        self._talk: Raw | Bound | None = None
        self._neighbours: Neighbours | None = None

    @property
    def due_s(self) -> float:
        """When `tick` is to be called."""
        return self._machine.due_s

    @property
    def names(self) -> Dns:
        """The name servers and domains of the lease that is on the link, where somebody wants them."""
        lease = self._machine.lease if self._machine.is_held and self._settings.dns else None
        return Dns(lease.name_servers, lease.search) if lease else Dns()

    def ears(self) -> tuple[Ear, ...]:
        """What may have news for `listen`."""
        return tuple(each for each in (self._talk, self._neighbours) if each is not None)

    def says(self) -> tuple[bytes, ...]:
        """Nothing: what it has is on the link."""
        return ()

    def look(self, seen: Seen | None) -> None:
        """The link as it is now; None when it is not there. Raises NetworkError when the host cannot be looked at."""
        before, self._seen = self._seen, seen
        if seen is None:
            self._close()
            self._machine = Machine(Who("", b""))
        elif before is None or (before.index, before.mac) != (seen.index, seen.mac):
            self._close()
            self._machine = self._new_machine(seen)
            self._tell(Carrier(seen.is_ready))
        elif (before.is_ready, before.rises) != (seen.is_ready, seen.rises):
            if before.is_ready and seen.is_ready:
                self._tell(Carrier(False))
            self._tell(Carrier(seen.is_ready))

    def tick(self) -> None:
        """The time may have come."""
        if self.due_s <= self._clock():
            self._tell(Due())

    def listen(self, ear: Ear) -> None:
        """There is news at one of `ears`."""
        try:
            heard = [Overheard(each) if isinstance(each, Arp) else Heard(each) for each in ear.receive()]
        except OSError as error:  # the link went down or away: netlink says so in a moment
            log.info("%s: %s", self.told.link, error.strerror)
            return
        for event in heard:
            self._tell(event)

    def stop(self, release: bool = False) -> None:
        """The end of it; without `release` the address stays, and the lease on the disk."""
        self._tell(Stop(release))
        self._close()

    def _new_machine(self, seen: Seen) -> Machine:
        link, word = self.told.link, self._settings.client_id
        identity = client_id(word, link, seen.hardware, seen.mac, self._machine_id)
        lease = self._leases.lease(self.told)
        is_held = False
        if lease is not None:
            present = self._kernel.snapshot().addresses.get(link, ())
            is_held = any(each.ip == lease.ip and installed.is_lent(each) for each in present)
        return Machine(
            Who(seen.mac, identity, own_name(self._settings.hostname), seen.hardware), lease=lease, is_held=is_held
        )

    def _tell(self, event: Event) -> None:
        before = self._machine.state
        self._machine, actions = machine.step(self._machine, event, self._clock(), random.random)
        if self._machine.state is not before:
            log.info("%s: %s", self.told.link, self._machine.state)
        self._open()
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        try:
            match action:
                case Say(message, source, server):
                    self._say(message, source, server)
                case Ask(packet) if self._neighbours:
                    self._neighbours.send(packet)
                case Take(lease):
                    log.info("%s: %s/%d from %s", self.told.link, lease.ip, lease.prefix, lease.server)
                    self._leases.keep_lease(self.told, lease)
                    self._put(lease)
                case Lose(lease, why):
                    log.warning("%s: %s is lost: %s", self.told.link, lease.ip, why)
                    self._take_off()
                    self._leases.forget_lease(self.told)
                case Forget(lease, why):
                    log.warning("%s: %s cannot be used: %s", self.told.link, lease.ip, why)
                    self._leases.forget_lease(self.told)
        except OSError as error:  # no carrier, no route: what was to be said is said again when its time comes
            log.warning("%s: %s", self.told.link, error.strerror or error)
        except StoreBroken as error:
            log.error("%s", error)

    def _say(self, message: Message, source: str, server: str) -> None:
        """Through the socket that is open, or one for this once (declining, releasing)."""
        talk: Raw | Bound
        if not source:
            talk = self._talk if isinstance(self._talk, Raw) else Raw(self.told.link)
            talk.send(message)
        else:
            talk = self._talk if isinstance(self._talk, Bound) else Bound(self.told.link, source)
            talk.send(message, server)
        if talk is not self._talk:
            talk.close()

    def _put(self, lease: Lease) -> None:
        host = self._kernel.snapshot()
        self._execute(installed.put(lease, self.told.link, self._settings, host, self._clock()))

    def _take_off(self) -> None:
        self._execute(installed.removed(self.told.link, self._kernel.snapshot()))

    def _execute(self, ops: Iterable[Op]) -> None:
        """One by one: an address counts for something where one of its routes cannot be."""
        for op in ops:
            log.info("%s", op)
            try:
                self._kernel.execute([op])
            except NetworkError as error:
                log.error("%s", error)

    def _open(self) -> None:
        """The sockets that this state needs, and no others: nobody is woken for what does not matter now."""
        lease, state, link = self._machine.lease, self._machine.state, self.told.link
        wanted = _TALKING.get(state)
        if self._talk and type(self._talk) is not wanted:
            self._talk.close()
            self._talk = None
        about = lease.ip if lease and state in _LISTENING_FOR_CONFLICTS else None
        if self._neighbours and self._neighbours.ip != about:
            self._neighbours.close()
            self._neighbours = None
        try:
            if wanted and not self._talk:
                self._talk = Bound(link, lease.ip) if wanted is Bound and lease else Raw(link)
            if about and not self._neighbours:
                self._neighbours = Neighbours(link, about)
        except OSError as error:
            log.warning("%s: %s", link, error.strerror)

    def _close(self) -> None:
        for each in self.ears():
            with closing(each):
                pass
        self._talk = self._neighbours = None
