"""A DHCPv6 client that outlives who started it, and real servers beside real routers: what they lend is on the link."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddClient, DeleteClient
from netkernel.records import Address, Client
from nncp_agent.dhcp.v6.installed import is_lent
from nncp_agent.keeping import LEASES
from nncp_agent.keeping.door import Door
from tests import processes
from tests.dhcp.segment import DEADLINE_S, Segment, Server, sh
from tests.dhcp.test_leases_from_dnsmasq import becomes

pytestmark = pytest.mark.needs_kernel("veth", "bridge")

CLIENT = Client("eth1", 6)
TRIES = 4
NET = "2001:db8:6:"
RANGE = (f"--dhcp-range={NET}:10,{NET}:50,64,120", "--dhcp-authoritative")
FOR_LONG = (f"--dhcp-range={NET}:10,{NET}:50,64,600", "--dhcp-authoritative")
"""Between the time when any server is asked (7/8 of it) and its end is more than a minute."""


def lent(host: Host, link: str = "eth1") -> list[Address]:
    return [each for each in host.addresses.get(link, ()) if is_lent(each)]


def lease_on_disk(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / "dhcp" / "eth1.6.lease.json").read_bytes())["lease"]
    return found


def server(segment: Segment, *options: str, at: str = f"{NET}:1/64", ra: bool = False) -> Server:
    """A server that is not started yet; with `ra` it is also the router, which says that addresses are to be had."""
    made = segment.server(at, *(["--enable-ra", "--ra-param=srv,4,1800"] if ra else []), *(options or RANGE))
    sh(f"sysctl -qw net.ipv6.conf.all.forwarding=1; ip addr change {at} dev srv nodad", made.namespace)
    return made


def test_a_lease_is_on_the_link_with_its_time(segment: Segment, kernel: LinuxKernel, state: Path) -> None:
    dns = (f"--dhcp-option=option6:dns-server,[{NET}:53]", "--dhcp-option=option6:domain-search,a.example,b.example")
    server(segment, *RANGE, *dns).start()
    kernel.execute([AddClient(CLIENT)])
    host = becomes(kernel, lent)
    (address,) = lent(host)
    assert address.ip.startswith(NET)
    assert 0 < address.preferred_s <= address.valid_s <= 120
    assert host.clients == (CLIENT,)
    kept = lease_on_disk(state)
    assert [each["ip"] for each in kept["addresses"]] == [address.ip]
    assert (kept["name_servers"], kept["search"]) == ([f"{NET}:53"], ["a.example", "b.example"])


def comes_true(kernel: LinuxKernel, condition: Callable[[], object]) -> None:
    """What is in files comes with no event of the kernel."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        kernel.wait(0.1)


def older(state: Path, seconds: float) -> None:
    """Nobody watches a lease for a minute: let the one on the disk be as if it was asked for earlier."""
    path = state / "dhcp" / "eth1.6.lease.json"
    kept = json.loads(path.read_bytes())
    for each in (kept["lease"], *kept["lease"]["addresses"]):
        each["since_s"] -= seconds
    path.write_text(json.dumps(kept))


def lines(made: Server) -> list[str]:
    """Of its leases; the one that begins with `duid` is who it is itself."""
    return made.leases.read_text().splitlines(keepends=True)


def bound(kernel: LinuxKernel, made: Server) -> Address:
    made.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lambda host: lent(host) and not lent(host)[0].state & 0x40))
    made.hears("DHCPREPLY")
    return address


def test_a_lease_is_extended_by_its_server_before_it_ends(segment: Segment, kernel: LinuxKernel, state: Path) -> None:
    made = server(segment)
    address = bound(kernel, made)
    processes.end(state, LEASES, signal.SIGKILL)
    older(state, 70)
    first_s = lease_on_disk(state)["since_s"]
    kernel.execute([AddClient(CLIENT)])
    made.hears("DHCPCONFIRM")
    assert address.ip in made.hears("DHCPREPLY")
    made.hears("DHCPRENEW")
    becomes(kernel, lambda host: lent(host) and lent(host)[0].valid_s > 100)
    comes_true(kernel, lambda: lease_on_disk(state)["since_s"] > first_s + 60)
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]


def test_a_server_that_forgot_the_lease_lends_the_same_address_anew(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    made = server(segment, RANGE[0])
    address = bound(kernel, made)
    processes.end(state, LEASES, signal.SIGKILL)
    made.stop()
    made.leases.write_text("".join(line for line in lines(made) if line.startswith("duid")))
    older(state, 70)
    made.start()
    kernel.execute([AddClient(CLIENT)])
    made.hears("DHCPRENEW")
    made.hears("DHCPREQUEST")
    becomes(kernel, lambda host: lent(host) and lent(host)[0].valid_s > 100)
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]
    comes_true(kernel, lambda: address.ip in made.leases.read_text())


