"""Both definitions of the manifests on the bridge that the policies beside them make, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from netkernel import netns as namespaces
from tests.cni.person import SEEDS, Person
from tests.kernel.frames import Tap, frame, tag

pytestmark = pytest.mark.needs_kernel("bonding", "bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

MANIFESTS = Path(__file__).parents[1] / "manifests"
OTHER = "52:54:00:aa:00:09"


class Rack:
    """The node with bond1 under br1, and what pods and the wire are told and hear. Pods are named by their networks."""

    def __init__(self, person: Person, taps: ExitStack) -> None:
        self.person = person
        self._taps = taps
        node = person.node
        for nic in ("eth2", "eth3"):
            node.sh(
                f"ip link add {nic} type veth peer name far-{nic} && ip link set {nic} up && ip link set far-{nic} up"
            )
        for policy in ("nncp-bond.yaml", "nncp-bridge.yaml"):
            person.nncp("apply", "--no-check", str(MANIFESTS / policy))
        vlan_94 = person.definition(
            "vlan-94", {"cniVersion": "0.3.1", "type": "cnv-bridge", "bridge": "br1", "vlan": 94}
        )
        self.status: dict[str, Any] = {}
        self.pods: dict[str, Tap] = {}
        for name, network in (("a", "vlan-93"), ("b", "vlan-93"), ("c", "vlan-94"), ("d", "br1-public")):
            (self.status[name],) = person.attach(network, "--new", f"try{name}", files=[*SEEDS, vlan_94])
            self.pods[name] = self._tap(lambda: Tap("net1"), f"/run/netns/try{name}")
        self.wire = self._tap(lambda: Tap(f"far-{self._active()}"), None)

    def _active(self) -> str:
        """The NIC by which the bond sends what it does not balance, and takes broadcasts."""
        (bond,) = json.loads(self.person.node.sh("ip -j -d link show bond1"))
        return str(bond["linkinfo"]["info_data"]["active_slave"])

    def _tap(self, make: Callable[[], Tap], namespace: str | None) -> Tap:
        with namespaces.inside(namespace) if namespace else ExitStack():
            return self._taps.enter_context(make())

    def heard(self, mark: bytes, last: bytes) -> set[str]:
        """The pods that heard a frame, once all have heard one that is sent to each VLAN."""
        for vlan in (None, 93, 94):
            self.wire.send(frame(last, vlan=vlan))
        return {name for name, tap in self.pods.items() if mark in tap.marks_until(last)}


@pytest.fixture
def rack(person: Person) -> Iterator[Rack]:
    with ExitStack() as taps:
        yield Rack(person, taps)


def test_the_tag_is_on_the_wire_and_no_other_vlan_reaches_a_pod(rack: Rack) -> None:
    for name, vlan in (("a", 93), ("c", 94), ("d", None)):
        mark = f"from {name}".encode()
        rack.pods[name].send(frame(mark, source=rack.status[name]["mac"]))
        assert tag(rack.wire.marks_until(mark)[mark]) == vlan
    for vlan in (92, 93, 94, None):
        mark = f"vlan {vlan}".encode()
        rack.wire.send(frame(mark, vlan=vlan))
        expected = {93: {"a", "b"}, 94: {"c"}, None: {"d"}}.get(vlan, set())
        assert rack.heard(mark, f"after {vlan}".encode()) == expected


def test_two_pods_in_one_vlan_talk_and_two_in_different_ones_do_not(rack: Rack) -> None:
    rack.pods["a"].send(frame(b"from a", source=rack.status["a"]["mac"]))
    assert rack.heard(b"from a", b"after a") - {"a"} == {"b"}
    rack.pods["c"].send(frame(b"from c", source=rack.status["c"]["mac"]))
    assert rack.heard(b"from c", b"after c") - {"c"} == set()


def test_a_spoofed_source_is_dropped_and_counted(rack: Rack) -> None:
    rack.pods["a"].send(frame(b"spoofed", source=OTHER))
    rack.pods["a"].send(frame(b"honest", source=rack.status["a"]["mac"]))
    assert set(rack.wire.marks_until(b"honest")) == {b"honest"}
    assert rack.heard(b"spoofed", b"after") - {"a"} == set()
    shown = json.loads(rack.person.nncp("pods", "-o", "json"))
    assert {row["pod"]: row.get("dropped") for row in shown} == {
        "default/trya": 1,
        "default/tryb": 0,
        "default/tryc": None,
        "default/tryd": None,
    }


def test_a_pod_sends_no_larger_frames_than_the_bond_passes(rack: Rack) -> None:
    for name in rack.pods:
        (link,) = json.loads(rack.person.inside(f"try{name}", "ip -j link show net1"))
        assert link["mtu"] == 1450
