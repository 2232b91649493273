"""The processes that an apply leaves behind, and how a test ends one."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

from nncp_agent.keeping import Service, places

DEADLINE_S = 40.0


def of(directory: Path, service: Service) -> int | None:
    """A descriptor of the process of a service for a state directory, if there is one (pidfd_open(2))."""
    if (keeper := places.connected(str(directory), service)) is None:
        return None
    with_pid = places.process_of(keeper)
    keeper.close()
    return os.pidfd_open(with_pid)


def ends(process: int) -> bool:
    """Whether it does, in time; the descriptor is closed."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    try:
        return bool(poll.poll(DEADLINE_S * 1000))
    finally:
        os.close(process)


def end(directory: Path, service: Service, number: int = signal.SIGTERM) -> None:
    """End the process of a service for a state directory, if there is one, and see it gone."""
    if (process := of(directory, service)) is not None:
        signal.pidfd_send_signal(process, number)
        assert ends(process), f"the {service.name} does not end"
