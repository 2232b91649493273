"""A node in a throw-away namespace: four NICs with carrier, and a daemon that ends with the test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from tests.node.process import Daemon

NICS = ("eth0", "eth1", "eth2", "eth3")


def plug(name: str) -> None:
    """A NIC with carrier: an end of a wire whose other end is up. No policy makes it."""
    made = f"ip link add {name} type veth peer name p{name}; ip link set p{name} up; ip link set {name} up"
    subprocess.run(["sh", "-euc", made], check=True)


def ip(words: str) -> None:
    """What somebody does by hand."""
    subprocess.run(["ip", *words.split()], check=True)


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    """Of this test's own namespace, with its NICs."""
    for name in NICS:
        plug(name)
    with LinuxKernel() as kernel:
        yield kernel


@pytest.fixture
def node(kernel: LinuxKernel, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.die()


@pytest.fixture
def gateway(kernel: LinuxKernel, another_netns: Callable[[], str]) -> str:
    """The address of somebody at the other end of eth0, which has one of the same subnet."""
    there = another_netns()
    ip(f"link set peth0 netns {there}")
    far = "ip addr add 192.0.2.1/24 dev peth0; ip link set peth0 up"
    subprocess.run(["nsenter", f"--net={there}", "sh", "-euc", far], check=True)
    ip("addr add 192.0.2.9/24 dev eth0")
    return "192.0.2.1"
