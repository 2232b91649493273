"""One DHCPv6 client at work: it tells its machine what happens on the link and does what the machine wants."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from netkernel.errors import NetworkError
from netkernel.glance import FAILED, TENTATIVE, Glance, Seen
from netkernel.ops import AddAddress, Op
from netkernel.records import Client
from netkernel.transaction import Kernel
from nncp_agent.dhcp.identity import own_name
from nncp_agent.dhcp.settings import settings_of
from nncp_agent.dhcp.v6 import installed, machine, messages
from nncp_agent.dhcp.v6.events import (
    Action,
    Due,
    Duplicate,
    Event,
    Forget,
    Heard,
    Lose,
    Ready,
    Say,
    Stop,
    Take,
    Want,
    Wanted,
)
from nncp_agent.dhcp.v6.lease import Lease
from nncp_agent.dhcp.v6.leases import Leases
from nncp_agent.dhcp.v6.messages import Who
from nncp_agent.dhcp.v6.state import Machine, State
from nncp_agent.dhcp.v6.talk import Talk
from nncp_agent.errors import StoreBroken
from nncp_agent.shown.dns import Dns

log = logging.getLogger(__name__)

Doors = tuple[Kernel, Glance]
"""The host, and a look at single links of it."""
_NOBODY: Final = Who(b"", 0)
_SILENT: Final = (State.OFF, State.IDLE)


class AtWork:
    """Implements `keeping.keeper.Worker` and `dhcp.given.Giver`.

    `told` is what it was told to do, `clock` that of its leases, `machine_id` 16 bytes that never change.
    """

    def __init__(
        self, told: Client, host: Doors, leases: Leases, clock: Callable[[], float], machine_id: bytes
    ) -> None:
        self.told = told
        self._settings = settings_of(told)
        self._kernel, self._glance = host
        self._leases = leases
        self._clock = clock
        self._machine_id = machine_id
        self._seen: Seen | None = None
        self._is_ready = False
        self._machine = Machine(_NOBODY)
        self._talk: Talk | None = None
        self._on_trial: frozenset[str] = frozenset()

    @property
    def due_s(self) -> float:
        """When `tick` is to be called."""
        return self._machine.due_s

    @property
    def names(self) -> Dns:
        """The name servers and domains that are known, where somebody wants them."""
        lease = self._machine.lease if self._machine.is_held and self._settings.dns else None
        if lease is None:
            return Dns()
        zone = f"%{self.told.link}"
        return Dns(tuple([ip + zone * ip.startswith("fe80:") for ip in lease.name_servers]), lease.search)

    def ears(self) -> Sequence[Talk]:
        """What may have news for `listen`."""
        return (self._talk,) if self._talk is not None else ()

    def says(self) -> Iterable[bytes]:
        """Nothing: what it has is on the link."""
        return ()

    def look(self, seen: Seen | None) -> None:
        """The link as it is now; None when it is not there. Raises NetworkError when the host cannot be looked at."""
        before, self._seen = self._seen, seen
        if seen is None or before is None or (before.index, before.mac) != (seen.index, seen.mac):
            self._close()
            self._is_ready, self._on_trial = False, frozenset()
            self._machine = Machine(_NOBODY) if seen is None else self._new_machine(seen)
        if seen is None:
            return
        addresses = self._glance.addresses(seen.index) if seen.is_ready else {}
        if before is not None and before.rises != seen.rises:
            self._become(False)
        self._tell(Want(self._wanted(seen)))
        self._become(seen.is_ready and can_speak(addresses))
        self._try(addresses)

    def tick(self) -> None:
        """The time may have come."""
        if self.due_s <= self._clock():
            self._tell(Due())

    def listen(self, ear: Talk) -> None:
        """There is news at one of `ears`."""
        try:
            heard = ear.receive()
        except OSError as error:  # the link went down or away: netlink says so in a moment
            log.info("%s: %s", self.told.link, error.strerror)
            return
        for message in heard:
            self._tell(Heard(message))

    def stop(self, release: bool = False) -> None:
        """The end of it; without `release` the addresses stay, and the lease on the disk."""
        self._tell(Stop(release))

    def _new_machine(self, seen: Seen) -> Machine:
        link, since_s = self.told.link, self._leases.first_time_s() if self._settings.duid == "llt" else 0.0
        duid = messages.duid(self._settings.duid, seen.hardware, seen.mac, self._machine_id, since_s)
        lease = self._leases.lease(self.told)
        is_held = lease is not None and (not lease.addresses or self._is_on_link(lease))
        who = Who(duid, messages.number_of(link), own_name(self._settings.hostname))
        return Machine(who, lease=lease, is_held=is_held)

    def _is_on_link(self, lease: Lease) -> bool:
        present = self._kernel.snapshot().addresses.get(self.told.link, ())
        return any(each.ip in lease.ips and installed.is_lent(each) for each in present)

    def _wanted(self, seen: Seen) -> Wanted:
        """Who takes no notice of routers wants addresses in any case."""
        if not self._settings.autoconf or seen.managed:
            return Wanted.ADDRESSES
        return Wanted.INFORMATION if seen.other else Wanted.NOTHING

    def _become(self, is_ready: bool) -> None:
        if is_ready is not self._is_ready:
            self._is_ready = is_ready
            self._on_trial = self._on_trial if is_ready else frozenset()
            self._tell(Ready(is_ready))

    def _try(self, addresses: Mapping[str, int]) -> None:
        """What became of addresses that the kernel was asking around for: one that somebody has, it takes off."""
        trial, self._on_trial = self._on_trial, frozenset()
        for ip in trial if self._is_ready else ():
            flags = addresses.get(ip, FAILED)
            if flags & FAILED:
                self._tell(Duplicate(ip))
            elif flags & TENTATIVE:
                self._on_trial |= {ip}

    def _tell(self, event: Event) -> None:
        before = self._machine.state
        self._machine, actions = machine.step(self._machine, event, self._clock(), random.random)
        if self._machine.state is not before:
            log.info("%s: DHCPv6 %s", self.told.link, self._machine.state)
        self._open()
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        try:
            match action:
                case Say(message) if self._talk:
                    self._talk.send(message)
                case Take(lease):
                    log.info("%s: %s", self.told.link, ", ".join(lease.ips) or "no addresses, but what else is known")
                    had = self._leases.lease(self.told)
                    self._leases.keep_lease(self.told, lease)
                    host = self._kernel.snapshot()
                    self._execute(installed.put(lease, self.told.link, had.ips if had else (), host, self._clock()))
                case Lose(lease, why):
                    log.warning("%s: %s is lost: %s", self.told.link, ", ".join(lease.ips) or "what was told", why)
                    self._execute(installed.removed(self.told.link, lease.ips, self._kernel.snapshot()))
                    self._leases.forget_lease(self.told)
                case Forget(lease, why):
                    log.warning("%s: %s cannot be used: %s", self.told.link, ", ".join(lease.ips), why)
                    self._leases.forget_lease(self.told)
        except OSError as error:  # no carrier, no route: what was to be said is said again when its time comes
            log.warning("%s: %s", self.told.link, error.strerror or error)
        except (NetworkError, StoreBroken) as error:
            log.error("%s", error)

    def _execute(self, ops: Iterable[Op]) -> None:
        """One by one: an address counts for something where another cannot be."""
        for op in ops:
            log.info("%s", op)
            try:
                self._kernel.execute([op])
            except NetworkError as error:
                log.error("%s", error)
                continue
            if isinstance(op, AddAddress):
                self._on_trial |= {op.address.ip}

    def _open(self) -> None:
        """Open only while somebody may answer."""
        is_wanted = self._machine.state not in _SILENT
        if self._talk and not is_wanted:
            self._close()
        if is_wanted and not self._talk:
            try:
                self._talk = Talk(self.told.link)
            except OSError as error:
                log.warning("%s: %s", self.told.link, error.strerror)

    def _close(self) -> None:
        if self._talk:
            self._talk.close()
        self._talk = None


def can_speak(addresses: Mapping[str, int]) -> bool:
    """Whether the link has an address of its own that nobody else has (RFC 8415 section 5: messages come from it)."""
    return any(ip.startswith("fe80:") and not flags & (TENTATIVE | FAILED) for ip, flags in addresses.items())