def test_when_its_server_is_gone_another_takes_the_lease_over(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    one = server(segment, *FOR_LONG)
    address = bound(kernel, one)
    processes.end(state, LEASES, signal.SIGKILL)
    one.stop()
    other = server(segment, *FOR_LONG, at=f"{NET}:2/64")
    other.leases.write_text("".join(line for line in lines(one) if not line.startswith("duid")))
    other.start()
    first = lease_on_disk(state)["server"]
    older(state, 540)
    kernel.execute([AddClient(CLIENT)])
    other.hears("DHCPREBIND")
    comes_true(kernel, lambda: lease_on_disk(state)["server"] != first)
    becomes(kernel, lambda host: lent(host) and lent(host)[0].valid_s > 500)
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]


def test_while_the_server_is_gone_the_address_stays_and_its_return_is_noticed(
    segment: Segment, kernel: LinuxKernel
) -> None:
    made = server(segment)
    address = bound(kernel, made)
    made.stop()
    segment.carrier(False)
    becomes(kernel, lambda host: not host.links["eth1"].carrier)
    made.start()
    segment.carrier(True)
    made.hears("DHCPCONFIRM")
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]


def test_an_address_of_another_network_is_taken_off_and_one_of_this_comes(
    segment: Segment, kernel: LinuxKernel
) -> None:
    made = server(segment)
    bound(kernel, made)
    made.stop()
    sh("ip addr flush dev srv scope global", made.namespace)
    elsewhere = server(segment, "--dhcp-range=2001:db8:7::10,2001:db8:7::50,64,120", at="2001:db8:7::1/64")
    elsewhere.start()
    segment.carrier(False)
    becomes(kernel, lambda host: not host.links["eth1"].carrier)
    segment.carrier(True)
    elsewhere.hears("DHCPCONFIRM")
    host = becomes(kernel, lambda host: [each for each in lent(host) if each.ip.startswith("2001:db8:7:")])
    assert [each.ip.startswith("2001:db8:7:") for each in lent(host)] == [True]


