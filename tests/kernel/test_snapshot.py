"""What a snapshot says, against what pyroute2 says of the same kernel."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from netkernel import devconf, sysctl
from netkernel.kernel import LinuxKernel
from netkernel.netlink import Socket
from netkernel.ops import (
    AddAddress,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteLink,
    MoveLink,
    SetLink,
    SetPort,
    WriteSysctl,
)
from netkernel.records import Address, Hop, Link, Route, Rule, VlanRange
from netkernel.snapshot import Reader
from netkernel.watch import Table, Watch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # theirs, about themselves
    from pyroute2 import IPRoute


ALL = pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "dummy", "multipath", "policy_routing")


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as there:
        there.execute(
            [
                CreateLink("d0", "dummy", {"mtu": 1400, "promisc": True, "allmulti": True}),
                CreateLink("bond0", "bond", {"mode": "802.3ad", "ad_lacp_rate": "fast", "ad_actor_sys_prio": 5}),
                SetLink("d0", "dummy", {"master": "bond0"}, {}),
                CreateLink("br0", "bridge", {"vlan_filtering": 1, "alias": "the bridge", "up": True}),
                SetLink("bond0", "bond", {"master": "br0"}, {}),
                CreateLink("v0", "veth", {"peer": "v1", "master": "br0", "group": 7, "up": True}),
                SetPort("v0", "bridge", {"cost": 77, "isolated": 1}, {}),
                CreateLink("br0.5", "vlan", {"link": "br0", "id": 5, "gvrp": True, "up": True}),
                AddVlans("v0", VlanRange(100, 200)),
                AddAddress(Address("br0.5", "192.0.2.1", 24, label="br0.5:x")),
                AddAddress(Address("br0.5", "2001:db8::1", 64, flags=2)),
                AddRoute(Route("10.0.0.0/8", (Hop("br0.5", "192.0.2.9"), Hop("br0.5", "192.0.2.8", weight=3)))),
                AddRoute(Route("2001:db8:1::/48", (Hop("br0.5", "2001:db8::9"),), metric=1024)),
                AddRule(Rule(4, 1000, table=1000)),
            ]
        )
        yield there


@ALL
def test_an_overview_is_what_people_look_at_of_a_snapshot(kernel: LinuxKernel) -> None:
    kernel.execute([AddRoute(Route("10.9.0.0/16", (Hop("br0.5"),), scope=253, protocol=186))])
    whole, seen = kernel.snapshot(), kernel.overview({4, 9})
    kept = sorted((route for route in whole.routes if route.protocol in (4, 9)), key=repr)
    assert (seen.addresses, seen.vlans) == (whole.addresses, whole.vlans)
    assert seen.links == whole.links
    assert sorted(seen.routes, key=repr) == kept
    assert len(kept) == 2 == len(whole.routes) - 1
    assert seen.rules == whole.rules
    assert (seen.neighbours, seen.nexthops, seen.files) == ((), (), whole.files)
    assert seen.sysctls == {sysctl.HOSTNAME: socket.gethostname()}


@pytest.fixture
def theirs(kernel: LinuxKernel) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with IPRoute() as ip:
            yield ip


@ALL
def test_links_are_what_pyroute2_sees(kernel: LinuxKernel, theirs: Any) -> None:
    deadline = time.monotonic() + 30
    while True:  # the kernel finds out by and by which links have a carrier (net/core/link_watch.c)
        ours = kernel.snapshot().links
        seen = {link.get("ifname"): link for link in theirs.get_links()}
        if all(ours[name].operstate.upper() == link.get("operstate") for name, link in seen.items()):
            break
        assert time.monotonic() < deadline
        kernel.wait(0.1)
    names = {link["index"]: name for name, link in seen.items()}
    assert ours.keys() == seen.keys()
    for name, link in seen.items():
        own = ours[name]
        info = link.get("linkinfo")
        assert (own.index, own.up, own.type) == (link["index"], bool(link["flags"] & 1), link["ifi_type"])
        assert (own.mtu, own.address) == (link.get("mtu"), link.get("address"))
        assert own.master == names.get(link.get("master"), "")
        assert own.kind == ((info.get("kind") if info else None) or "")
        assert (own.attrs["group"], own.alias) == (link.get("group"), link.get("ifalias") or "")
        assert own.carrier == bool(link.get("carrier"))
    data = seen["bond0"].get("linkinfo").get("data")
    assert (ours["bond0"].attrs["mode"], data.get("bond_mode")) == ("802.3ad", 4)
    assert ours["bond0"].attrs["ad_actor_sys_prio"] == data.get("bond_ad_actor_sys_prio") == 5
    assert ours["br0.5"].attrs["id"] == seen["br0.5"].get("linkinfo").get("data").get("vlan_id") == 5
    port = seen["v0"].get("linkinfo").get("slave_data")
    assert ours["v0"].port["cost"] == port.get_attr("IFLA_BRPORT_COST") == 77


@ALL
def test_addresses_are_what_pyroute2_sees(kernel: LinuxKernel, theirs: Any) -> None:
    ours = kernel.snapshot()
    names = {link.index: name for name, link in ours.links.items()}
    seen: dict[str, list[tuple[str, int]]] = {}
    for address in theirs.get_addr():
        own = address.get("local") or address.get("address")
        seen.setdefault(names[address["index"]], []).append((own, address["prefixlen"]))
    assert {name: [(a.ip, a.prefix) for a in found] for name, found in ours.addresses.items()} == seen


@ALL
def test_routes_and_rules_are_what_pyroute2_sees(kernel: LinuxKernel, theirs: Any) -> None:
    ours = kernel.snapshot()
    seen = {
        (route.get("dst"), route["dst_len"], route.get("priority") or 0)
        for family in (2, 10)
        for route in theirs.get_routes(family=family)
        if route["proto"] != 2 and route.get("table") != 255
    }
    split = [(*route.destination.split("/"), route.metric) for route in ours.routes]
    assert {(ip, int(bits), metric) for ip, bits, metric in split} == seen
    rules = {(family, rule.get("priority") or 0) for family in (2, 10) for rule in theirs.get_rules(family=family)}
    assert {(2 if rule.family == 4 else 10, rule.priority) for rule in ours.rules} == rules


@ALL
def test_bridge_vlans_are_what_pyroute2_sees(kernel: LinuxKernel, theirs: Any) -> None:
    ours = kernel.snapshot().vlans
    assert ours["v0"] == (VlanRange(1, 1, pvid=True, untagged=True), VlanRange(100, 200))
    for link in theirs.get_vlans():
        flags = {info["vid"]: info["flags"] for info in link.get("af_spec").get_attrs("IFLA_BRIDGE_VLAN_INFO")}
        own = {id: r.pvid * 2 | r.untagged * 4 for r in ours[link.get("ifname")] for id in range(r.first, r.last + 1)}
        assert own == flags


@ALL
def test_two_snapshots_of_a_host_at_rest_are_equal(kernel: LinuxKernel) -> None:
    assert kernel.snapshot() == kernel.snapshot()


@pytest.mark.needs_kernel("dummy")
@pytest.mark.parametrize("name", sorted(devconf.NAMES.keys() - {"ioam6_id", "use_optimistic", "force_forwarding"}))
def test_an_ipv6_setting_is_seen_where_it_is_written(netns: str, name: str) -> None:
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("d0", "dummy")])
        path = f"net/ipv6/conf/d0/{name}"
        before = sysctl.read(path)
        assert devconf.get(kernel.snapshot().links["d0"].conf6, name) == int(before)
        new = "20" if name.startswith("mldv") else "1" if before != "1" else "0" if name != "hop_limit" else "2"
        kernel.execute([WriteSysctl(path, new, before)])
        assert devconf.get(kernel.snapshot().links["d0"].conf6, name) == int(new)
        assert devconf.stated(kernel.snapshot().links["lo"].conf6)[name] == int(sysctl.read(path.replace("d0", "lo")))


@pytest.mark.needs_kernel("veth", "vlan")
def test_a_peer_or_base_in_another_namespace_is_not_taken_for_a_link_here(
    netns: str, another_netns: Callable[[], str]
) -> None:
    there = another_netns()
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("v0", "veth", {"peer": "v1"}), CreateLink("v2", "veth", {"peer": "v3"})])
        kernel.execute([CreateLink("v2.5", "vlan", {"link": "v2", "id": 5})])
        kernel.execute([MoveLink("v1", netns, there), MoveLink("v2.5", netns, there)])
        here = kernel.snapshot().links
        assert here["v0"].attrs["peer"] == ""
        assert here["v0"].netnsid is not None
        assert here["v2"].attrs["peer"] == "v3"
        with LinuxKernel(there) as other:
            assert other.snapshot().links["v2.5"].attrs["link"] == ""
            assert other.snapshot().links["v2.5"].netnsid is not None


@pytest.mark.needs_kernel("dummy")
def test_alternative_names_are_facts(netns: str) -> None:
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("d0", "dummy")])
        subprocess.run(
            ["ip", "link", "property", "add", "dev", "d0", "altname", "a-much-longer-name-than-15"], check=True
        )
        assert kernel.snapshot().links["d0"].altnames == ("a-much-longer-name-than-15",)


@contextmanager
def coming_and_going(namespace: str) -> Iterator[None]:
    """Four pairs of links with addresses, made and deleted as fast as the kernel does it."""
    stop = threading.Event()

    def churn() -> None:
        with LinuxKernel(namespace) as other:
            while not stop.is_set():
                for n in range(4):
                    address = AddAddress(Address(f"c{n}", f"10.9.{n}.1", 24))
                    other.execute([CreateLink(f"c{n}", "veth", {"peer": f"p{n}"}), address])
                for n in range(4):
                    other.execute([DeleteLink(f"c{n}", "veth")])

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def assert_pairs(links: Mapping[str, Link]) -> None:
    """Each pair has both ends or none, and nothing refers to a link that is not there."""
    assert all(links[str(link.attrs["peer"])].attrs["peer"] == name for name, link in links.items() if name != "lo")


@pytest.mark.needs_kernel("veth")
def test_a_snapshot_taken_while_links_come_and_go_is_one_moments(netns: str) -> None:
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink(f"x{n}", "veth", {"peer": f"y{n}"}) for n in range(100)])
        with coming_and_going(netns):
            for _ in range(5):
                assert_pairs(kernel.snapshot().links)


class Restless(Watch):
    """On a host where links never stand still."""

    def changed(self) -> frozenset[Table]:
        return frozenset({Table.LINKS})

    def rest(self, quiet_s: float, at_most_s: float) -> frozenset[Table]:
        return self.changed()


@ALL
def test_what_is_asked_one_by_one_is_what_dumps_tell(kernel: LinuxKernel) -> None:
    with Socket() as own, Restless() as watch:
        found = Reader(own, watch).host()
    told = kernel.snapshot()
    for table in ("links", "addresses", "routes", "rules", "neighbours", "nexthops", "vlans"):
        assert getattr(found, table) == getattr(told, table)


@pytest.mark.needs_kernel("veth")
def test_a_snapshot_comes_though_links_never_stand_still(netns: str) -> None:
    """And has every link that was there all the time, each pair whole."""
    with LinuxKernel() as kernel, coming_and_going(netns), Socket() as own, Restless() as watch:
        kernel.execute([CreateLink(f"x{n}", "veth", {"peer": f"y{n}"}) for n in range(100)])
        for _ in range(3):
            links = Reader(own, watch).host().links
            assert links.keys() >= {f"{end}{n}" for n in range(100) for end in "xy"}
            assert_pairs(links)
