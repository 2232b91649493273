"""The process that knows the LLDP neighbours of one network namespace: it listens on each link that it was told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from nncp_agent.keeping import NEIGHBOURS, keeper
from nncp_agent.keeping.keeper import Hiring
from nncp_agent.lldp.listener import Listener
from nncp_agent.store import Store


def main(directory: str, ready: socket.socket | None = None) -> None:
    """Listen for `directory`, as `keeper.run` says. Raises TakenAlready."""
    keeper.run(NEIGHBOURS, directory, _listeners, ready)


@contextmanager
def _listeners(store: Store) -> Iterator[Hiring]:
    yield Hiring(Listener)
