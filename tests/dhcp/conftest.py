"""A segment and a keeper for each test; both end with it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.dhcp import files
from nncp_agent.dhcp.door import Door
from tests.dhcp.segment import Segment


@pytest.fixture
def segment(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Iterator[Segment]:
    made = Segment(another_netns, tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory; a keeper that was started for it ends with the test."""
    directory = tmp_path / "state"
    yield directory
    end_keeper(directory)


@pytest.fixture
def kernel(segment: Segment, state: Path) -> Iterator[LinuxKernel]:
    with LinuxKernel(keepers=Door(state)) as opened:
        yield opened


def end_keeper(directory: Path, number: int = signal.SIGTERM) -> None:
    """End the keeper of a state directory, if there is one, and see it gone."""
    if (keeper := files.connected(str(directory))) is None:
        return
    pid = files.keeper_of(keeper)
    process = os.pidfd_open(pid)
    keeper.close()
    signal.pidfd_send_signal(process, number)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    assert poll.poll(20_000), "the keeper does not end"
    os.close(process)
