"""IPv6 of pods: used at once, and behind the node's address where that is asked; seen frame by frame."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from netkernel import netns as namespaces
from netkernel.place import Place
from tests.cni.node import Node
from tests.kernel.frames import Tap

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")


@pytest.mark.parametrize("backend", ["nftables", "iptables"])
def test_what_a_pod_sends_elsewhere_has_the_nodes_address(
    lone_node: Node, another_netns: Callable[[], str], backend: str
) -> None:
    node, there = lone_node, another_netns()
    with Place() as place:
        place.create_pair("uplink", "far", there, mtu=1500)
    with namespaces.inside(there):
        node.sh("ip link set far up && ip addr add 2001:db8::2/64 dev far nodad")
    node.sh("ip link set uplink up && ip addr add 2001:db8::1/64 dev uplink nodad")
    pod = node.pod()
    ipam = node.ipam("fd09::/64")
    config = node.config(isDefaultGateway=True, ipMasq=True, ipMasqBackend=backend, ipam=ipam)
    pod.ask("ADD", config)
    (own,) = pod.addresses
    with namespaces.inside(there):
        far = Tap("far")
    with far:
        assert pod.pings("2001:db8::2")
        requests = [each for each in far.packets(0.2) if each.haslayer(ICMPv6EchoRequest)]
    assert {each[IPv6].src for each in requests} == {"2001:db8::1"}
    pod.ask("DEL", config)
    assert "masq" not in node.sh("nft list ruleset").lower()
    assert own.startswith("fd09::")


@pytest.mark.parametrize("gateway", [False, True])
def test_ipv6_is_ready_when_add_is_done(lone_node: Node, gateway: bool) -> None:
    """Without a wait for duplicates, which takes a second: the address is not tentative, and frames pass."""
    node = lone_node
    config = node.config(isGateway=gateway, ipam=node.ipam("fd09::/64"))
    first, second = node.pod("c1"), node.pod("c2")
    for pod in (first, second):
        pod.ask("ADD", config)
        assert set(pod.addresses.values()) == {""}
    assert first.pings(next(iter(second.addresses)).partition("/")[0])
    if gateway:
        (address,) = [
            each
            for row in json.loads(node.sh("ip -j -6 addr show br1"))
            for each in row["addr_info"]
            if each["scope"] == "global"
        ]
        assert not address.get("tentative")
        assert first.pings("fd09::1")


@pytest.mark.parametrize("asked", [{}, {"vlan": 93}, {"macspoofchk": True, "hairpinMode": True}, {"mtu": 1400}])
def test_one_port_is_all_that_the_node_gets(lone_node: Node, asked: dict[str, object]) -> None:
    node = lone_node
    node.filtering_bridge()
    before = names(node)
    pod = node.pod()
    pod.ask("ADD", node.config(ipam=node.ipam("fd09::/64"), **asked))
    assert names(node) - before == {pod.port}
    assert pod.sh("ls /proc/sys/net/ipv4/conf").split() == ["all", "default", "lo", "net1"]
    pod.ask("DEL", node.config(ipam=node.ipam("fd09::/64")))
    assert names(node) == before


def names(node: Node) -> set[str]:
    return {row["ifname"] for row in json.loads(node.sh("ip -j link"))}
