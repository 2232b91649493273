"""Clients and leases on the disk: so that a restart, of the keeper or of the machine, costs nobody an address.

```
dhcp/LINK.4.client.json   what the keeper of this boot was told to do for a link
dhcp/LINK.4.lease.json    what a server has lent it; it outlives its client, for the server will know the address
```
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from netkernel import frozen_json
from netkernel.frozen import Frozen, replace
from netkernel.records import Client
from nncp_agent.dhcp.files import CLIENT, FOLDER, LEASE, name_of
from nncp_agent.dhcp.lease import Lease
from nncp_agent.files import VERSION, not_ours
from nncp_agent.store import Store

BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"
K = TypeVar("K", bound=Frozen)
_FOR_EVER_S: Final = 1e15
"""JSON has no infinity."""


class KeptClient(Frozen):
    client: Client
    boot: str
    version: int = VERSION


class KeptLease(Frozen):
    """`wall_s` is when it was asked for by the clock on the wall; `lease.since_s` the same by the clock of `boot`."""

    lease: Lease
    wall_s: float
    boot: str
    version: int = VERSION


class Leases:
    """Of one state directory. The clocks are in seconds: one that starts with the boot, and the one on the wall."""

    def __init__(
        self, store: Store, boot: str, now_s: Callable[[], float], wall_s: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._boot = boot
        self._now_s = now_s
        self._wall_s = wall_s

    def clients(self) -> tuple[Client, ...]:
        """Those of this boot. Raises StoreBroken."""
        kept = [self._read(name, KeptClient) for name in self._store.names(FOLDER) if name.endswith(CLIENT)]
        return tuple(each.client for each in kept if each is not None and each.boot == self._boot)

    def keep_client(self, client: Client) -> None:
        self._write(name_of(*client.key, CLIENT), KeptClient(client, self._boot))

    def forget_client(self, client: Client) -> None:
        self._store.remove(f"{FOLDER}/{name_of(*client.key, CLIENT)}")

    def lease(self, client: Client) -> Lease | None:
        """The lease of a client's link, by the clock of this boot; None without one. Raises StoreBroken."""
        kept = self._read(name_of(*client.key, LEASE), KeptLease)
        if kept is None:
            return None
        lease = _for_ever(kept.lease, _FOR_EVER_S, math.inf)
        if kept.boot == self._boot:
            return lease
        # a clock that was set back makes it look young; the server is asked about it all the same
        age_s = max(self._wall_s() - kept.wall_s, 0.0)
        return replace(lease, since_s=self._now_s() - age_s)

    def keep_lease(self, client: Client, lease: Lease) -> None:
        wall_s = self._wall_s() - (self._now_s() - lease.since_s)
        kept = KeptLease(_for_ever(lease, math.inf, _FOR_EVER_S), wall_s, self._boot)
        self._write(name_of(*client.key, LEASE), kept)

    def forget_lease(self, client: Client) -> None:
        self._store.remove(f"{FOLDER}/{name_of(*client.key, LEASE)}")

    def _read(self, name: str, kind: type[K]) -> K | None:
        data = self._store.read(f"{FOLDER}/{name}")
        if data is None:
            return None
        try:
            return frozen_json.decode(data, kind)
        except ValueError as error:
            raise not_ours(self._store.path(f"{FOLDER}/{name}"), error) from error

    def _write(self, name: str, value: Frozen) -> None:
        self._store.write(f"{FOLDER}/{name}", frozen_json.encode(value))


def this_boot() -> str:
    return Path(BOOT_ID).read_text("ascii").strip()


def now_s() -> float:
    """CLOCK_BOOTTIME: it goes on while the machine sleeps, as the servers' clocks do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _for_ever(lease: Lease, old: float, new: float) -> Lease:
    def changed(seconds: float) -> float:
        return new if seconds >= old else seconds

    return replace(
        lease, lasts_s=changed(lease.lasts_s), renew_s=changed(lease.renew_s), rebind_s=changed(lease.rebind_s)
    )
