"""A link gets another name, and all that refers to it follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from netkernel.differences import differences
from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddAddress, AddNeighbour, AddRoute, CreateLink, Op, RenameLink, SetLink, WriteSysctl
from netkernel.records import Address, Hop, Neighbour, Route
from netkernel.settings import parts
from netkernel.simulation import perform

PAIR = CreateLink("v0", "veth", {"peer": "v1", "up": True})
DOWN = SetLink("v0", "veth", {"up": False}, {"up": True})
RENAMED = RenameLink("v0", "pod-nic")
FULL: Sequence[Op] = [
    PAIR,
    CreateLink("br0", "bridge"),
    WriteSysctl("net/ipv6/conf/v0/keep_addr_on_down", "1", "0"),
    WriteSysctl("net/ipv4/conf/v0/arp_notify", "1", "0"),
    AddAddress(Address("v0", "192.0.2.1", 24, label="v0:a")),
    AddAddress(Address("v0", "192.0.2.2", 24, label="v0:b")),
    AddAddress(Address("v0", "192.0.2.3", 24)),
    AddAddress(Address("v0", "2001:db8::1", 64, flags=2)),
    SetLink("v0", "veth", {"master": "br0"}, {"master": ""}),
    CreateLink("above", "macvlan", {"link": "v1"}),
    DOWN,
    AddNeighbour(Neighbour("v0", "192.0.2.77", "02:00:00:00:00:99")),
]


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as there:
        yield there


@pytest.mark.needs_kernel("veth", "bridge", "macvlan")
@pytest.mark.parametrize("name", ["v0", "v1", "br0"])
def test_the_model_and_the_kernel_agree_on_what_follows_a_name(kernel: LinuxKernel, name: str) -> None:
    kernel.execute(FULL)
    kernel.execute([SetLink("v1", "veth", {"up": False}, {"up": True})])
    before = kernel.snapshot(parts([name]))
    op = RenameLink(name, "other")
    model = perform(before, op)
    kernel.execute([op])
    now = kernel.snapshot(parts(["other"]))
    assert list(differences(model, now)) == []
    assert {path.replace("/other/", f"/{name}/") for path in now.sysctls} == set(before.sysctls)
    assert now.links["other"].index == before.links[name].index
    back = op.inverse()
    model = perform(now, back)
    kernel.execute([back])
    assert list(differences(model, kernel.snapshot(parts([name])))) == []


@pytest.mark.needs_kernel("veth", "bridge")
def test_within_one_batch_the_old_name_is_free_for_another_link(kernel: LinuxKernel) -> None:
    kernel.execute([PAIR])
    index = kernel.snapshot().links["v0"].index
    moved = SetLink("pod-nic", "veth", {"mtu": 1400}, {"mtu": 1500})
    new = CreateLink("v0", "bridge", {"mtu": 1300})
    address = AddAddress(Address("v0", "192.0.2.1", 24))
    kernel.execute([DOWN, RENAMED, moved, new, address, AddRoute(Route("203.0.113.0/24", (Hop("lo"),)))])
    host = kernel.snapshot()
    assert (host.links["pod-nic"].index, host.links["pod-nic"].mtu) == (index, 1400)
    assert (host.links["v0"].kind, host.links["v0"].mtu) == ("bridge", 1300)
    assert [each.ip for each in host.addresses["v0"]] == ["192.0.2.1"]


@pytest.mark.needs_kernel("veth", "bridge")
def test_the_old_name_is_nobodys_in_the_batch_that_takes_it_away(kernel: LinuxKernel) -> None:
    kernel.execute([PAIR])
    with pytest.raises(KernelRefused, match="there is no link 'v0'"):
        kernel.execute([DOWN, RENAMED, SetLink("v0", "veth", {"mtu": 1400}, {"mtu": 1500})])


@pytest.mark.needs_kernel("veth")
@pytest.mark.parametrize(("op", "said"), [(RenameLink("v0", "v1"), "File exists"), (RenameLink("v7", "v8"), "no link")])
def test_a_name_that_is_taken_and_a_link_that_is_not_there_are_refused(
    kernel: LinuxKernel, op: RenameLink, said: str
) -> None:
    kernel.execute([PAIR, DOWN])
    before = kernel.snapshot()
    with pytest.raises(KernelRefused, match=said):
        kernel.execute([op])
    with pytest.raises(KernelRefused):
        perform(before, op)
    assert kernel.snapshot() == before
