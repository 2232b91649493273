"""A guest on both networks of the manifests, beside the bond and the bridge that the policies make: heard on the wire.

test's namespace: far, far.93 — far-eth2, far-eth3 ═ eth2, eth3 — bond1 — br1 — pod — k6t-… — tap… — guest
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from lab import virtual
from netkernel import netns
from tests.cni.node import Node
from tests.cni.person import SEEDS, Person
from tests.cni.ways import in_process
from tests.kernel.frames import Tap, tag
from tests.unit.vmnet.manifests import read, vmi
from tests.vmnet.vm import Wired
from vmnet import networks

pytestmark = [
    pytest.mark.guests,
    pytest.mark.needs_kernel("bonding", "bridge_vlan", "vlan", "veth", "tap", "dummy", "nft_bridge", "nft_nat"),
]

POLICIES = Path(__file__).parents[1] / "manifests"
PUBLIC, VLAN_93 = "02:5c:80:00:00:01", "02:5c:80:00:00:02"
IP = {PUBLIC: "203.0.113.5", VLAN_93: "198.51.100.5"}
HERE = "02:00:00:00:0f:0f"
PATIENCE_S = 60.0
VM = vmi(
    [
        {"name": "nic-0", "bridge": {}, "model": "virtio", "macAddress": PUBLIC},
        {"name": "nic-1", "bridge": {}, "model": "virtio", "macAddress": VLAN_93},
    ],
    [
        {"name": "nic-0", "multus": {"networkName": "default/br1-public"}},
        {"name": "nic-1", "multus": {"networkName": "default/vlan-93"}},
    ],
)
TODO = f"""
ip link set eth0 up; ip addr add {IP[PUBLIC]}/24 dev eth0
ip link set eth1 up; ip addr add {IP[VLAN_93]}/24 dev eth1
{virtual.LISTEN}
"""


class Rack:
    """The node, the wire outside, and the pod of a VM whose guest is on."""

    def __init__(self, person: Person, folder: Path, held: ExitStack) -> None:
        self.person = person
        self.sh = person.node.sh
        for nic in ("eth2", "eth3"):
            self.sh(f"ip link add {nic} type veth peer name far-{nic}; ip link set {nic} up; ip link set far-{nic} up")
        for policy in ("nncp-bond.yaml", "nncp-bridge.yaml"):
            person.nncp("apply", "--no-check", str(POLICIES / policy))
        wanted = json.dumps(networks.selections(read(VM)))
        person.attach(wanted, "--new", "tryvm", "--pod", "shop/demo-vm", files=SEEDS)
        self.pod = "/run/netns/tryvm"
        self.vm = Wired(self.pod, folder, VM)
        held.callback(self.vm.teardown)
        with netns.inside(self.pod):
            self.guest = held.enter_context(virtual.on(self.vm.qemu_args(), TODO))
        self.guest.until("LISTENING")
        self.wires = [held.enter_context(Tap(f"far-{nic}")) for nic in ("eth2", "eth3")]

    @property
    def active(self) -> str:
        """The NIC by which the bond sends what it does not balance, and takes broadcasts."""
        (bond,) = json.loads(self.sh("ip -j -d link show bond1"))
        return str(bond["linkinfo"]["info_data"].get("active_slave", ""))

    def asked(self, ip: str, vlan: int | None) -> tuple[str, int | None]:
        """Who answers for an address on the wire, and with which tag; asked again until somebody does."""
        ask = ARP(op="who-has", hwsrc=HERE, psrc="0.0.0.0", pdst=ip)
        head = Ether(src=HERE, dst="ff:ff:ff:ff:ff:ff")
        frame = head / ask if vlan is None else head / Dot1Q(vlan=vlan) / ask
        found: list[Packet] = []

        def answered() -> bool:
            if (active := self.active) in ("eth2", "eth3"):
                self.wires[active == "eth3"].send(frame)
            heard = [each for wire in self.wires for each in wire.packets(0.1)]
            found.extend(each for each in heard if each.haslayer(ARP) and (each[ARP].op, each[ARP].psrc) == (2, ip))
            return bool(found)

        eventually(answered, f"nobody answers for {ip}")
        return found[0][ARP].hwsrc, tag(found[0])

    def links_of_the_pod(self) -> list[str]:
        """Those that frames go through."""
        found = [each["ifname"] for each in json.loads(self.person.inside("tryvm", "ip -j link show"))]
        return [each for each in found if each.startswith(("tap", "k6t-")) or each.endswith("-nic")]

    def dropped(self) -> int:
        """Frames with foreign MACs, as the node counts them."""
        return sum(row.get("dropped") or 0 for row in json.loads(self.person.nncp("pods", "-o", "json")))


def eventually(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, otherwise


@pytest.fixture
def rack(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Iterator[Rack]:
    with ExitStack() as held:
        node = Node(another_netns, tmp_path, held.enter_context(in_process(tmp_path)))
        held.callback(node.sh, "umount -l /run/netns/tryvm; rm -f /run/netns/tryvm")
        yield Rack(Person(node), tmp_path, held)


def test_a_guest_answers_as_each_network_wants_it_whatever_goes_down_and_with_its_own_mac_only(rack: Rack) -> None:
    def answers(when: str) -> None:
        assert rack.asked(IP[PUBLIC], None) == (PUBLIC, None), when
        assert rack.asked(IP[VLAN_93], 93) == (VLAN_93, 93), when

    answers("at first")
    was = rack.active
    rack.sh(f"ip link set {was} down")
    eventually(lambda: rack.active not in ("", was), "no other port of the bond becomes active")
    rack.sh(f"ip link set {was} up")
    answers("with another active port")
    rack.sh("ip link set bond1 down; ip link set bond1 up")
    answers("after the bond was down")
    rack.guest.do("for each in eth0 eth1; do ip link set $each down; ip link set $each up; done")
    answers("after the guest's NICs were down")
    for each in rack.links_of_the_pod():
        rack.person.inside("tryvm", f"ip link set {each} down; ip link set {each} up")
    answers("after the pod's links were down")
    assert rack.dropped() == 0
    rack.guest.do("ip link set eth1 down; ip link set eth1 address 02:00:00:00:00:66; ip link set eth1 up")
    rack.guest.do(f"arping -c 3 -I eth1 -U {IP[VLAN_93]}")
    eventually(lambda: rack.dropped() > 0, "no frame with a foreign MAC is counted")
    heard = [each.src for wire in rack.wires for each in wire.packets(0.1)]
    assert "02:00:00:00:00:66" not in heard
