"""The process that keeps the leases of one network namespace: a DHCP client for each link that it was told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from netkernel.kernel import LinuxKernel
from nncp_agent.dhcp import identity
from nncp_agent.dhcp.client import AtWork
from nncp_agent.dhcp.leases import Leases
from nncp_agent.keeping import LEASES, keeper
from nncp_agent.keeping.clock import now_s, this_boot
from nncp_agent.keeping.keeper import Hire
from nncp_agent.store import Store


def main(directory: str, ready: socket.socket | None = None) -> None:
    """Keep the leases of `directory`, as `keeper.run` says. Raises TakenAlready."""
    keeper.run(LEASES, directory, _clients, ready)


@contextmanager
def _clients(store: Store) -> Iterator[Hire]:
    with LinuxKernel() as kernel:
        leases, machine_id = Leases(store, this_boot(), now_s), identity.machine_id()
        yield lambda told: AtWork(told, kernel, leases, now_s, machine_id)
