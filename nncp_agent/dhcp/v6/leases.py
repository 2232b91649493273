"""DHCPv6 leases on the disk: so that a restart, of the keeper or of the machine, costs nobody an address.

`dhcp/LINK.6.lease.json` is what a server has lent a link; it outlives its client, for the server will know the address.
`dhcp/duid.time` is when a client of this host first said who it is by the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from netkernel import frozen_json
from netkernel.frozen import Frozen, replace
from netkernel.records import Client
from nncp_agent.dhcp.leases import LEASE
from nncp_agent.dhcp.v6.lease import Lease
from nncp_agent.files import VERSION
from nncp_agent.keeping import LEASES, told
from nncp_agent.keeping.places import name_of
from nncp_agent.store import Store

_FIRST_TIME: Final = f"{LEASES.folder}/duid.time"


class KeptLease(Frozen):
    """`wall_s` is the clock on the wall when that of `boot`, by which the lease counts, was 0."""

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

    def lease(self, client: Client) -> Lease | None:
        """The lease of a client's link, by the clock of this boot; None without one. Raises StoreBroken.

        What was told without a lease is of no use in another boot: it is asked for anew in any case.
        """
        kept = told.read(self._store, _place(client), KeptLease)
        if kept is None or kept.boot == self._boot:
            return kept.lease if kept else None
        return self._moved(kept.lease, kept.wall_s - self._began_s()) if kept.lease.addresses else None

    def keep_lease(self, client: Client, lease: Lease) -> None:
        """Raises StoreBroken."""
        self._store.write(_place(client), frozen_json.encode(KeptLease(lease, self._began_s(), self._boot)))

    def forget_lease(self, client: Client) -> None:
        self._store.remove(_place(client))

    def first_time_s(self) -> float:
        """In seconds of time(2), the same for ever. Raises StoreBroken."""
        with suppress(ValueError):
            return float(int(self._store.read(_FIRST_TIME) or b""))
        now_s = int(self._wall_s())
        self._store.write(_FIRST_TIME, str(now_s).encode())
        return float(now_s)

    def _began_s(self) -> float:
        return self._wall_s() - self._now_s()

    def _moved(self, lease: Lease, by_s: float) -> Lease:
        """A clock that was set back makes it look young, but not from the future; servers are asked all the same."""

        def moved(since_s: float) -> float:
            return min(since_s + by_s, self._now_s())

        addresses = tuple([replace(each, since_s=moved(each.since_s)) for each in lease.addresses])
        return replace(lease, since_s=moved(lease.since_s), addresses=addresses)


def _place(client: Client) -> str:
    return f"{LEASES.folder}/{name_of(*client.key, LEASE)}"
