"""Routes of the same destination, tos and metric (`ip route append`), which a plan has to take away and put back."""

from __future__ import annotations

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import AddAddress, AddRoute, Op, SetLink
from netkernel.reconcile import reconcile
from netkernel.records import Address, Hop, Route
from netkernel.rewind import remember
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.strategies import grown

FIRST = Route("10.1.0.0/16", (Hop("eth0", "192.0.2.254"),))
SECOND = Route("10.1.0.0/16", (Hop("eth0", "192.0.2.253"),))


def host() -> Host:
    up = SetLink("eth0", "", {"up": True}, {"up": False})
    made = grown([up, AddAddress(Address("eth0", "192.0.2.1", 24)), AddRoute(FIRST)])
    return replace(made, routes=(*made.routes, SECOND))


def added(plan: tuple[Op, ...]) -> list[AddRoute]:
    return [op for op in plan if isinstance(op, AddRoute)]


def test_when_their_source_goes_and_comes_back_both_are_put_back() -> None:
    """A new prefix length takes the address away, the last of its link, and with it all routes over the link."""
    before = host()
    target = replace(before, addresses={"eth0": (Address("eth0", "192.0.2.1", 25),)})
    plan = reconcile(before, target)
    assert added(plan) == [AddRoute(FIRST), AddRoute(SECOND, beside=True)]
    assert str(added(plan)[1]).endswith("beside others")


def test_undo_puts_both_back() -> None:
    before = host()
    plan = (SetLink("eth0", "", {"up": False}, {"up": True}),)
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert kernel.snapshot().routes == before.routes
