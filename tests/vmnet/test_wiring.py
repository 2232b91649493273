"""A VM's NICs on a real kernel: wired as KubeVirt does it, and the pod is as CNI made it when they are gone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from netkernel.errors import KernelRefused
from tests.faults import raw
from tests.kernel.frames import Tap
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, vmi
from tests.vmnet.pods import Pods, sh
from vmnet.target import Giving

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "bridge_vlan", "tap", "nft_nat")

BOTH = vmi([MASQUERADED, BRIDGED])


@pytest.mark.parametrize("has_dummy", [pytest.param(True, marks=pytest.mark.needs_kernel("dummy")), False])
def test_setup_twice_and_teardown_leave_the_pod_as_it_was(pods: Pods, has_dummy: bool) -> None:
    pods.attach("net1", "203.0.113.5/24", "2001:db8:1::5/64")
    sh("ip route add 198.51.100.0/24 via 203.0.113.1 metric 7; ip addr add 203.0.113.6/24 dev net1", pods.namespace)
    before = pods.dump()
    assert pods.setup(BOTH, giving=Giving(has_dummy=has_dummy)).ops
    during = pods.dump()
    assert pods.setup(BOTH, giving=Giving(has_dummy=has_dummy)).ops == ()
    assert pods.dump() == during
    pods.teardown()
    assert raw.changes(before, pods.dump()) == ""
    assert sh("nft list ruleset", pods.namespace) == ""


@pytest.mark.needs_kernel("dummy")
def test_what_bridge_binding_makes_is_what_kubevirt_makes(pods: Pods) -> None:
    pods.attach("net1", "203.0.113.5/24", mtu=1400)
    own = pods.links()["net1"]
    pods.setup(BOTH)
    now = pods.links()
    assert (now["net1-nic"]["ifindex"], now["net1-nic"]["master"]) == (own["ifindex"], "k6t-net1")
    assert now["net1-nic"]["linkinfo"]["info_slave_data"]["learning"] is False
    assert now["net1-nic"]["addr_info"] == []
    assert now["net1-nic"]["address"] == now["k6t-net1"]["address"] != own["address"]
    assert (now["net1"]["linkinfo"]["info_kind"], now["net1"]["address"]) == ("dummy", own["address"])
    assert "203.0.113.5" in [each["local"] for each in now["net1"]["addr_info"]]
    assert "UP" not in now["net1"]["flags"]
    tap = now["tap1"]
    assert (tap["master"], tap["mtu"], str(tap["linkinfo"]["info_data"]["user"])) == ("k6t-net1", 1400, "107")
    assert (now["k6t-net1"]["mtu"], now["k6t-eth0"]["address"]) == (1400, "02:00:00:00:00:00")


def test_a_bridge_keeps_its_mac_whatever_joins_it(pods: Pods) -> None:
    pods.attach("net1")
    pods.setup(vmi([BRIDGED], [LAN]), giving=Giving(has_dummy=False))
    mac = pods.links()["k6t-net1"]["address"]
    sh(
        "ip link add low address 02:00:00:00:00:01 type veth peer name far; ip link set low master k6t-net1",
        pods.namespace,
    )
    assert pods.links()["k6t-net1"]["address"] == mac


@pytest.mark.parametrize(("queues", "multi_queue"), [(1, False), (4, True)])
def test_a_tap_has_several_queues_only_when_asked(pods: Pods, queues: int, multi_queue: bool) -> None:
    pods.setup(vmi([{**MASQUERADED, "queues": queues}], [POD]))
    assert pods.links()["tap0"]["linkinfo"]["info_data"]["multi_queue"] is multi_queue


@pytest.mark.needs_kernel("bridge_vlan")
@pytest.mark.parametrize(
    ("vlan", "inside", "outside"),
    [({"access": 93}, {93: "PVID"}, {93: ""}), ({"trunk": ["10-12"], "native": 5}, {5: "PVID", 10: "", 11: "", 12: ""},
                                               {5: "", 10: "", 11: "", 12: ""})],
)  # fmt: skip
def test_a_nic_is_in_the_vlans_it_asks_for(pods: Pods, vlan: Any, inside: Any, outside: Any) -> None:
    pods.attach("net1")
    pods.setup(vmi([{**BRIDGED, "vlan": vlan}], [LAN]), giving=Giving(has_dummy=False))
    found = {
        port["ifname"]: {
            id: each.get("flags", [""])[0]
            for each in port["vlans"]
            for id in range(each["vlan"], each.get("vlanEnd", each["vlan"]) + 1)
        }
        for port in json.loads(sh("bridge -j vlan show", pods.namespace))
    }
    assert (found["tap1"], found["net1-nic"]) == (inside, outside)
    assert "k6t-net1" not in found


@pytest.mark.needs_kernel("dummy")
def test_a_nic_comes_and_goes_beside_others(pods: Pods) -> None:
    pods.attach("net1", "203.0.113.5/24")
    pods.setup(vmi([MASQUERADED], [POD]))
    alone = pods.dump()
    pods.setup(BOTH)
    pods.setup(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}]))
    assert raw.changes(alone, pods.dump()) == ""


def test_what_the_kernel_refuses_leaves_the_pod_as_it_was(pods: Pods) -> None:
    """A tap of that name is somebody's in the moment between the look and the deed."""
    pods.attach("net1", "203.0.113.5/24")
    before = pods.dump()
    with pytest.raises(KernelRefused) as refused:
        pods.setup(vmi([MASQUERADED, {**BRIDGED, "mtu": 65521}]), giving=Giving(has_dummy=False, user=2**32 - 1))
    assert refused.value.leftovers == ()
    assert raw.changes(before, pods.dump()) == ""


def test_only_the_guest_answers_for_its_address(pods: Pods) -> None:
    pods.attach("net1", "203.0.113.5/24")
    pods.setup(vmi([BRIDGED], [LAN]), giving=Giving(has_dummy=False))
    guest = pods.guest("k6t-net1", "203.0.113.5/24")
    mac = json.loads(sh("ip -j link show eth0", guest))[0]["address"]
    ask = Ether(src="02:00:00:00:00:09", dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="203.0.113.1", pdst="203.0.113.5")
    with Tap("node-net1") as node:
        assert answers(node, ask, mac) == {mac}


def answers(node: Tap, ask: Packet, last: str) -> set[str]:
    """Who answers until `last` does; the kernel would have been faster than the guest."""
    found: set[str] = set()
    deadline = time.monotonic() + 30
    while last not in found:
        assert time.monotonic() < deadline, found
        node.send(ask)
        found |= {each[ARP].hwsrc for each in node.packets(0.2) if each.haslayer(ARP) and each[ARP].op == 2}
    return found