def test_of_two_servers_the_one_that_wants_to_be_preferred_is_taken(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    other = server(segment, f"--dhcp-range={NET}:10,{NET}:50,64,120")
    other.start()
    preferred = server(segment, f"--dhcp-range={NET}:60,{NET}:90,64,120", "--dhcp-authoritative", at=f"{NET}:2/64")
    preferred.start()
    for each in (other, preferred):  # who has no address of its own yet cannot answer
        comes_true(kernel, lambda: not sh("ip -6 addr show dev srv tentative", each.namespace))  # noqa: B023
    # Who is not heard in the first second may be the better one in vain (RFC 8415 18.2.1): ask until both were
    for _ in range(TRIES):
        kernel.execute([AddClient(CLIENT)])
        (address,) = lent(becomes(kernel, lent))
        lender = lent_by(kernel, address.ip, other, preferred)
        if lender is preferred:
            return
        Door(state).stop(CLIENT, release=True)  # who has a lease asks for that one again
        becomes(kernel, lambda host: not lent(host))
    raise AssertionError(f"the preferred server lent nothing in {TRIES} tries")


def lent_by(kernel: LinuxKernel, ip: str, *servers: Server) -> Server:
    def lenders() -> list[Server]:
        return [each for each in servers if each.leases.exists() and ip in each.leases.read_text()]

    comes_true(kernel, lenders)
    return lenders()[0]


def test_a_server_that_comes_late_is_found(segment: Segment, kernel: LinuxKernel) -> None:
    made = server(segment)
    kernel.execute([AddClient(CLIENT)])
    assert lent(kernel.snapshot()) == []
    made.start()
    becomes(kernel, lent)


def test_an_address_that_another_host_has_is_declined_and_another_is_taken(
    segment: Segment, kernel: LinuxKernel
) -> None:
    made = server(segment, f"--dhcp-range={NET}:10,{NET}:12,64,120")
    segment.station(f"{NET}:10/64")
    segment.station(f"{NET}:12/64")
    made.start()
    kernel.execute([AddClient(CLIENT)])
    (address,) = lent(becomes(kernel, lambda host: lent(host) and not lent(host)[0].state & 0x40))
    assert address.ip == f"{NET}:11"


def test_a_keeper_that_was_killed_and_is_started_again_has_the_same_address_all_the_time(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    made = server(segment)
    address = bound(kernel, made)
    processes.end(state, LEASES, signal.SIGKILL)
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((), [address])
    kernel.execute([AddClient(CLIENT)])
    made.hears("DHCPCONFIRM")
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((CLIENT,), [address])


def test_after_a_restart_of_the_machine_the_same_address_is_taken_up_again(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    made = server(segment)
    address = bound(kernel, made)
    processes.end(state, LEASES, signal.SIGKILL)
    sh(f"ip addr del {address.ip}/128 dev eth1")
    kernel.execute([AddClient(CLIENT)])
    made.hears("DHCPCONFIRM")
    assert [each.ip for each in lent(becomes(kernel, lent))] == [address.ip]


def test_a_link_that_went_down_and_lost_its_address_gets_it_back(segment: Segment, kernel: LinuxKernel) -> None:
    address = bound(kernel, server(segment))
    sh("ip link set eth1 down")
    becomes(kernel, lambda host: not lent(host))
    sh("ip link set eth1 up")
    assert [each.ip for each in lent(becomes(kernel, lent))] == [address.ip]


def test_a_keeper_that_is_told_to_end_says_nothing_to_the_server(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    made = server(segment)
    address = bound(kernel, made)
    processes.end(state, LEASES)
    assert lent(kernel.snapshot()) == [address]
    assert address.ip in made.leases.read_text()


def test_a_client_that_is_stopped_leaves_the_host_alone_and_the_keeper_ends(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    address = bound(kernel, server(segment))
    process = processes.of(state, LEASES)
    assert process is not None
    kernel.execute([DeleteClient(CLIENT)])
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((), [address])
    assert processes.ends(process)


def test_an_address_is_given_back_when_somebody_says_so(segment: Segment, kernel: LinuxKernel, state: Path) -> None:
    made = server(segment)
    address = bound(kernel, made)
    Door(state).stop(CLIENT, release=True)
    assert lent(kernel.snapshot()) == []
    made.hears("DHCPRELEASE")
    comes_true(kernel, lambda: address.ip not in made.leases.read_text())
    assert not (state / "dhcp" / "eth1.6.lease.json").exists()


def test_who_gives_an_address_back_to_nobody_gives_up_after_a_while(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    made = server(segment)
    bound(kernel, made)
    made.stop()
    process = processes.of(state, LEASES)
    assert process is not None
    Door(state).stop(CLIENT, release=True)
    assert lent(kernel.snapshot()) == []
    assert processes.ends(process)


def test_a_client_says_who_it_is_as_it_was_told(segment: Segment, kernel: LinuxKernel) -> None:
    made = server(segment, *RANGE, "--dhcp-host=id:00:01:02:ab:cd,[::44]")
    made.start()
    kernel.execute([AddClient(Client("eth1", 6, {"dhcp-duid": "00:01:02:ab:cd", "dhcp-custom-hostname": "node7"}))])
    (address,) = lent(becomes(kernel, lent))
    assert address.ip == f"{NET}:44"
    comes_true(kernel, lambda: " node7 " in made.leases.read_text())


def with_routers() -> None:
    sh("sysctl -qw net.ipv6.conf.eth1.accept_ra=2 net.ipv6.conf.eth1.autoconf=1")


def test_where_routers_say_so_addresses_come_by_dhcp(segment: Segment, kernel: LinuxKernel) -> None:
    with_routers()
    kernel.execute([AddClient(Client("eth1", 6, {"autoconf": True}))])
    assert lent(kernel.snapshot()) == []
    server(segment, ra=True).start()
    (address,) = lent(becomes(kernel, lent))
    assert address.ip.startswith(NET)


def test_where_routers_say_so_only_information_comes_by_dhcp(
    segment: Segment, kernel: LinuxKernel, state: Path
) -> None:
    with_routers()
    kernel.execute([AddClient(Client("eth1", 6, {"autoconf": True}))])
    made = server(
        segment, f"--dhcp-range={NET}:,ra-stateless,64,600", f"--dhcp-option=option6:dns-server,[{NET}:53]", ra=True
    )
    made.start()
    made.hears("DHCPINFORMATION-REQUEST")
    comes_true(kernel, (state / "dhcp" / "eth1.6.lease.json").exists)
    assert lent(kernel.snapshot()) == []
    kept = lease_on_disk(state)
    assert (kept["addresses"], kept["name_servers"]) == ([], [f"{NET}:53"])
