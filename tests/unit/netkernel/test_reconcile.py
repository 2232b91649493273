"""Plans between any two hosts: they arrive, they are not repeated, and whatever happens on the way can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.link_local import is_link_local
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddRoute,
    CreateLink,
    DeleteAddress,
    DeleteNeighbour,
    DeleteRoute,
    Op,
    SetLink,
    inverse,
)
from netkernel.reconcile import irreversible, reconcile
from netkernel.records import Address, Hop, Neighbour, Route
from netkernel.rewind import Remembered, remember
from netkernel.undo import undo
from tests.fake_kernel import Crash, FakeKernel
from tests.same_host import changes, indexes
from tests.strategies import bare, busy, grown, histories


@settings(max_examples=150, deadline=None)
@given(histories, histories)
def test_a_plan_leads_from_any_host_to_any_other_and_then_there_is_nothing_to_do(
    one: list[Op], other: list[Op]
) -> None:
    before, target = grown(one), grown(other)
    kernel = FakeKernel(before)
    kernel.execute(reconcile(before, target, exact=True))
    late = reconcile(kernel.snapshot(), target, exact=True)  # what came with the carrier could not be deleted before
    assert all(isinstance(op, DeleteAddress) and is_link_local(op.address) for op in late)
    kernel.execute(late)
    assert [str(op) for op in reconcile(kernel.snapshot(), target, exact=True)] == []
    assert kernel.snapshot().links.keys() == target.links.keys()


@settings(max_examples=60, deadline=None)
@given(histories, histories)
def test_a_refusal_at_every_op_is_undone(one: list[Op], other: list[Op]) -> None:
    refused_at_every_op(grown(one), grown(other))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(busy(), busy())
def test_a_refusal_at_every_op_is_undone_on_hosts_with_much_on_them(one: list[Op], other: list[Op]) -> None:
    refused_at_every_op(grown(one), grown(other))


def refused_at_every_op(before: Host, target: Host) -> None:
    plan = reconcile(before, target)
    remembered = Remembered.from_json(remember(before, plan).to_json())
    for position in range(len(plan)):
        kernel = FakeKernel(before, refuse_at=position)
        with pytest.raises(KernelRefused):
            kernel.execute(plan)
        assert undo(kernel, remembered) == ()
        assert not_restored(before, kernel.snapshot()) == []
        assert indexes(kernel.snapshot()) == indexes(before)


def not_restored(before: Host, now: Host) -> list[str]:
    """What differs, but for the MTU of a tunnel that the model could not foretell: a real host has none unknown."""
    return [each for each in changes(before, now, link_local=True) if "mtu: None -> " not in each]


@settings(max_examples=60, deadline=None)
@given(histories, histories)
def test_a_death_before_every_op_is_undone_by_whoever_comes_next(one: list[Op], other: list[Op]) -> None:
    before, target = grown(one), grown(other)
    plan = reconcile(before, target)
    remembered = remember(before, plan)
    for position in range(len(plan)):
        kernel = FakeKernel(before, crash_at=position)
        with pytest.raises(Crash):
            kernel.execute(plan)
        assert undo(kernel, remembered) == ()
        assert not_restored(before, kernel.snapshot()) == []
        assert indexes(kernel.snapshot()) == indexes(before)


@given(histories)
def test_a_host_needs_nothing_to_be_itself(history: list[Op]) -> None:
    host = grown(history)
    assert reconcile(host, host) == ()
    assert reconcile(host, replace(host, links=dict(host.links), routes=tuple(reversed(host.routes)))) == ()


def test_a_plan_of_simple_ops_is_taken_back_by_its_inverse() -> None:
    host = bare()
    plan = (
        CreateLink("d0", "dummy", {"mtu": 1400}),
        SetLink("eth0", "", {"mtu": 1400}, {"mtu": 1500}),
        AddAddress(Address("eth0", "192.0.2.1", 24)),
    )
    kernel = FakeKernel(host)
    kernel.execute(plan)
    kernel.execute(inverse(plan))
    assert kernel.snapshot() == host


def test_what_a_link_going_down_loses_is_named_and_put_back() -> None:
    bond = CreateLink("bond0", "bond", {"mode": "802.3ad", "ad_lacp_rate": "slow"})
    route = Route("10.1.0.0/16", (Hop("bond0", "192.0.2.254"),))
    six = Address("bond0", "2001:db8::1", 64)
    up = SetLink("bond0", "bond", {"up": True}, {"up": False})
    before = grown([bond, up, AddAddress(Address("bond0", "192.0.2.1", 24)), AddAddress(six), AddRoute(route)])
    link = before.links["bond0"]
    target = replace(
        before, links={**before.links, "bond0": replace(link, attrs={**link.attrs, "ad_lacp_rate": "fast"})}
    )
    plan = reconcile(before, target)
    down = next(place for place, op in enumerate(plan) if isinstance(op, SetLink) and op.new == {"up": False})
    assert DeleteRoute(route) in plan[:down]
    assert DeleteAddress(six) in plan[:down]
    assert plan[-2:] == (AddAddress(six), AddRoute(route))


def test_a_bridges_mac_that_floats_is_said_not_to_come_back() -> None:
    before = grown([CreateLink("br0", "bridge", {}), SetLink("eth0", "", {"master": "br0"}, {"master": ""})])
    plan = (SetLink("br0", "bridge", {"address": "02:00:00:00:00:cc"}, {"address": "02:00:00:00:00:01"}),)
    assert [line for line in irreversible(before, plan) if line.startswith("br0: its MAC")]


def test_a_new_mac_takes_permanent_neighbours_along_and_they_are_put_back() -> None:
    neighbour = Neighbour("eth0", "192.0.2.77", "02:00:00:00:00:99")
    before = grown([AddNeighbour(neighbour)])
    eth0 = before.links["eth0"]
    target = replace(
        before, links={**before.links, "eth0": replace(eth0, attrs={**eth0.attrs, "address": "02:00:00:00:00:aa"})}
    )
    plan = reconcile(before, target)
    assert [type(op) for op in plan] == [DeleteNeighbour, SetLink, AddNeighbour]


def test_the_first_link_local_address_of_a_link_without_carrier_is_left_to_the_kernel() -> None:
    up = SetLink("eth0", "", {"up": True}, {"up": False})
    target = grown([up])
    before = replace(target, addresses={})
    assert len(reconcile(before, target)) == 1
    eth0 = replace(before.links["eth0"], carrier=False)
    assert reconcile(replace(before, links={**before.links, "eth0": eth0}), target) == ()
