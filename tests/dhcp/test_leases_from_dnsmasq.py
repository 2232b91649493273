"""A DHCPv4 client that outlives who started it, and real servers: what they lend is on the link, and stays there."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddClient, DeleteClient
from netkernel.records import Address, Client
from nncp_agent.dhcp.installed import BY_DHCP
from nncp_agent.keeping import LEASES
from tests import processes
from tests.dhcp.segment import DEADLINE_S, EXTENDS_SOON, RANGE, Segment, sh

pytestmark = pytest.mark.needs_kernel("veth", "bridge")

CLIENT = Client("eth1", 4)


def becomes(kernel: LinuxKernel, condition: Callable[[Host], object]) -> Host:
    """The host as soon as it is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition(host := kernel.snapshot()):
        left_s = deadline - time.monotonic()
        assert left_s > 0, host.addresses
        kernel.wait(left_s)
    return host


def lent(host: Host, link: str = "eth1") -> list[Address]:
    return [each for each in host.addresses.get(link, ()) if each.family == 4]


def lease_on_disk(state: Path) -> dict[str, object]:
    kept = json.loads((state / "dhcp" / "eth1.4.lease.json").read_bytes())
    found: dict[str, object] = kept["lease"]
    return found


def since_s(state: Path) -> float:
    found = lease_on_disk(state)["since_s"]
    assert isinstance(found, float)
    return found


