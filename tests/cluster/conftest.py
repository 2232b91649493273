"""A real Kubernetes API for each module of tests; whoever kills, freezes or wipes it has a module of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from lab import cluster, namespaces
from lab.cluster import Server
from tests.cluster.cluster_node import ClusterNode

NODES = tuple(f"node{number}" for number in range(1, 6))
DAEMON = "system:serviceaccount:nncp-agent:nncp-daemon"
CENTRAL = "system:serviceaccount:nncp-agent:nncp-central"
USERS = {
    **{node: (f"nodes:{node}",) for node in NODES},
    "central": ("central",),
    "nobody": (),
    DAEMON: ("system:serviceaccounts", "system:authenticated"),
    CENTRAL: ("system:serviceaccounts", "system:authenticated"),
}
"""Whose kubeconfigs there are beside the administrator's; the last two are who `deploy` gives rights to."""
DEPLOY = Path(__file__).parents[2] / "deploy"
INSTALLED = ("namespace", "service-accounts", "rbac-daemon", "rbac-central")
"""What of deploy/base is there without a kubelet."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with cluster.running(tmp_path_factory.mktemp("api"), USERS) as running:
        yield running


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """A namespace that the module's tests stand in, with the API server: nodes are wired to it."""
    with namespaces.standing_in() as path:
        yield path


@pytest.fixture(scope="module")
def installed(hub: str, server: Server) -> Server:
    """An API with our resources and rights. Its own address is 192.0.2.1."""
    subprocess.run(["ip", "addr", "add", "192.0.2.1/32", "dev", "lo"], check=True)
    install(server)
    return server


def install(server: Server) -> None:
    """As `kubectl apply -k deploy/crds -k deploy/base` does it, without what needs a kubelet."""
    server.kubectl("apply", "-k", str(DEPLOY / "crds"))
    for name in INSTALLED:
        server.kubectl("apply", "-f", str(DEPLOY / "base" / f"{name}.yaml"))
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    server.kubectl("api-resources")  # it remembers for minutes what there was before


@pytest.fixture
def make_node(installed: Server, tmp_path: Path) -> Iterator[Callable[..., ClusterNode]]:
    """Nodes with four NICs, whose daemons end with the test; what they said is taken away then."""
    with ExitStack() as opened:
        numbers = count(1)

        def make(**labels: str) -> ClusterNode:
            number = next(numbers)
            node = ClusterNode(installed, NODES[number - 1], tmp_path, opened.enter_context(namespaces.aside()), number)
            node.register(**labels)
            opened.callback(node.clear)
            return node

        yield make
        installed.kubectl("delete", "nncp", "--all", "--wait=false")


@pytest.fixture
def node(make_node: Callable[..., ClusterNode]) -> ClusterNode:
    """One, with its daemon running."""
    made = make_node(role="worker")
    made.start()
    return made
