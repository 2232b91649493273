"""Every op on a real kernel: done, read back, taken back, and the host is as it was."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

import pytest

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteLink,
    MoveLink,
    Op,
    SetAddress,
    SetLink,
    SetPort,
    WriteSysctl,
    inverse,
    is_set_in_place,
)
from netkernel.records import Address, Attrs, Hop, Neighbour, Nexthop, Route, Rule, VlanRange

BOND: Attrs = {"mode": "active-backup", "miimon": 100}
NODAD = 0x02
NOPREFIXROUTE = 0x200


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as there:
        yield there


@pytest.fixture
def stage(kernel: LinuxKernel) -> LinuxKernel:
    """A bridge with two ports (a veth and a bond of a dummy), a VLAN with addresses, up, IPv6 without surprises."""
    quiet = {"net/ipv6/conf/default/autoconf": "0", "net/ipv6/conf/default/accept_ra": "0"}
    kernel.execute([WriteSysctl(path, value, "") for path, value in quiet.items()])
    kernel.execute(
        [
            CreateLink("d0", "dummy", {"addr_gen_mode": "none"}),
            CreateLink("bond0", "bond", {**BOND, "address": "02:00:00:00:00:0b", "addr_gen_mode": "none"}),
            SetLink("d0", "dummy", {"master": "bond0"}, {"master": ""}),
            CreateLink("br0", "bridge", {"vlan_filtering": 1, "address": "02:00:00:00:00:0a", "addr_gen_mode": "none"}),
            SetLink("bond0", "bond", {"master": "br0", "up": True}, {"master": "", "up": False}),
            CreateLink("v0", "veth", {"peer": "v1", "master": "br0", "addr_gen_mode": "none"}),
            SetLink("v1", "veth", {"addr_gen_mode": "none", "up": True}, {}),
            SetLink("v0", "veth", {"up": True}, {"up": False}),
            CreateLink("br0.5", "vlan", {"link": "br0", "id": 5, "addr_gen_mode": "none"}),
            SetLink("br0", "bridge", {"up": True}, {"up": False}),
            SetLink("br0.5", "vlan", {"up": True}, {"up": False}),
            AddAddress(Address("br0.5", "192.0.2.1", 24)),
            AddAddress(Address("br0.5", "2001:db8::1", 64, flags=NODAD)),
        ]
    )
    return kernel


def there(found: object) -> Callable[[Host], bool]:
    """Whether a record stands in its table."""
    match found:
        case Address():
            return lambda host: found in host.addresses.get(found.link, ())
        case Route():
            return lambda host: found in host.routes
        case Rule():
            return lambda host: found in host.rules
        case Neighbour():
            return lambda host: found in host.neighbours
        case Nexthop():
            return lambda host: found in host.nexthops
    raise AssertionError(found)


V4, V6 = Hop("br0.5", "192.0.2.9"), Hop("br0.5", "2001:db8::9")
RECORDS = [
    Address("br0.5", "192.0.2.2", 24),
    Address("br0.5", "198.51.100.1", 32, peer="198.51.100.2", scope=253),
    Address("br0.5", "203.0.113.1", 24, broadcast="203.0.113.255", label="br0.5:web", flags=NOPREFIXROUTE, metric=77),
    Address("br0.5", "2001:db8:5::1", 64, flags=NODAD | NOPREFIXROUTE, protocol=99),
    Address("br0.5", "fe80::5", 64, scope=253, flags=NODAD),
    Address("br0.5", "2001:db8:6::1", 128, peer="2001:db8:6::2", flags=NODAD),
    Route("10.0.0.0/8", (V4,)),
    Route("10.0.0.0/8", (V4,), metric=500, table=1000, tos=0x10, source="192.0.2.1"),
    Route("0.0.0.0/0", (V4,), metrics=((2, 1400), (8, 1360))),
    Route("10.1.0.0/16", (V4, Hop("br0.5", "192.0.2.8", weight=7))),
    Route("10.2.0.0/16", (Hop("br0.5"),), scope=253, protocol=188),
    Route("10.3.0.0/16", (Hop("br0.5", "203.0.113.77", flags=4),)),
    Route("10.4.0.0/16", (Hop("br0.5", "2001:db8::9"),)),
    Route("10.5.0.0/16", kind="blackhole"),
    Route("10.6.0.0/16", kind="prohibit", metric=9),
    Route("2001:db8:100::/48", (V6,), metric=1024),
    Route("::/0", (V6,), metric=50, table=2000, source="2001:db8::1", preference=1),
    Route("2001:db8:200::/48", (V6, Hop("br0.5", "2001:db8::8", weight=3)), metric=1024),
    Route("2001:db8:300::/48", kind="unreachable", metric=1024),
    Rule(4, 1000, table=1000, source="10.0.0.0/8", iif="nowhere", fwmark=5, fwmask=0xFF, protocol=4),
    Rule(4, 1001, table=254, suppress_prefix_length=0, destination="192.0.2.0/24", invert=True),
    Rule(6, 1002, action=6, source="2001:db8::/32", oif="lo"),
    Rule(6, 1003, table=70000, tos=0x20),
    Neighbour("br0.5", "192.0.2.77", "02:00:00:00:00:77"),
    Neighbour("br0.5", "2001:db8::77", "02:00:00:00:00:77", flags=0x80),
    Neighbour("br0.5", "192.0.2.78", state=0, flags=0x08),
    Nexthop(7, 4, "br0.5", "192.0.2.9", scope=253),
    Nexthop(8, 6, "br0.5", "2001:db8::9", protocol=4, scope=253),
    Nexthop(9, 4, blackhole=True),
]
ADD: dict[type, Callable[..., Op]] = {
    Address: AddAddress, Route: AddRoute, Rule: AddRule, Neighbour: AddNeighbour, Nexthop: AddNexthop,
}  # fmt: skip


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy", "multipath", "nexthop", "policy_routing")
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{type(record).__name__}-{RECORDS.index(record)}")
def test_a_record_is_added_read_back_and_taken_back(stage: LinuxKernel, record: object) -> None:
    before = stage.snapshot()
    add = ADD[type(record)](record)
    stage.execute([add])
    after = stage.snapshot()
    assert there(record)(after), [after.addresses.get("br0.5"), after.routes, after.rules, after.nexthops]
    stage.execute(inverse([add]))
    assert stage.snapshot() == before


FOUR = Address("br0.5", "198.51.100.1", 24)
SIX = Address("br0.5", "2001:db8:6::1", 64, flags=NODAD)
IN_PLACE = [
    (FOUR, replace(FOUR, metric=77)),
    (SIX, replace(SIX, protocol=99)),
    (SIX, replace(SIX, flags=NODAD | NOPREFIXROUTE)),
    (replace(SIX, metric=7), replace(SIX, metric=77)),
]


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
@pytest.mark.parametrize(("old", "new"), IN_PLACE)
def test_an_address_changes_in_place_and_back_and_its_routes_stay(
    stage: LinuxKernel, old: Address, new: Address
) -> None:
    assert is_set_in_place(old, new) and is_set_in_place(new, old)
    route = Route("10.1.0.0/16", (Hop("br0.5", "198.51.100.9" if old.family == 4 else "2001:db8:6::9"),))
    stage.execute([AddAddress(old), AddRoute(route)])
    before = stage.snapshot()
    stage.execute([SetAddress(new, old)])
    after = stage.snapshot()
    assert (new in after.addresses["br0.5"], after.routes) == (True, before.routes)
    stage.execute([SetAddress(old, new)])
    assert stage.snapshot() == before


IGNORED = [
    (FOUR, replace(FOUR, flags=NOPREFIXROUTE)),
    (FOUR, replace(FOUR, label="br0.5:web")),
    (FOUR, replace(FOUR, broadcast="198.51.100.255")),
    (replace(SIX, metric=7), SIX),
]


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
@pytest.mark.parametrize(("old", "new"), IGNORED)
def test_what_the_kernel_ignores_is_not_taken_for_done(stage: LinuxKernel, old: Address, new: Address) -> None:
    assert not is_set_in_place(old, new)
    stage.execute([AddAddress(old)])
    before = stage.snapshot()
    stage.execute([SetAddress(new, old)])
    assert stage.snapshot() == before


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
def test_a_link_local_address_that_is_there_may_be_added(stage: LinuxKernel) -> None:
    address = Address("br0.5", "fe80::5", 64, scope=253, flags=NODAD)
    stage.execute([AddAddress(address), AddAddress(address)])
    assert [each for each in stage.snapshot().addresses["br0.5"] if each.ip == "fe80::5"] == [address]


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy", "nexthop")
def test_groups_of_nexthops_and_routes_over_them_come_and_go(stage: LinuxKernel) -> None:
    before = stage.snapshot()
    ops = [
        AddNexthop(Nexthop(1, 4, "br0.5", "192.0.2.8", scope=253)),
        AddNexthop(Nexthop(2, 4, "br0.5", "192.0.2.9", scope=253)),
        AddNexthop(Nexthop(3, 0, group=((1, 1), (2, 200)))),
        AddRoute(Route("10.7.0.0/16", nexthop=3)),
    ]
    stage.execute(ops)
    after = stage.snapshot()
    assert Nexthop(3, 0, group=((1, 1), (2, 200))) in after.nexthops
    [route] = [route for route in after.routes if route.nexthop]
    assert (route.destination, [hop.gateway for hop in route.hops]) == ("10.7.0.0/16", ["192.0.2.8", "192.0.2.9"])
    stage.execute(inverse(ops))
    assert stage.snapshot() == before


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
@pytest.mark.parametrize("link", ["v0", "bond0", "br0"])
def test_vlan_ranges_come_and_go_on_ports_and_on_the_bridge(stage: LinuxKernel, link: str) -> None:
    before = stage.snapshot()
    ops = [AddVlans(link, VlanRange(10, 20)), AddVlans(link, VlanRange(30, 30, untagged=True))]
    ops.append(AddVlans(link, VlanRange(2000, 4094)))
    stage.execute(ops)
    own = VlanRange(1, 1, pvid=True, untagged=True)
    assert stage.snapshot().vlans[link] == (
        own,
        VlanRange(10, 20),
        VlanRange(30, 30, untagged=True),
        VlanRange(2000, 4094),
    )
    stage.execute(inverse(ops))
    assert stage.snapshot() == before


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
def test_port_options_are_set_and_set_back(stage: LinuxKernel) -> None:
    before = stage.snapshot()
    new = {
        "priority": 5, "cost": 77, "hairpin": 1, "guard": 1, "root_block": 1, "fast_leave": 1, "learning": 0,
        "unicast_flood": 0, "proxy_arp": 1, "mcast_router": 2, "mcast_flood": 0, "mcast_to_unicast": 1,
        "bcast_flood": 0, "neigh_suppress": 1, "isolated": 1, "backup_port": "bond0", "vlan_tunnel": 1,
    }  # fmt: skip
    old = {key: before.links["v0"].port[key] for key in new}
    op = SetPort("v0", "bridge", new, old)
    stage.execute([op])
    assert {key: stage.snapshot().links["v0"].port[key] for key in new} == new
    stage.execute([op.inverse()])
    assert stage.snapshot() == before


@pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy")
def test_bond_port_options_are_set_and_set_back(stage: LinuxKernel) -> None:
    before = stage.snapshot()
    op = SetPort("d0", "bond", {"queue_id": 3, "prio": -5}, {"queue_id": 0, "prio": 0})
    stage.execute([op])
    assert stage.snapshot().links["d0"].port == {"queue_id": 3, "prio": -5}
    stage.execute([op.inverse()])
    assert stage.snapshot() == before


@pytest.mark.needs_kernel("veth")
def test_a_sysctl_is_written_between_the_messages_around_it(kernel: LinuxKernel) -> None:
    before = kernel.snapshot()
    path = "net/ipv6/conf/v0/accept_ra"
    ops = [
        CreateLink("v0", "veth", {"peer": "v1"}),
        WriteSysctl(path, "0", "1"),
        WriteSysctl("net/ipv6/conf/v0/disable_ipv6", "1", "0"),
        SetLink("v0", "veth", {"up": True}, {"up": False}),
        WriteSysctl("net/ipv6/conf/default/accept_ra", "2", "1"),
    ]
    kernel.execute(ops)
    host = kernel.snapshot()
    assert host.links["v0"].up
    assert host.sysctls["net/ipv6/conf/default/accept_ra"] == "2"
    assert "v0" not in host.addresses
    kernel.execute(inverse(ops))
    assert kernel.snapshot() == before


@pytest.mark.needs_kernel("dummy")
def test_a_link_moves_to_another_namespace_and_back(
    kernel: LinuxKernel, netns: str, another_netns: Callable[[], str]
) -> None:
    there = another_netns()
    kernel.execute([CreateLink("d0", "dummy", {"mtu": 1400, "alias": "keep me"}, index=4711)])
    before = kernel.snapshot()
    move = MoveLink("d0", netns, there, index=4711)
    kernel.execute([move])
    assert "d0" not in kernel.snapshot().links
    with LinuxKernel(there) as other:
        assert (other.snapshot().links["d0"].index, other.snapshot().links["d0"].alias) == (4711, "keep me")
    kernel.execute([move.inverse()])
    assert kernel.snapshot() == before
    assert kernel.snapshot().links["d0"].index == 4711


@pytest.mark.needs_kernel("dummy")
def test_a_link_that_is_not_there_does_not_move(
    kernel: LinuxKernel, netns: str, another_netns: Callable[[], str]
) -> None:
    for source, target in ((netns, another_netns()), (another_netns(), netns), ("/run/netns/never", netns)):
        with pytest.raises(KernelRefused) as refused:
            kernel.execute([MoveLink("d0", source, target)])
        assert refused.value.possibly_done == 0


@pytest.mark.needs_kernel("veth")
def test_a_veth_gets_its_old_index_back_although_its_other_end_was_deleted(kernel: LinuxKernel) -> None:
    wrong = CreateLink("v0", "veth", {"peer": "v2"}, index=5000)
    kernel.execute([wrong])
    right = CreateLink("v0", "veth", {"peer": "v1"}, index=5000, peer_index=5001)
    kernel.execute([DeleteLink("v2", "veth", {"peer": "v0"}), right])
    links = kernel.snapshot().links
    assert {name: links[name].index for name in ("v0", "v1")} == {"v0": 5000, "v1": 5001}


@pytest.mark.needs_kernel("veth")
def test_a_pair_of_veths_gets_its_old_indexes_back(kernel: LinuxKernel) -> None:
    create = CreateLink("v0", "veth", {"peer": "v1"}, index=5000, peer_index=5001)
    for _ in range(2):
        kernel.execute([create])
        links = kernel.snapshot().links
        assert (links["v0"].index, links["v1"].index) == (5000, 5001)
        assert (links["v0"].attrs["peer"], links["v1"].attrs["peer"]) == ("v1", "v0")
        kernel.execute([create.inverse()])


@pytest.mark.needs_kernel("veth")
def test_an_old_index_that_somebody_took_meanwhile_is_no_reason_to_fail(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("other", "veth", {"peer": "other-peer"}, index=5000)])
    kernel.execute([CreateLink("v0", "veth", {"peer": "v1"}, index=5000)])
    links = kernel.snapshot().links
    assert links["other"].index == 5000
    assert 1 << 20 <= links["v0"].index < 1 << 25


@pytest.mark.needs_kernel("veth")
def test_a_link_is_deleted_and_made_again_in_one_batch_with_its_index(kernel: LinuxKernel) -> None:
    create = CreateLink("v0", "veth", {"peer": "v1"}, index=5000)
    kernel.execute([create, create.inverse(), create, SetLink("v0", "veth", {"up": True}, {"up": False})])
    assert (kernel.snapshot().links["v0"].index, kernel.snapshot().links["v0"].up) == (5000, True)


@pytest.mark.needs_kernel("veth")
def test_thousands_of_ops_go_in_many_sends(kernel: LinuxKernel) -> None:
    before = kernel.snapshot()
    ops: list[Op] = [CreateLink("v0", "veth", {"peer": "v1", "up": True})]
    ops += [AddAddress(Address("v0", f"10.{n >> 8}.{n & 255}.1", 24)) for n in range(1000)]
    ops += [AddRule(Rule(4, 1000 + n, table=100 + n)) for n in range(300)]
    kernel.execute(ops)
    assert len(kernel.snapshot().addresses["v0"]) == 1000
    kernel.execute(inverse(ops[1:]))
    kernel.execute([ops[0].inverse()])
    assert kernel.snapshot() == before


@pytest.mark.needs_kernel("veth")
def test_an_existing_link_is_never_made_again_nor_renamed(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("v0", "veth", {"peer": "v1"}, index=5000)])
    before = kernel.snapshot()
    with pytest.raises(KernelRefused) as refused:
        kernel.execute([CreateLink("v0", "veth", {"peer": "v9"}), SetLink("v0", "veth", {"mtu": 1400}, {"mtu": 1500})])
    assert refused.value.errno == errno.EEXIST
    assert kernel.snapshot() == before


@pytest.mark.needs_kernel("veth", "bridge")
def test_a_create_whose_second_message_is_refused_leaves_nothing(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x", "veth", {"peer": "y"})])
    before = kernel.snapshot()
    with pytest.raises(KernelRefused) as refused:
        kernel.execute([CreateLink("v0", "veth", {"peer": "v1", "alias": "nncp:cni:1", "master": "x"})])
    assert refused.value.failed == {0}
    assert kernel.snapshot() == before


@pytest.mark.needs_kernel("veth")
def test_all_of_a_batch_is_tried_and_each_refusal_is_named(kernel: LinuxKernel) -> None:
    ops = [
        CreateLink("v0", "veth", {"peer": "v1"}),
        AddAddress(Address("v0", "192.0.2.1", 24)),
        AddAddress(Address("v0", "192.0.2.1", 24)),
        SetLink("v0", "veth", {"mtu": 10}, {"mtu": 1500}),
        AddAddress(Address("v0", "192.0.2.2", 24)),
    ]
    with pytest.raises(KernelRefused) as refused:
        kernel.execute(ops)
    error = refused.value
    assert (error.errno, error.failed, error.possibly_done) == (errno.EEXIST, frozenset({2, 3}), 5)
    assert error.what == "add address 192.0.2.1/24 on v0"
    assert [address.ip for address in kernel.snapshot().addresses["v0"]] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.needs_kernel("veth")
def test_the_kernels_own_words_say_why(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("v0", "veth", {"peer": "v1"})])
    with pytest.raises(KernelRefused, match="mtu less than device minimum"):
        kernel.execute([SetLink("v0", "veth", {"mtu": 10}, {"mtu": 1500})])


@pytest.mark.needs_kernel("veth")
def test_what_comes_after_a_failing_send_is_not_sent(kernel: LinuxKernel) -> None:
    fine = [AddRule(Rule(4, 1000 + n, table=100)) for n in range(200)]
    ops = [*fine[:50], AddRule(Rule(4, 1000, table=100)), *fine[50:]]
    with pytest.raises(KernelRefused) as refused:
        kernel.execute(ops)
    assert refused.value.failed == {50}
    assert refused.value.possibly_done == 128
    assert sum(rule.table == 100 for rule in kernel.snapshot().rules) == 127


@pytest.mark.needs_kernel("veth")
def test_an_op_on_a_link_that_is_not_there_is_refused_before_it_is_sent(kernel: LinuxKernel) -> None:
    ops = [CreateLink("v0", "veth", {"peer": "v1"}), SetLink("nope", "veth", {"mtu": 1400}, {"mtu": 1500})]
    with pytest.raises(KernelRefused, match="no link 'nope'") as refused:
        kernel.execute(ops)
    assert (refused.value.errno, refused.value.possibly_done) == (errno.ENODEV, 1)
    assert "v0" in kernel.snapshot().links


@pytest.mark.needs_kernel("veth")
def test_a_refused_sysctl_names_its_op(kernel: LinuxKernel) -> None:
    write = WriteSysctl("net/ipv6/conf/nope/accept_ra", "0", "1")
    with pytest.raises(KernelRefused) as refused:
        kernel.execute([AddRule(Rule(4, 1000, table=100)), write, AddRule(Rule(4, 1001, table=100))])
    error = refused.value
    assert (error.errno, error.failed, error.possibly_done) == (errno.ENOENT, frozenset({1}), 2)
    assert error.what == str(write)


@pytest.mark.needs_kernel("veth")
def test_a_kernel_of_another_namespace_is_told_and_seen_through_its_path(
    another_netns: Callable[[], str], netns: str
) -> None:
    there = another_netns()
    with LinuxKernel(there) as other, LinuxKernel() as here:
        other.execute([CreateLink("v0", "veth", {"peer": "v1"}), WriteSysctl("net/ipv6/conf/v0/accept_ra", "0", "1")])
        assert "v0" in other.snapshot().links
        assert "v0" not in here.snapshot().links
        assert other.snapshot().links["v0"].conf6 != other.snapshot().links["v1"].conf6


@pytest.mark.needs_kernel("bonding", "dummy")
def test_a_port_rides_into_its_bond_in_the_create_and_comes_up(kernel: LinuxKernel) -> None:
    kernel.execute(
        [
            CreateLink("bond0", "bond", {"mode": "802.3ad", "up": True}),
            CreateLink("d0", "dummy", {"master": "bond0", "up": True, "alias": "nncp:vmnet:1"}),
        ]
    )
    link = kernel.snapshot().links["d0"]
    assert (link.master, link.up, link.alias) == ("bond0", True, "nncp:vmnet:1")


@pytest.mark.needs_kernel("dummy")
@pytest.mark.parametrize("name", ["a", "-x", "grün", "fifteen-bytes-n", "b:r".replace(":", "@")])
def test_names_the_kernel_takes_come_back(kernel: LinuxKernel, name: str) -> None:
    create = CreateLink(name, "dummy", {"up": True})
    kernel.execute([create, AddAddress(Address(name, "192.0.2.1", 24))])
    host = kernel.snapshot()
    assert host.links[name].up
    assert host.addresses[name][0] == Address(name, "192.0.2.1", 24)
    kernel.execute([DeleteLink(name, "dummy")])
    assert name not in kernel.snapshot().links
