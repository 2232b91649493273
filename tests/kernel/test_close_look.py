"""What a diagnosis asks of the kernel: counters, queues, ports' states, who is behind them, what rules drop."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest

from netkernel import close_look, conntrack, stations
from netkernel.close_look import CloseLook
from netkernel.dropped import Dropped, dropped
from netkernel.netlink import Socket
from netkernel.nftables import Nftables
from netkernel.stations import Station
from tests.kernel.frames import Tap, frame

pytestmark = pytest.mark.needs_kernel("veth", "bridge")
SPEAKER = "52:54:00:aa:00:01"
RULES = """
table bridge guarded {
    chain checks {
        ether saddr 52:54:00:aa:00:01 counter drop comment "not this one"
        iifname "elsewhere" counter drop
    }
    chain first {
        type filter hook prerouting priority -300
        iifname "port" counter comment "counted only"
        iifname "port" jump checks
        iifname != "port" counter drop comment "of all others"
        iifname "elsewhere" counter drop
    }
    chain last {
        type filter hook postrouting priority -300
        oifname "port" counter drop comment "to it"
    }
}
table inet others {
    chain c {
        type filter hook input priority 0
        iifname "port" counter drop
    }
}
"""


def sh(script: str) -> None:
    subprocess.run(["sh", "-euc", script], check=True)


def index(link: str) -> int:
    return socket.if_nametoindex(link)


def look(link: str) -> CloseLook:
    with Socket() as door:
        return close_look.at(door, index(link))


@pytest.fixture
def bridged(netns: str) -> None:
    """`far` is joined to `port`, which is in `br0`."""
    sh("ip link add br0 type bridge mcast_snooping 0; ip link add name port type veth peer name far")
    sh("ip link set port master br0")
    sh("for each in br0 port far; do sysctl -qw net.ipv6.conf.$each.disable_ipv6=1; ip link set dev $each up; done")


def heard(mark: bytes) -> None:
    """One frame from `far` that the port has taken."""
    with Tap("far") as far, Tap("port") as port:
        far.send(frame(mark, source=SPEAKER))
        port.marks_until(mark)


def test_counters_and_the_other_end_are_the_links_own(bridged: None) -> None:
    before = look("port")
    heard(b"one")
    now = look("port")
    assert (now.received - before.received, now.received_bytes - before.received_bytes) == (1, 60)
    assert now.other_end == index("far")
    assert (now.port_state, look("far").port_state) == ("forwarding", "")


def test_a_port_that_is_down_is_disabled(bridged: None) -> None:
    sh("ip link set port down")
    assert look("port").port_state == "disabled"


@pytest.mark.needs_kernel("tap")
def test_the_queues_of_a_tap_are_those_that_somebody_has_open(netns: str) -> None:
    from netkernel import tun_device

    sh("ip tuntap add tap0 mode tap multi_queue")
    assert look("tap0").queues == 0
    descriptors = tun_device.queues("tap0", 3, vnet_hdr=False)
    try:
        assert look("tap0").queues == len(descriptors) == 3
    finally:
        for each in descriptors:
            socket.close(each)


def learned() -> list[Station]:
    """Whom `br0` has heard, as soon as that is anybody."""
    names = {number: name for number, name in socket.if_nameindex()}
    deadline = time.monotonic() + 30
    while True:
        with Socket() as door:
            found = [each for each in stations.of_bridge(door, index("br0"), names) if each.is_learned]
        if found:
            return found
        assert time.monotonic() < deadline


def test_who_speaks_is_known_behind_its_port(bridged: None) -> None:
    heard(b"two")
    assert learned() == [Station("port", SPEAKER)]


@pytest.mark.needs_kernel("bridge_vlan")
def test_with_vlans_it_is_known_in_which_one(bridged: None) -> None:
    sh("ip link set br0 type bridge vlan_filtering 1; bridge vlan add dev port vid 7 pvid untagged")
    heard(b"two")
    assert learned() == [Station("port", SPEAKER, 7)]


@pytest.mark.needs_kernel("nft_bridge")
def test_what_is_dropped_is_counted_by_each_rule_about_the_link(bridged: None) -> None:
    subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
    heard(b"three")
    with Nftables() as door:
        found = dropped(door, ["port"])
    assert found == [
        Dropped("bridge guarded", "checks", "not this one", 1),
        Dropped("bridge guarded", "last", "to it", 0),
    ]


@pytest.mark.needs_kernel("nft_nat")
def test_connections_are_seen_with_whether_anybody_answered(netns: str) -> None:
    sh("ip link set lo up; ip link add name far type veth peer name near; ip link set far up; ip link set near up")
    sh("ip addr add 192.0.2.1/24 dev near; ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near")
    sh("nft add table inet t; nft 'add chain inet t c { type filter hook output priority 0 ; }'")
    sh("nft add rule inet t c ct state new counter")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 5300))
        client.sendto(b"?", ("127.0.0.1", 5300))
        server.sendto(b"!", server.recvfrom(10)[1])
        client.sendto(b"?", ("192.0.2.9", 5301))
        found = conntrack.looked_at(lambda flow: flow.target in ("127.0.0.1", "192.0.2.9"))
    assert {(flow.target, flow.protocol, flow.port, flow.is_answered) for flow in found.flows} == {
        ("127.0.0.1", 17, 5300, True),
        ("192.0.2.9", 17, 5301, False),
    }
    assert (found.count, found.is_full) == (2, False)
    assert found.limit > 0
