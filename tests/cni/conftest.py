"""A node in a namespace of its own, gone with the test; whatever is asked of our plugins is asked in every way."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cni.node import Node
from tests.cni.person import Person
from tests.cni.ways import WAYS, Ask, in_process


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    """Clients are made once: the folder they are made for has the same name in every test."""
    made = Path(tempfile.mkdtemp(prefix="cni-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def folder(base: Path) -> Iterator[Path]:
    """Where plugins have their files, with a path that is short enough for a socket."""
    made = base / "node"
    made.mkdir()
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest, netns: str, folder: Path) -> Iterator[Ask]:
    with WAYS[request.param](folder) as asked:
        yield asked


@pytest.fixture
def lone_node(netns: str, another_netns: Callable[[], str], folder: Path) -> Iterator[Node]:
    """One for tests in which the way that a call takes is not the question."""
    with in_process(folder) as asked:
        yield Node(another_netns, folder, asked)


@pytest.fixture
def person(lone_node: Node) -> Iterator[Person]:
    yield Person(lone_node)
    lone_node.sh("for each in /run/netns/try*; do umount -l $each 2>/dev/null || true; rm -f $each; done")


@pytest.fixture
def node(netns: str, another_netns: Callable[[], str], folder: Path, ask: Ask) -> Node:
    return Node(another_netns, folder, ask)