def test_a_lease_is_on_the_link_with_its_time_and_its_routes(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    segment.server(
        "192.0.2.1/24", *RANGE, "--dhcp-option=option:router,192.0.2.1", "--dhcp-option=option:dns-server,192.0.2.53",
        "--dhcp-option=option:domain-search,a.example,b.example",
    ).start()  # fmt: skip
    kernel.execute([AddClient(CLIENT)])
    host = becomes(kernel, lambda host: lent(host) and host.routes)
    (address,) = lent(host)
    assert (address.prefix, address.broadcast) == (24, "192.0.2.255")
    assert 0 < address.valid_s <= 120
    (route,) = host.routes
    assert (route.destination, route.hops[0].gateway, route.source) == ("0.0.0.0/0", "192.0.2.1", address.ip)
    assert (route.protocol, route.metric) == (BY_DHCP, 100)
    assert host.clients == (CLIENT,)
    kept = lease_on_disk(state)
    assert (kept["ip"], kept["name_servers"], kept["search"]) == (
        address.ip,
        ["192.0.2.53"],
        ["a.example", "b.example"],
    )


def test_a_lease_is_extended_by_its_server_before_it_ends(segment: Segment, kernel: LinuxKernel, state: Path) -> None:
    server = segment.server("192.0.2.1/24", *RANGE, EXTENDS_SOON)
    server.start()
    kernel.execute([AddClient(CLIENT)])
    becomes(kernel, lent)
    server.hears("DHCPACK")
    first = since_s(state)
    assert "DHCPREQUEST" in server.hears("DHCPREQUEST")
    server.hears("DHCPACK")
    becomes(kernel, lambda host: lent(host)[0].valid_s == 120 and since_s(state) > first)


def test_a_refusal_takes_the_address_off_and_another_one_comes(segment: Segment, kernel: LinuxKernel) -> None:
    server = segment.server("192.0.2.1/24", *RANGE)
    server.start()
    kernel.execute([AddClient(CLIENT)])
    becomes(kernel, lent)
    server.stop()
    server.leases.unlink()
    sh("ip addr flush dev srv; ip addr add 198.51.100.1/24 dev srv", server.namespace)
    elsewhere = segment.server("203.0.113.1/24", "--dhcp-range=203.0.113.10,203.0.113.20,120", "--dhcp-authoritative")
    elsewhere.start()
    segment.carrier(False)
    becomes(kernel, lambda host: not host.links["eth1"].carrier)
    segment.carrier(True)
    elsewhere.hears("DHCPNAK")
    host = becomes(kernel, lambda host: [each for each in lent(host) if each.ip.startswith("203.0.113.")])
    assert [each.ip.startswith("203.0.113.") for each in lent(host)] == [True]


def test_of_two_servers_one_is_taken_and_the_other_hears_it(segment: Segment, kernel: LinuxKernel) -> None:
    one = segment.server("192.0.2.1/24", *RANGE)
    other = segment.server("192.0.2.2/24", "--dhcp-range=192.0.2.60,192.0.2.90,255.255.255.0,120")
    one.start()
    other.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    one.hears("DHCPOFFER")
    other.hears("DHCPOFFER")
    assert [address.ip in each.leases.read_text() for each in (one, other)].count(True) == 1


def test_when_its_server_is_gone_another_takes_the_lease_over(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    one = segment.server("192.0.2.1/24", *RANGE, EXTENDS_SOON)
    one.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    one.hears("DHCPACK")
    one.stop()
    other = segment.server("192.0.2.2/24", *RANGE)
    other.leases.write_bytes(one.leases.read_bytes())
    other.start()
    other.hears("DHCPACK")
    becomes(kernel, lambda host: lease_on_disk(state)["server"] == "192.0.2.2")
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]


def test_a_server_that_comes_late_is_found(segment: Segment, kernel: LinuxKernel) -> None:
    server = segment.server()
    kernel.execute([AddClient(CLIENT)])
    assert lent(kernel.snapshot()) == []
    server.start()
    becomes(kernel, lent)


def test_while_the_server_is_gone_the_address_stays_and_its_return_is_noticed(
    segment: Segment, kernel: LinuxKernel
) -> None:
    server = segment.server("192.0.2.1/24", *RANGE, EXTENDS_SOON)
    server.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    server.stop()
    before = becomes(kernel, lambda host: host.links["eth1"].carrier)
    segment.carrier(False)
    becomes(kernel, lambda host: not host.links["eth1"].carrier)
    assert [each.ip for each in lent(before)] == [address.ip]
    server.start()
    segment.carrier(True)
    server.hears("DHCPACK")
    becomes(kernel, lambda host: lent(host)[0].valid_s == 120)


def test_an_address_that_another_host_has_is_declined(segment: Segment, kernel: LinuxKernel) -> None:
    server = segment.server("192.0.2.1/24", "--dhcp-range=192.0.2.10,192.0.2.11,255.255.255.0,120")
    segment.station("192.0.2.10/24")
    segment.station("192.0.2.11/24")
    server.start()
    kernel.execute([AddClient(CLIENT)])
    line = server.hears("DHCPDECLINE")
    assert "192.0.2.1" in line
    assert lent(kernel.snapshot()) == []


def test_a_keeper_that_was_killed_and_is_started_again_has_the_same_address_all_the_time(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    server = segment.server()
    server.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    server.hears("DHCPACK")
    processes.end(state, LEASES, signal.SIGKILL)
    host = kernel.snapshot()
    assert host.clients == ()
    assert lent(host) == [address]
    kernel.execute([AddClient(CLIENT)])
    line = server.hears("DHCPREQUEST")
    assert address.ip in line
    server.hears("DHCPACK")
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((CLIENT,), [address])


def test_a_keeper_that_is_told_to_end_says_nothing_to_the_server(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    server = segment.server()
    server.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    processes.end(state, LEASES)
    assert lent(kernel.snapshot()) == [address]
    assert address.ip in server.leases.read_text()


def test_a_client_that_is_stopped_leaves_the_host_alone_and_the_keeper_ends(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    segment.server().start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lent))
    process = processes.of(state, LEASES)
    assert process is not None
    kernel.execute([DeleteClient(CLIENT)])
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((), [address])
    assert processes.ends(process)


def test_routes_go_to_a_table_of_their_own_or_nowhere(segment: Segment, kernel: LinuxKernel) -> None:
    segment.server("192.0.2.1/24", *RANGE, "--dhcp-option=121,10.0.0.0/8,192.0.2.9,0.0.0.0/0,192.0.2.1").start()
    kernel.execute([AddClient(Client("eth1", 4, {"auto-route-table-id": 77, "auto-route-metric": 5}))])
    host = becomes(kernel, lambda host: len(host.routes) == 3)
    assert {(each.destination, each.table, each.metric) for each in host.routes} == {
        ("192.0.2.0/24", 77, 5), ("10.0.0.0/8", 77, 5), ("0.0.0.0/0", 77, 5),
    }  # fmt: skip
    (address,) = lent(host)
    kernel.execute([AddClient(Client("eth1", 4, {"auto-gateway": False}))])
    host = becomes(kernel, lambda host: [each.destination for each in host.routes] == ["10.0.0.0/8"])
    assert [each.ip for each in lent(host)] == [address.ip]
    kernel.execute([AddClient(Client("eth1", 4, {"auto-routes": False}))])
    host = becomes(kernel, lambda host: not host.routes)
    assert [each.ip for each in lent(host)] == [address.ip]


def test_a_client_says_who_it_is_as_it_was_told(segment: Segment, kernel: LinuxKernel) -> None:
    server = segment.server("192.0.2.1/24", *RANGE, "--dhcp-host=id:01:02:ab,192.0.2.44")
    server.start()
    kernel.execute([AddClient(Client("eth1", 4, {"dhcp-client-id": "01:02:ab", "dhcp-custom-hostname": "node7"}))])
    (address,) = lent(becomes(kernel, lent))
    assert address.ip == "192.0.2.44"
    assert "node7" in server.leases.read_text()
