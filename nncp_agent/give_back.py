"""Leases go back to the servers that lent them, because somebody said so: nothing else ever releases an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext

from netkernel.ops import DeleteClient
from netkernel.records import Client
from netkernel.transaction import Kernel
from nncp_agent import lock, recovery
from nncp_agent.checkpoint import Here, namespace_of
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.interrupts import as_exceptions
from nncp_agent.store import Store

FAMILIES = (4, 6)


def give_back(
    store: Store, kernel: Kernel, links: Sequence[str], families: Collection[int] = FAMILIES, *, command: str
) -> tuple[str, ...]:
    """Stop the DHCP clients of these links; what they were lent goes off the host and back to the servers. Gives a line
    for each that was stopped.

    What is committed stays: the next apply of it, or the next start of the machine, asks for addresses again.

    Raises InvalidPolicy for a link without DHCP, Busy while an apply waits for its commit, StoreBroken, NetworkError.
    """
    with as_exceptions(), lock.held(store, command):
        recovery.put_right(store, lambda: nullcontext(kernel), Here.find(namespace_of(kernel)))
        running = [each for each in kernel.snapshot().clients if each.family in families]
        if problems := [_nothing_there(name, running) for name in links if not _of(name, running)]:
            raise InvalidPolicy(problems)
        ops = [DeleteClient(each, release=True) for name in dict.fromkeys(links) for each in _of(name, running)]
        kernel.execute(ops)
        return tuple(map(str, ops))


def _of(link: str, running: Sequence[Client]) -> list[Client]:
    return [each for each in running if each.link == link]


def _nothing_there(link: str, running: Sequence[Client]) -> Problem:
    names = ", ".join(dict.fromkeys(each.link for each in running))
    return Problem(link, f"no DHCP client runs there; {f'wanted one of {names}' if names else 'none runs anywhere'}")
