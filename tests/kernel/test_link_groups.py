"""Many links deleted with one message: by the group they were put into, and nothing but that group."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from netkernel.codec import links
from netkernel.kernel import LinuxKernel
from netkernel.netlink import Socket
from netkernel.ops import CreateLink, SetLink

pytestmark = pytest.mark.needs_kernel("bonding", "bridge", "vlan", "dummy", "veth")

OURS, THEIRS = 0x5EEDF00D, 0x5EEDF00E
STACK = [
    CreateLink("d0", "dummy"),
    CreateLink("bond0", "bond", {"mode": "active-backup"}),
    SetLink("d0", "dummy", {"master": "bond0"}, {"master": ""}),
    CreateLink("br0", "bridge"),
    SetLink("bond0", "bond", {"master": "br0", "up": True}, {"master": "", "up": False}),
    CreateLink("br0.5", "vlan", {"link": "br0", "id": 5}),
    CreateLink("p0", "veth", {"peer": "p1"}),
    CreateLink("stranger", "dummy"),
]
GROUPS = {"d0": OURS, "bond0": OURS, "br0": OURS, "br0.5": OURS, "p0": OURS, "p1": OURS, "stranger": THEIRS}


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    """Links of two groups on each other, and lo in none."""
    with LinuxKernel() as kernel, Socket() as socket:
        kernel.execute(STACK)
        there = kernel.snapshot().links
        assert socket.write([links.set_group(there[name].index, group) for name, group in GROUPS.items()]) == {}
        yield kernel


def test_a_group_goes_with_one_message_and_others_stay(kernel: LinuxKernel) -> None:
    assert {name: link.attrs["group"] for name, link in kernel.snapshot().links.items()} == {**GROUPS, "lo": 0}
    with Socket() as socket:
        assert socket.write([links.delete_group(OURS)]) == {}
        assert kernel.snapshot().links.keys() == {"lo", "stranger"}
        assert socket.write([links.delete_group(OURS)])[0].errno == errno.ENODEV


def test_one_that_nobody_deletes_keeps_its_whole_group(kernel: LinuxKernel) -> None:
    """So a NIC that got into the group by mistake costs nothing."""
    before = kernel.snapshot().links.keys()
    with Socket() as socket:
        assert socket.write([links.set_group(kernel.snapshot().links["lo"].index, OURS)]) == {}
        assert socket.write([links.delete_group(OURS)])[0].errno == errno.EOPNOTSUPP
    assert kernel.snapshot().links.keys() == before
