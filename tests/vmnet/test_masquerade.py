"""Packets through masquerade, in both families: out, in, back to the pod itself, and not where they do not belong."""

from __future__ import annotations

import socket

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from tests.kernel.frames import Tap
from tests.unit.vmnet.manifests import MASQUERADED, POD, vmi
from tests.vmnet.pods import GUEST4, GUEST6, NODE4, NODE6, POD4, POD6, Pods, answering, called, sh

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_nat")

FAMILIES = [(POD4, NODE4), (POD6, NODE6)]
HERE = "/proc/thread-self/ns/net"


def wired(pods: Pods, **fields: object) -> str:
    """The guest of a VM that is behind masquerade."""
    pods.setup(vmi([{**MASQUERADED, **fields}], [POD]))
    return pods.guest("k6t-eth0", f"{GUEST4}/24", f"{GUEST6}/120", gateways=("10.0.2.1", "fd10:0:2::1"))


@pytest.mark.parametrize(("pod", "node"), FAMILIES)
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_what_the_guest_sends_is_the_pods(pods: Pods, pod: str, node: str, kind: int) -> None:
    guest = wired(pods)
    with answering(HERE, 80, kind):
        assert called(guest, node, 80, kind) == pod


@pytest.mark.parametrize(("pod", "node"), FAMILIES)
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_who_calls_the_pod_reaches_the_guest_and_is_seen_by_it(pods: Pods, pod: str, node: str, kind: int) -> None:
    guest = wired(pods)
    with answering(guest, 80, kind):
        assert called(HERE, pod, 80, kind) == node


@pytest.mark.parametrize(("pod", "node"), FAMILIES)
def test_only_the_ports_that_are_listed_are_the_guests(pods: Pods, pod: str, node: str) -> None:
    guest = wired(pods, ports=[{"port": 80}])
    with answering(guest, 80), answering(guest, 81):
        assert called(HERE, pod, 80) == node
        with pytest.raises(ConnectionRefusedError):
            called(HERE, pod, 81)
    assert 'iifname "eth0" counter packets 0' not in sh("nft list table inet vmnet", pods.namespace)


def test_ranges_of_ports_are_the_guests(pods: Pods) -> None:
    guest = wired(pods, portRanges=[{"protocol": "TCP", "start": 80, "end": 82}])
    with answering(guest, 82), answering(guest, 83):
        assert called(HERE, POD4, 82) == NODE4
        with pytest.raises(ConnectionRefusedError):
            called(HERE, POD4, 83)


@pytest.mark.parametrize("pod", [POD4, POD6])
def test_a_guest_reaches_itself_by_its_pods_address(pods: Pods, pod: str) -> None:
    guest = wired(pods)
    with answering(guest, 80):
        assert called(guest, pod, 80) == ("10.0.2.1" if pod == POD4 else "fd10:0:2::1")


@pytest.mark.needs_kernel("br_netfilter")
def test_where_kubernetes_has_bridges_filtered_a_guest_reaches_itself_too_and_they_are_again_later(pods: Pods) -> None:
    setting = "net.bridge.bridge-nf-call-iptables"
    sh(f"sysctl -qw {setting}=1", pods.namespace)
    guest = wired(pods)
    with answering(guest, 80):
        assert called(guest, POD4, 80) == "10.0.2.1"
    pods.teardown()
    assert sh(f"sysctl -n {setting}", pods.namespace) == "1\n"


@pytest.mark.parametrize(("to", "seen"), [("127.0.0.1", "10.0.2.1"), (POD4, POD4), (POD6, POD6)])
def test_processes_of_the_pod_reach_the_guest(pods: Pods, to: str, seen: str) -> None:
    guest = wired(pods)
    with answering(guest, 80):
        assert called(pods.namespace, to, 80) == seen


def test_nothing_goes_from_the_guest_to_other_links_of_the_pod(pods: Pods) -> None:
    pods.attach("net1", "203.0.113.5/24")
    sh("ip addr add 203.0.113.1/24 dev node-net1; ip route add 10.0.2.0/24 via 203.0.113.5")
    guest = wired(pods)
    with answering(HERE, 80), pytest.raises(OSError):
        called(guest, "203.0.113.1", 80, patience_s=0.3)
    with answering(guest, 80), pytest.raises(OSError):
        called(HERE, GUEST4, 80, patience_s=0.3)
    said = sh("nft list chain inet vmnet forward", pods.namespace)
    assert 'counter packets 0 bytes 0 drop comment "from the guest to elsewhere"' not in said


def with_istio(pods: Pods, **fields: object) -> str:
    """The guest of a VM whose pod has Istio's proxy beside it."""
    value = vmi([{**MASQUERADED, **fields}], [POD])
    value["metadata"]["annotations"] = {"sidecar.istio.io/inject": "true"}
    pods.setup(value)
    return pods.guest("k6t-eth0", f"{GUEST4}/24", f"{GUEST6}/120", gateways=("10.0.2.1", "fd10:0:2::1"))


@pytest.mark.parametrize(("pod", "node"), FAMILIES)
def test_with_istio_the_proxy_answers_for_the_pod_and_ssh_alone_is_the_guests(pods: Pods, pod: str, node: str) -> None:
    guest = with_istio(pods)
    with answering(guest, 22):
        assert called(HERE, pod, 22) == node
    with answering(guest, 80), pytest.raises(ConnectionRefusedError):
        called(HERE, pod, 80)
    with answering(pods.namespace, 80):
        assert called(HERE, pod, 80) == node


def test_istios_proxy_speaks_to_the_guest_and_to_itself(pods: Pods) -> None:
    guest = with_istio(pods, ports=[{"port": 80}])
    with answering(guest, 80):
        assert called(pods.namespace, POD4, 80, source="127.0.0.6") == "10.0.2.1"
        assert called(pods.namespace, "127.0.0.1", 80) == "10.0.2.1"
    with answering(pods.namespace, 15001):
        assert called(pods.namespace, "127.0.0.1", 15001) == "127.0.0.1"


@pytest.mark.parametrize(("pod", "node", "head"), [(POD4, NODE4, 40), (POD6, NODE6, 60)])
def test_no_segment_is_announced_larger_than_the_way_out_passes(pods: Pods, pod: str, node: str, head: int) -> None:
    """The guest's own link passes 1500 bytes, the pod's 1300."""
    sh("ip link set eth0 mtu 1300", pods.namespace)
    guest = wired(pods, mtu=1500)
    with answering(guest, 80), answering(HERE, 81), Tap("node-eth0") as wire:
        called(guest, node, 81)
        called(HERE, pod, 80)
        found = [dict(each[TCP].options)["MSS"] for each in wire.packets(0.5) if is_opening(each, pod)]
    assert found == [1300 - head] * 2


def is_opening(packet: Packet, source: str) -> bool:
    """Whether somebody begins to speak, or begins to answer, from there."""
    ip = packet.getlayer(IPv6 if ":" in source else IP)
    return ip is not None and ip.src == source and packet.haslayer(TCP) and "S" in packet[TCP].flags
