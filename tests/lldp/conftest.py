"""A switch for each test, and the listener that an apply leaves behind; both end with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nncp_agent.keeping import NEIGHBOURS
from tests import processes
from tests.kernel.asked import Asked
from tests.lldp.segment import Switch


@pytest.fixture
def switch(netns: str, another_netns: Callable[[], str]) -> Switch:
    return Switch(another_netns, "eth1", "eth2")


@pytest.fixture
def asked(switch: Switch, tmp_path: Path) -> Iterator[Asked]:
    directory = tmp_path / "state"
    yield Asked(directory)
    processes.end(directory, NEIGHBOURS)
