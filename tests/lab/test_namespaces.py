"""The fixtures every kernel test stands on."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import namespaces

OWN = "/proc/thread-self/ns/net"


def identity(path: str) -> int:
    return os.stat(path).st_ino


def links_here() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


@pytest.mark.needs_kernel("veth")
def test_a_test_stands_alone_in_a_namespace_with_loopback_up(netns: str) -> None:
    assert identity(netns) == identity(OWN)
    assert links_here() == {"lo"}
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.needs_kernel("veth")
@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_is_left_of_the_namespace_of_the_test_before(netns: str, turn: int) -> None:
    assert "left" not in links_here()
    subprocess.run(["ip", "link", "add", "left", "type", "veth", "peer", "name", f"peer{turn}"], check=True)
    assert "left" in links_here()


@pytest.mark.needs_kernel("veth")
def test_a_second_namespace_is_another_one_and_can_be_named_by_its_path(
    netns: str, another_netns: Callable[[], str]
) -> None:
    there, elsewhere = another_netns(), another_netns()
    assert len({identity(netns), identity(there), identity(elsewhere)}) == 3
    assert identity(netns) == identity(OWN)
    said = subprocess.run(
        ["nsenter", f"--net={there}", "ip", "-br", "link"], check=True, capture_output=True, text=True
    ).stdout
    assert said.startswith("lo") and "UP" in said


@pytest.mark.needs_kernel("veth")
def test_the_thread_comes_home_from_where_it_stood() -> None:
    home = identity(OWN)
    with namespaces.standing_in() as path:
        assert identity(OWN) == identity(path) != home
    assert identity(OWN) == home


@pytest.mark.needs_kernel("veth")
def test_a_namespace_aside_is_let_go(netns: str) -> None:
    with namespaces.aside() as path:
        held = Path(path)
        assert held.exists()
    assert not held.exists()
