"""What the kernel does on each op: the casualties it takes along, what it brings along, and what it refuses."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import pytest

from netkernel import devconf
from netkernel.errors import KernelRefused
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
    Op,
    SetLink,
    SetPort,
    WriteSysctl,
)
from netkernel.records import Address, Hop, Link, Neighbour, Nexthop, Route, Value, VlanRange
from netkernel.simulation import World, perform, step
from tests.strategies import NODAD, grown


def told(name: str, **new: Value) -> SetLink:
    return SetLink(name, "", new, {})


UP, DOWN = told("eth0", up=True), told("eth0", up=False)
FOUR = Address("eth0", "192.0.2.1", 24)
SECOND = Address("eth0", "192.0.2.2", 24)
SIX = Address("eth0", "2001:db8::1", 64, flags=NODAD)
VLAN = CreateLink("v5", "vlan", {"link": "eth0", "id": 5})
ON_VLAN = CreateLink("v6", "vlan", {"link": "v5", "id": 6})
VIA = Route("10.1.0.0/16", (Hop("eth0", "192.0.2.9"),))
NAMES_SOURCE = Route("10.2.0.0/16", (Hop("eth0", "192.0.2.9"),), source="192.0.2.2")
SIX_VIA = Route("2001:db8:1::/48", (Hop("eth0", "2001:db8::9"),), metric=1024)
PERMANENT = Neighbour("eth0", "192.0.2.77", "02:00:00:00:00:99")
HAIRPIN = SetPort("eth0", "bridge", {"hairpin": 1}, {})
BOND, BRIDGE = CreateLink("bond0", "bond", {"mode": "active-backup"}), CreateLink("br0", "bridge")


def lost(history: Sequence[Op], op: Op) -> list[str]:
    """What the op destroys without being asked, as the ops that would have done it."""
    world = World(grown(list(history)))
    step(world, op)
    return [str(each) for each in world.lost]


CASUALTIES = [
    ([UP, AddAddress(FOUR), AddRoute(VIA)], DOWN, ["delete route 10.1.0.0/16 via 192.0.2.9 on eth0"]),
    ([UP, AddAddress(SIX), AddRoute(SIX_VIA)], DOWN, [
        "delete route 2001:db8:1::/48 via 2001:db8::9 on eth0 metric 1024", "delete address 2001:db8::1/64 on eth0",
    ]),
    ([UP, AddNeighbour(PERMANENT)], DOWN, ["delete neighbour 192.0.2.77 on eth0"]),
    ([UP, AddNexthop(Nexthop(7, link="eth0")), AddRoute(Route("10.3.0.0/16", nexthop=7))], DOWN, [
        "delete route 10.3.0.0/16 nexthop-id 7", "delete nexthop 7 on eth0",
    ]),
    ([VLAN, UP], DOWN, ["set v5 up yes -> no"]),
    ([VLAN, ON_VLAN, UP], told("eth0", mtu=1400), ["set v6 mtu 1500 -> 1400", "set v5 mtu 1500 -> 1400"]),
    ([VLAN, ON_VLAN], DeleteLink("v5", "vlan"), ["delete vlan v6"]),
    ([BRIDGE, told("eth0", master="br0")], DeleteLink("br0", "bridge"), ["set eth0 master br0 -> none"]),
    ([BRIDGE, told("eth0", master="br0"), AddVlans("eth0", VlanRange(7, 9)), HAIRPIN], told("eth0", master=""), [
        "set bridge port eth0 hairpin 1 -> 0", "delete vlan 7-9 from eth0",
    ]),
    ([UP, AddAddress(FOUR), AddAddress(SECOND), AddRoute(NAMES_SOURCE)], DeleteAddress(FOUR), [
        "delete address 192.0.2.2/24 on eth0", "delete route 10.2.0.0/16 via 192.0.2.9 on eth0 source 192.0.2.2",
    ]),
    ([UP, AddAddress(SIX)], told("eth0", mtu=1200), ["delete address 2001:db8::1/64 on eth0"]),
    ([UP, AddAddress(SIX)], WriteSysctl("net/ipv6/conf/eth0/disable_ipv6", "1", "0"),
     ["delete address 2001:db8::1/64 on eth0"]),
]  # fmt: skip


@pytest.mark.parametrize(("history", "op", "casualties"), CASUALTIES, ids=[str(op) for _, op, _ in CASUALTIES])
def test_casualties_are_named_in_an_order_the_kernel_takes(history: list[Op], op: Op, casualties: list[str]) -> None:
    assert lost(history, op) == casualties


def test_a_base_that_comes_up_takes_its_vlans_along_but_loosely_bound_ones() -> None:
    loose = CreateLink("v7", "vlan", {"link": "eth0", "id": 7, "loose_binding": True})
    world = World(grown([VLAN, ON_VLAN, loose]))
    step(world, UP)
    assert world.lifted == ["v5", "v6"]
    assert not world.links["v7"].up


def test_below_the_smallest_mtu_ipv6_is_gone_with_its_settings_and_comes_back_with_the_defaults() -> None:
    before = grown([UP, WriteSysctl("net/ipv6/conf/eth0/accept_ra", "0", "1")])
    small = perform(before, told("eth0", mtu=1200))
    assert small.links["eth0"].conf6 == b""
    large = perform(small, told("eth0", mtu=1500))
    assert devconf.get(large.links["eth0"].conf6, "accept_ra") == 1


def test_a_bond_takes_its_first_ports_mac_lends_it_to_the_next_and_draws_another_when_the_last_has_left() -> None:
    first, second = told("eth0", master="bond0"), told("eth1", master="bond0")
    bonded = grown([BOND, first, second])
    macs = {bonded.links[name].address for name in ("bond0", "eth0", "eth1")}
    assert macs == {"02:00:00:00:00:01"}
    world = World(bonded)
    step(world, told("eth0", master=""))
    assert world.links["bond0"].address == "02:00:00:00:00:01"
    step(world, told("eth1", master=""))
    assert "address" not in world.links["bond0"].attrs  # nobody knows which
    assert not world.links["eth1"].up


def test_a_bridge_has_its_lowest_ports_mac_until_somebody_writes_one() -> None:
    def joined(*history: Op) -> Link:
        return grown([BRIDGE, *history, told("eth1", master="br0"), told("eth0", master="br0")]).links["br0"]

    assert joined().address == "02:00:00:00:00:01"
    assert joined(told("br0", address="02:00:00:00:00:aa")).address == "02:00:00:00:00:aa"


REFUSALS = [
    ([], told("gone", up=True), errno.ENODEV),
    ([], DeleteLink("eth0", ""), errno.EOPNOTSUPP),
    ([BRIDGE], BRIDGE, errno.EEXIST),
    ([UP, BOND], told("eth0", master="bond0"), errno.EPERM),
    ([VLAN], CreateLink("again", "vlan", {"link": "eth0", "id": 5}), errno.EEXIST),
    ([VLAN], told("v5", up=True), errno.ENETDOWN),
    ([VLAN], told("v5", mtu=1501), errno.ERANGE),
    ([BOND, told("bond0", up=True)], SetLink("bond0", "bond", {"mode": "802.3ad"}, {}), errno.EBUSY),
    ([BOND, told("eth0", master="bond0")], SetLink("bond0", "bond", {"mode": "802.3ad"}, {}), errno.ENOTEMPTY),
    ([BOND], SetLink("bond0", "bond", {"ad_lacp_rate": "fast"}, {}), errno.EACCES),
    ([BOND], SetLink("bond0", "bond", {"updelay": 200}, {}), errno.EPERM),
    ([BOND], SetLink("bond0", "bond", {"miimon": 100, "arp_interval": 100}, {}), errno.EINVAL),
    ([BRIDGE], SetLink("br0", "bridge", {"group_fwd_mask": 7}, {}), errno.EINVAL),
    ([BRIDGE, CreateLink("br1", "bridge")], told("br1", master="br0"), errno.ELOOP),
    ([BRIDGE, told("eth0", master="br0")], AddVlans("eth0", VlanRange(5, 9, pvid=True)), errno.EINVAL),
    ([], AddVlans("eth0", VlanRange(5, 9)), errno.EINVAL),
    ([UP, AddAddress(FOUR)], AddAddress(FOUR), errno.EEXIST),
    ([UP], AddRoute(NAMES_SOURCE), errno.EINVAL),
    ([], AddRoute(VIA), errno.ENETDOWN),
    ([UP, AddAddress(FOUR), AddRoute(VIA)], AddRoute(VIA), errno.EEXIST),
    ([told("eth0", mtu=1200)], AddAddress(SIX), errno.EINVAL),
    ([], told("eth0", address="01:00:00:00:00:01"), errno.EADDRNOTAVAIL),
]  # fmt: skip


@pytest.mark.parametrize(("history", "op", "number"), REFUSALS, ids=[str(op) for _, op, _ in REFUSALS])
def test_what_the_kernel_refuses_is_refused_and_changes_nothing(history: list[Op], op: Op, number: int) -> None:
    before = grown(history)
    world = World(before)
    with pytest.raises(KernelRefused) as refused:
        step(world, op)
    assert refused.value.errno == number
    assert world.host() == before


@pytest.mark.parametrize(
    "history", [[UP, AddAddress(FOUR), AddRoute(VIA)], [VLAN, ON_VLAN, UP], [BRIDGE, told("eth0", master="br0")]]
)
def test_a_world_is_the_host_it_was_made_of(history: list[Op]) -> None:
    host: Host = grown(history)
    assert World(host).host() == host
