"""Plans on a real kernel: they lead from any host to any other, and from every place in them there is a way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from lab import namespaces
from netkernel import sysctl
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import (
    AddAddress,
    AddRoute,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    Op,
    SetLink,
    WriteSysctl,
)
from netkernel.reconcile import reconcile
from netkernel.records import Address, Hop, Route
from netkernel.rewind import Remembered, remember
from netkernel.undo import undo, way_back
from tests.same_host import changes, indexes
from tests.strategies import NODAD, bare, busy

pytestmark = pytest.mark.needs_kernel(
    "bonding", "vlan", "bridge_vlan", "dummy", "macsec", "tap", "ipv6", "policy_routing"
)

PATIENCE_S = 30.0
QUIET_S = 0.03
"""Since Linux 7 VLANs follow their base from a work queue (netdev_work_proc), within a few milliseconds."""
EXAMPLES = settings(deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))


@contextmanager
def standing() -> Iterator[LinuxKernel]:
    """A kernel with the NICs of `strategies.bare`, as dummies, in a namespace of its own."""
    with namespaces.standing_in(), LinuxKernel() as kernel:
        kernel.execute([CreateLink(link.name, "dummy", {"address": link.address}) for link in bare().links.values()])
        yield kernel


def each_tried(kernel: LinuxKernel, ops: Sequence[Op]) -> list[str]:
    """Execute the ops one by one, whatever becomes of the others; what the kernel said to those it refused."""
    refused = []
    for op in ops:
        try:
            kernel.execute([op])
        except KernelRefused as error:
            refused.append(str(error))
    return refused


def grown(kernel: LinuxKernel, history: Sequence[Op]) -> Host:
    """What stands after all of `history` that the kernel takes, once it has done its own part."""
    each_tried(kernel, history)
    host = kernel.snapshot()
    while kernel.wait(QUIET_S):
        host = kernel.snapshot()
    return host


def lasting(kernel: LinuxKernel, target: Host) -> list[str]:
    """Where the kernel differs from `target`, once it does nothing by itself any more."""
    deadline = monotonic() + PATIENCE_S
    while (found := changes(target, kernel.snapshot())) and (left_s := deadline - monotonic()) > 0:
        kernel.wait(left_s)
    return found


@settings(EXAMPLES, max_examples=40)
@given(busy(), busy())
def test_a_plan_leads_from_any_host_to_any_other(one: list[Op], other: list[Op]) -> None:
    with standing() as kernel:
        target = grown(kernel, other)
    with standing() as kernel:
        plan = reconcile(grown(kernel, one), target, exact=True)
        kernel.execute(plan)
        assert lasting(kernel, target) == [], "\n".join(map(str, plan))


def dead_after(plan: Sequence[Op], place: int) -> Sequence[Op]:
    """What is done of a plan when the process dies."""
    return plan[: place + 1]


def refused_at(plan: Sequence[Op], place: int) -> Sequence[Op]:
    """What is done of a plan whose op the kernel refuses: the rest of the send as well, as far as it can be."""
    return [*plan[:place], *plan[place + 1 :]]


@pytest.mark.parametrize("interrupted", [dead_after, refused_at])
@settings(EXAMPLES, max_examples=8)
@given(busy(), busy())
def test_from_every_place_in_a_plan_undo_finds_back(
    interrupted: Callable[[Sequence[Op], int], Sequence[Op]], one: list[Op], other: list[Op]
) -> None:
    with standing() as kernel:
        target = grown(kernel, other)
    with standing() as kernel:
        plan = reconcile(grown(kernel, one), target, exact=True)
        for place in range(len(plan)):
            before = kernel.snapshot()
            plan = reconcile(before, target, exact=True)  # MACs that the kernel deals out are others now
            remembered = Remembered.from_json(remember(before, plan).to_json())
            done = interrupted(plan, place)
            each_tried(kernel, done)
            assert undo(kernel, remembered) == (), "\n".join(map(str, done))
            assert lasting(kernel, before) == [], "\n".join(map(str, done))
            assert indexes(kernel.snapshot()) == indexes(before)


def test_each_address_comes_back_to_its_place() -> None:
    """The first of a family is the one the host speaks with."""
    four = [Address("eth0", ip, 24) for ip in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.51.100.2", "192.0.2.2")]
    six = [Address("eth0", f"2001:db8::{host}", 64, flags=NODAD) for host in (1, 2, 3)]
    with standing() as kernel:
        kernel.execute([SetLink("eth0", "", {"up": True}, {"up": False}), *map(AddAddress, (*four, *six))])
        before = kernel.snapshot()
        for gone in (*four, *six):
            plan = (DeleteAddress(gone),)
            remembered = remember(before, plan)
            kernel.execute(plan)
            assert undo(kernel, remembered) == ()
            assert lasting(kernel, before) == []


OWN = {
    "net/ipv4/conf/v5/rp_filter": "2",
    "net/ipv4/conf/v5/arp_ignore": "1",
    "net/ipv4/neigh/v5/ucast_solicit": "5",
    "net/ipv6/conf/v5/router_solicitation_interval": "7",
    "net/ipv6/conf/v5/stable_secret": "2001:0db8:0000:0000:0000:0000:0000:0001",
    "net/ipv6/neigh/v5/retrans_time_ms": "500",
    "net/ipv6/conf/v5/hop_limit": "65",
}


@pytest.mark.parametrize(
    "plan",
    [
        (DeleteLink("d0", "dummy"),),
        (SetLink("d0", "dummy", {"mtu": 1200}, {}),),
        (DeleteLink("v5", "vlan"), CreateLink("v5", "vlan", {"link": "d0", "id": 6})),
    ],
)
def test_settings_that_only_proc_knows_come_back_with_their_link(plan: tuple[Op, ...]) -> None:
    with standing() as kernel:
        kernel.execute([CreateLink("d0", "dummy", {"up": True}), CreateLink("v5", "vlan", {"link": "d0", "id": 5})])
        kernel.execute([WriteSysctl(path, value, "") for path, value in OWN.items()])
        before = kernel.snapshot()
        assert before.links["v5"].attrs["addr_gen_mode"] == "stable_secret"
        remembered = Remembered.from_json(way_back(kernel, before, plan).to_json())
        kernel.execute(plan)
        assert undo(kernel, remembered) == ()
        assert {path: sysctl.read(path) for path in OWN} == OWN
        assert lasting(kernel, before) == []
        assert reconcile(kernel.snapshot(), before, exact=True) == ()


def test_routes_that_stood_beside_each_other_do_so_again() -> None:
    """Same destination, tos and metric: `ip route append` makes them, and a link going down takes them all."""
    up, down = ({"up": True}, {"up": False})
    beside = [Route("10.1.0.0/16", (Hop("eth0", f"192.0.2.{host}"),)) for host in (254, 253)]
    six = [Route("2001:db8:1::/48", (Hop(name),), metric=100) for name in ("eth0", "eth1")]
    with standing() as kernel:
        kernel.execute([SetLink("eth0", "", up, down), SetLink("eth1", "", up, down)])
        kernel.execute([AddAddress(Address("eth0", "192.0.2.1", 24)), AddRoute(beside[0]), AddRoute(six[0])])
        kernel.execute([AddRoute(beside[1], beside=True), AddRoute(six[1], beside=True)])
        before = kernel.snapshot()
        assert set(before.routes) == {*beside, *six}
        plan = (SetLink("eth0", "", down, up),)
        kernel.execute(plan)
        assert undo(kernel, remember(before, plan)) == ()
        assert [each for each in kernel.snapshot().routes if each in beside] == beside
        for gone in (*beside, *six):
            kernel.execute([DeleteRoute(gone)])
            assert undo(kernel, remember(before, [DeleteRoute(gone)])) == ()
            assert [each for each in kernel.snapshot().routes if each in beside] == beside
        assert lasting(kernel, before) == []
