"""A node in a namespace of its own, gone with the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cni.node import Node


@pytest.fixture
def node(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Node:
    return Node(another_netns, tmp_path)
