"""Waiting for changes: woken by them, and only by them."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from netkernel.kernel import LinuxKernel
from netkernel.ops import AddAddress, AddRoute, AddRule, AddVlans, CreateLink, DeleteLink, Op, SetLink
from netkernel.records import Address, Hop, Route, Rule, VlanRange

SHORT_S = 0.05
SETTLED_S = 1.1
"""The kernel tells of carrier changes at most once a second (linkwatch)."""
LONG_S = 40.0


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as there:
        there.execute(
            [
                CreateLink("br0", "bridge", {"vlan_filtering": 1, "up": True, "addr_gen_mode": "none"}),
                CreateLink("v0", "veth", {"peer": "v1", "master": "br0", "up": True, "addr_gen_mode": "none"}),
                AddAddress(Address("br0", "192.0.2.1", 24)),
            ]
        )
        yield there


def settle(kernel: LinuxKernel) -> None:
    """Until nothing happens any more."""
    deadline = time.monotonic() + LONG_S
    kernel.snapshot()
    while kernel.wait(SETTLED_S):
        assert time.monotonic() < deadline
        kernel.snapshot()


CHANGES: list[Op] = [
    CreateLink("v2", "veth", {"peer": "v3"}),
    DeleteLink("v0", "veth"),
    SetLink("v0", "veth", {"mtu": 1400}, {"mtu": 1500}),
    AddAddress(Address("br0", "192.0.2.2", 24)),
    AddAddress(Address("br0", "2001:db8::2", 64)),
    AddRoute(Route("10.0.0.0/8", (Hop("br0", "192.0.2.9"),))),
    AddRoute(Route("2001:db8:1::/48", (Hop("br0"),), metric=1024)),
    AddRule(Rule(4, 1000, table=1000)),
    AddRule(Rule(6, 1000, table=1000)),
    AddVlans("v0", VlanRange(7, 9)),
]


@pytest.mark.needs_kernel("bridge_vlan", "veth", "policy_routing")
@pytest.mark.parametrize("op", CHANGES, ids=str)
def test_a_change_wakes_who_waits(kernel: LinuxKernel, op: Op) -> None:
    before = kernel.snapshot()
    with LinuxKernel() as somebody:
        timer = threading.Timer(SHORT_S, somebody.execute, [[op]])
        timer.start()
        while kernel.snapshot() == before:  # carrier may come and wake us too
            assert kernel.wait(LONG_S)
        timer.join()


@pytest.mark.needs_kernel("bridge_vlan", "veth")
def test_a_change_between_the_snapshot_and_the_wait_is_not_missed(kernel: LinuxKernel) -> None:
    settle(kernel)
    kernel.execute([AddAddress(Address("br0", "192.0.2.2", 24))])
    assert kernel.wait(LONG_S)
    kernel.execute([AddAddress(Address("br0", "192.0.2.3", 24))])
    kernel.snapshot()
    assert not kernel.wait(SHORT_S)


@pytest.mark.needs_kernel("bridge_vlan", "veth")
def test_more_events_than_the_socket_holds_are_a_change_and_then_it_hears_again(kernel: LinuxKernel) -> None:
    batch = "".join(f"link set v0 mtu {1400 + n % 100}\n" for n in range(20_000))
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    assert kernel.wait(LONG_S)
    settle(kernel)
    kernel.execute([SetLink("v0", "veth", {"mtu": 1300}, {"mtu": 1500})])
    assert kernel.wait(LONG_S)
    assert kernel.snapshot().links["v0"].mtu == 1300
