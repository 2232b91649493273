"""The process that keeps the leases of one network namespace: DHCP clients for the links that it was told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from netkernel.glance import Glance
from netkernel.kernel import LinuxKernel
from netkernel.records import ENDPOINTS, ROUTERS, Client
from nncp_agent.advertised.listener import Listener
from nncp_agent.dhcp import identity
from nncp_agent.dhcp.client import AtWork
from nncp_agent.dhcp.endpoints import Follower
from nncp_agent.dhcp.given import Given
from nncp_agent.dhcp.leases import Leases
from nncp_agent.dhcp.v6 import client as six
from nncp_agent.dhcp.v6 import leases as of_six
from nncp_agent.files import root
from nncp_agent.keeping import LEASES, keeper
from nncp_agent.keeping.clock import now_s, this_boot
from nncp_agent.keeping.door import Door
from nncp_agent.keeping.keeper import Hiring, Worker
from nncp_agent.store import Store


def main(directory: str, ready: socket.socket | None = None) -> None:
    """Keep the leases of `directory`, as `keeper.run` says. Raises TakenAlready."""
    keeper.run(LEASES, directory, _clients, ready)


@contextmanager
def _clients(store: Store) -> Iterator[Hiring]:
    with LinuxKernel(keepers=Inside(store.directory), root=root()) as kernel, Glance() as glance:
        leases, machine_id = Leases(store, this_boot(), now_s), identity.machine_id()
        leases6 = of_six.Leases(store, this_boot(), now_s)

        def hired(told: Client) -> Worker:
            if told.family == ROUTERS:
                return Listener(told)
            if told.family == ENDPOINTS:
                return Follower(told, kernel, glance, store)
            if told.family == 6:
                return six.AtWork(told, (kernel, glance), leases6, now_s, machine_id)
            return AtWork(told, kernel, leases, now_s, machine_id)

        yield Hiring(hired, Given(kernel).put)


class Inside(Door):
    """The door as the keeper itself sees it: what it would ask itself it knows."""

    def clients(self) -> tuple[Client, ...]:
        return ()

    def heard(self) -> Mapping[str, tuple[bytes, ...]]:
        return {}

    def look_again(self) -> None:
        """It is who looks."""
