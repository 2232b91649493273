"""MPTCP's endpoints follow the addresses of a link that come and go after an apply: from leases, and from routers."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from socket import AF_INET, AF_INET6
from typing import Any, Final

from netkernel.errors import NetworkError
from netkernel.ethtool import MPTCP
from netkernel.glance import Glance, Seen
from netkernel.host import Host
from netkernel.ops import AddEndpoint, DeleteEndpoint, Op
from netkernel.records import ENDPOINT_FLAGS, Client, Endpoint
from netkernel.transaction import Kernel
from nncp_agent import lock
from nncp_agent.keeping.clock import now_s
from nncp_agent.shown.dns import Dns
from nncp_agent.shown.mptcp import may_be_endpoint, of
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_AGAIN_S: Final = 0.5
"""While somebody applies."""
_LATER_S: Final = 60.0
"""After the kernel refused: it may have as many as it takes."""


class Follower:
    """Implements `keeping.keeper.Worker`, and `dhcp.given.Giver`: it has no name servers.

    While somebody applies it waits: what a plan adds and takes away is the plan's.
    """

    names = Dns()

    def __init__(
        self, told: Client, kernel: Kernel, glance: Glance, store: Store, clock: Callable[[], float] = now_s
    ) -> None:
        self.told = told
        self.due_s = math.inf
        self._kernel = kernel
        self._glance = glance
        self._store = store
        self._clock = clock
        self._last: Mapping[str, int] | None = None

    def ears(self) -> tuple[Any, ...]:
        """None: netlink says what it wants to know."""
        return ()

    def says(self) -> tuple[bytes, ...]:
        """Nothing: what it does is in the kernel."""
        return ()

    def look(self, seen: Seen | None) -> None:
        """A host may have thousands of links that come and go; all of it is looked at when these addresses changed."""
        if seen is None:
            self._last = None
            return
        found = {**self._glance.addresses(seen.index, AF_INET), **self._glance.addresses(seen.index, AF_INET6)}
        if found != self._last:
            self._last, self.due_s = found, self._clock()

    def listen(self, ear: Any) -> None:
        """It has no ears."""

    def tick(self) -> None:
        """The time may have come."""
        if self.due_s > self._clock():
            return
        try:
            with lock.at_once(self._store) as is_free:
                self.due_s = math.inf if is_free else self._clock() + _AGAIN_S
                for op in ops(self.told, self._kernel.snapshot(frozenset({MPTCP}))) if is_free else ():
                    log.info("%s", op)
                    self._kernel.execute([op])
        except NetworkError as error:
            log.error("%s: %s", self.told.link, error)
            self.due_s = self._clock() + _LATER_S

    def stop(self, release: bool = False) -> None:
        """What is there is the business of who stops it."""


def ops(told: Client, host: Host) -> Iterator[Op]:
    """What makes endpoints of a link's addresses and no others; those that have other flags are somebody's."""
    flags = sum(ENDPOINT_FLAGS[word] for word in str(told.attrs.get("address-flags", "")).split())
    mine = of(told.link, host)
    there = {each.ip for addresses in host.addresses.values() for each in addresses}
    for ip, endpoint in mine.items():
        if ip not in there and endpoint.flags == flags:
            yield DeleteEndpoint(endpoint)
    for address in host.addresses.get(told.link, ()):
        if may_be_endpoint(address) and address.ip not in mine:
            yield AddEndpoint(Endpoint(address.ip, flags, told.link))
