"""A real Kubernetes API for each module of tests; whoever kills, freezes or wipes it has a module of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import cluster
from lab.cluster import Server

NODES = tuple(f"node{number}" for number in range(1, 6))
USERS = {**{node: (f"nodes:{node}",) for node in NODES}, "central": ("central",), "nobody": ()}
"""Whose kubeconfigs there are beside the administrator's."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with cluster.running(tmp_path_factory.mktemp("api"), USERS) as running:
        yield running
