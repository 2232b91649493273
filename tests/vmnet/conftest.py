"""A pod on a node, gone with the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vmnet.clinic import Clinic
from tests.vmnet.pods import Pods


@pytest.fixture
def pods(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Pods:
    return Pods(netns, another_netns, tmp_path)


@pytest.fixture
def clinic(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Clinic:
    return Clinic(another_netns, tmp_path)
