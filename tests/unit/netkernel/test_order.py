"""Addresses and routes whose order says which one the kernel takes: undo puts each back in its place."""

from __future__ import annotations

import pytest

from netkernel.host import Host
from netkernel.ops import AddAddress, AddRoute, DeleteAddress, DeleteRoute, Op, SetLink
from netkernel.reconcile import reconcile
from netkernel.records import Address, Hop, Route
from netkernel.rewind import remember
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.same_host import changes
from tests.strategies import NODAD, grown

UP = SetLink("eth0", "", {"up": True}, {"up": False})
FOUR = tuple(
    Address("eth0", ip, 24) for ip in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.51.100.2", "192.0.2.2")
)
SIX = tuple(Address("eth0", f"2001:db8::{host}", 64, flags=NODAD) for host in (1, 2, 3, 4))
ROUTES = tuple(Route("10.1.0.0/16", (Hop("eth0", f"192.0.2.{host}"),)) for host in (254, 253, 252))


def host() -> Host:
    """eth0 with five IPv4 addresses, two of them secondary, four of IPv6 and three routes to one place."""
    return grown([UP, *map(AddAddress, (*FOUR, *SIX)), *(AddRoute(route, beside=True) for route in ROUTES)])


def undone(before: Host, *plan: Op, meanwhile: tuple[Op, ...] = ()) -> FakeKernel:
    """The kernel after the plan and its undoing, which left nothing behind."""
    remembered, kernel = remember(before, plan), FakeKernel(before)
    kernel.execute([*plan, *meanwhile])
    assert undo(kernel, remembered) == ()
    return kernel


@pytest.mark.parametrize("gone", (*FOUR, *SIX), ids=lambda address: address.ip)
def test_an_address_comes_back_to_its_place(gone: Address) -> None:
    before = host()
    assert changes(before, undone(before, DeleteAddress(gone)).snapshot()) == []


@pytest.mark.parametrize("gone", ROUTES, ids=lambda route: route.hops[0].gateway)
def test_a_route_comes_back_to_its_place_among_those_of_its_key(gone: Route) -> None:
    before = host()
    assert undone(before, DeleteRoute(gone)).snapshot().routes == before.routes


def test_what_others_have_added_meanwhile_stays_where_it_is() -> None:
    before = host()
    theirs = Address("eth0", "2001:db8::99", 64, flags=NODAD)
    kernel = undone(before, DeleteAddress(SIX[3]), meanwhile=(AddAddress(theirs),))
    six = [each.ip for each in kernel.snapshot().addresses["eth0"] if each.ip.startswith("2001:db8::")]
    assert six == ["2001:db8::4", "2001:db8::99", "2001:db8::3", "2001:db8::2", "2001:db8::1"]
    assert kernel.executed[2:] == [AddAddress(SIX[3])]


def test_what_stands_in_its_place_is_not_touched_when_something_goes_and_comes_behind_it() -> None:
    before = host()
    kernel = undone(before, DeleteAddress(SIX[3]), DeleteAddress(FOUR[4]))
    assert sorted(map(str, kernel.executed[2:])) == [
        "add address 192.0.2.2/24 on eth0", "add address 2001:db8::4/64 on eth0",
    ]  # fmt: skip


def test_order_alone_is_no_difference_to_a_policy() -> None:
    one, other = grown([UP, *map(AddAddress, SIX)]), grown([UP, *map(AddAddress, reversed(SIX))])
    assert reconcile(one, other) == ()
    assert reconcile(one, other, exact=True) != ()
