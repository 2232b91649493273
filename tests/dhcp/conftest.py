"""A segment and a keeper for each test; both end with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.keeping import LEASES
from nncp_agent.keeping.door import Door
from tests import processes
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
    processes.end(directory, LEASES)


@pytest.fixture
def kernel(segment: Segment, state: Path) -> Iterator[LinuxKernel]:
    with LinuxKernel(keepers=Door(state)) as opened:
        yield opened
