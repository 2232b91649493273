"""Undo puts back what it can, whatever has become of the host meanwhile, and says what it could not."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteVlans,
    MoveLink,
    Op,
    SetLink,
)
from netkernel.records import Address, Hop, Link, Neighbour, Nexthop, Route, VlanRange
from netkernel.rewind import remember
from netkernel.simulation import World, step
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.same_host import changes
from tests.strategies import grown

UP = SetLink("eth1", "", {"up": True}, {"up": False})
BUSY_NIC: Sequence[Op] = (
    CreateLink("v5", "vlan", {"link": "eth1", "id": 5}),
    UP,
    AddAddress(Address("eth1", "192.0.2.1", 24)),
    AddNeighbour(Neighbour("eth1", "192.0.2.77", "02:00:00:00:00:99")),
    AddNexthop(Nexthop(7, link="eth1")),
    AddRoute(Route("10.1.0.0/16", (Hop("eth1"),), scope=253, source="192.0.2.1")),
    AddRoute(Route("10.2.0.0/16", nexthop=7)),
)
DOWN = SetLink("eth1", "", {"up": False}, {"up": True})
SMALL = SetLink("eth0", "", {"mtu": 1400}, {"mtu": 1500})


def after(host: Host, *ops: Op) -> Host:
    world = World(host)
    for op in ops:
        step(world, op)
    return world.host()


def test_a_nic_that_vanishes_in_the_middle_is_reported_and_the_rest_is_put_back() -> None:
    before = grown(BUSY_NIC)
    gone = after(before, SMALL, DOWN, MoveLink("eth1", "/here", "/there"))
    kernel = FakeKernel(gone)
    left = undo(kernel, remember(before, (SMALL, DOWN)))
    assert left[:2] == ("eth1: is gone", "v5: is gone")
    assert any("10.2.0.0/16" in line for line in left[2:])
    assert kernel.snapshot().links["eth0"].mtu == 1500


def test_a_link_of_a_kind_nobody_here_can_make_is_reported() -> None:
    made = grown([CreateLink("d0", "dummy"), SetLink("d0", "dummy", {"up": True}, {"up": False})])
    tunnel = Link("gre0", "erspan", attrs={**made.links["d0"].attrs, "link": "d0", "address": "02:00:00:00:00:55"})
    before = replace(made, links={**made.links, "gre0": tunnel})
    plan = (DeleteLink("d0", "dummy"),)
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ("gre0: is gone",)
    assert kernel.snapshot().links.keys() == before.links.keys() - {"gre0"}


def test_what_is_as_it_was_is_not_touched() -> None:
    before = grown(BUSY_NIC)
    kernel = FakeKernel(before)
    assert undo(kernel, remember(before, (DOWN,))) == ()
    assert kernel.executed == []


def test_an_op_that_undo_itself_is_refused_does_not_keep_it_from_the_others() -> None:
    before = grown(BUSY_NIC)
    plan = (SMALL, SetLink("eth2", "", {"mtu": 1400}, {"mtu": 1500}))
    kernel = FakeKernel(before, refuse_at=2)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert changes(before, kernel.snapshot()) == []


def test_a_bridge_that_let_no_vlan_through_to_itself_does_so_no_more() -> None:
    """The kernel shows no table that is empty."""
    before = grown([CreateLink("br0", "bridge"), DeleteVlans("br0", VlanRange(1, 1)), CreateLink("br1", "bridge")])
    plan = (AddVlans("br0", VlanRange(7, 7)),)
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert changes(before, kernel.snapshot()) == []


def test_what_somebody_else_has_put_on_a_touched_link_meanwhile_stays() -> None:
    before = grown(BUSY_NIC)
    theirs = Address("eth0", "198.51.100.9", 24)
    kernel = FakeKernel(before)
    kernel.execute([SMALL, AddAddress(theirs)])
    assert undo(kernel, remember(before, (SMALL,))) == ()
    assert theirs in kernel.snapshot().addresses["eth0"]


def test_a_link_that_stayed_up_without_carrier_has_its_link_local_address_again() -> None:
    """IPv6 has begun there: the kernel makes no other, whatever becomes of the carrier."""
    up = SetLink("t0", "tun", {"up": True}, {"up": False})
    before = grown([CreateLink("t0", "tun", {"mode": "tap"}), up])
    (address,) = before.addresses["t0"]
    plan = (SetLink("t0", "tun", {"address": "02:00:00:00:00:77"}, {}), DeleteAddress(address))
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert changes(before, kernel.snapshot(), link_local=True) == []
