"""Leases on the disk: so that a restart, of the keeper or of the machine, costs nobody an address.

`dhcp/LINK.4.lease.json` is what a server has lent a link; it outlives its client, for the server will know the address.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from netkernel import frozen_json
from netkernel.frozen import Frozen, replace
from netkernel.records import Client
from nncp_agent.dhcp.lease import Lease
from nncp_agent.files import VERSION
from nncp_agent.keeping import LEASES, told
from nncp_agent.keeping.places import name_of
from nncp_agent.store import Store

LEASE: Final = ".lease.json"
_FOR_EVER_S: Final = 1e15
"""JSON has no infinity."""


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

    def lease(self, client: Client) -> Lease | None:
        """The lease of a client's link, by the clock of this boot; None without one. Raises StoreBroken."""
        kept = told.read(self._store, _place(client), KeptLease)
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
        self._store.write(_place(client), frozen_json.encode(kept))

    def forget_lease(self, client: Client) -> None:
        self._store.remove(_place(client))


def _place(client: Client) -> str:
    return f"{LEASES.folder}/{name_of(*client.key, LEASE)}"


def _for_ever(lease: Lease, old: float, new: float) -> Lease:
    def changed(seconds: float) -> float:
        return new if seconds >= old else seconds

    return replace(
        lease, lasts_s=changed(lease.lasts_s), renew_s=changed(lease.renew_s), rebind_s=changed(lease.rebind_s)
    )
