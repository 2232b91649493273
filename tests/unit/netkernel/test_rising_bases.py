"""A base that comes up takes its VLANs along, since Linux 7 a moment later: plans leave nothing to that moment."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.ops import CreateLink, DeleteAddress, Op, SetLink
from netkernel.reconcile import reconcile
from netkernel.simulation import World, step
from tests.strategies import grown

V5 = CreateLink("v5", "vlan", {"link": "eth0", "id": 5})
V6 = CreateLink("v6", "vlan", {"link": "v5", "id": 6})


def up(name: str, is_up: bool = True) -> Op:
    return SetLink(name, "", {"up": is_up}, {"up": not is_up})


def switched(before: Host, target: Host) -> list[tuple[str, object]]:
    """Which links the plan sets up or down, in order."""
    plan = reconcile(before, target, exact=True)
    return [(op.name, op.new["up"]) for op in plan if isinstance(op, SetLink) and "up" in op.new]


def test_a_vlan_on_a_vlan_comes_up_after_it() -> None:
    before, target = grown([V5, V6]), grown([V5, V6, up("eth0")])
    assert switched(before, target) == [("eth0", True), ("v5", True), ("v6", True)]


def test_a_vlan_that_stays_down_is_taken_off_the_kernels_list_by_being_brought_up_first() -> None:
    before, target = grown([V5]), grown([V5, up("eth0"), up("v5", False)])
    assert switched(before, target) == [("eth0", True), ("v5", True), ("v5", False)]


def test_a_link_local_address_that_awaits_a_carrier_is_not_deleted() -> None:
    """The link had another MAC when it came up; now the kernel will make the address of the present one."""
    address = SetLink("eth0", "", {"address": "02:00:00:00:00:bb"}, {})
    before, target = grown([address]), grown([up("eth0"), address])
    plan = reconcile(before, target, exact=True)
    assert [op for op in plan if isinstance(op, DeleteAddress)] == []


def test_nor_is_it_named_as_lost_when_the_link_goes_down_again() -> None:
    address = SetLink("eth0", "", {"address": "02:00:00:00:00:bb"}, {})
    world = World(grown([SetLink("eth0", "", {"mtu": 1200}, {})]))
    lost: list[Op] = []
    for op in (up("eth0"), SetLink("eth0", "", {"mtu": 1500}, {}), address, up("eth0", False)):
        step(world, op)
        lost += world.lost
    assert lost == []
