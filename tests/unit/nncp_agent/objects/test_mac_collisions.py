"""Who has whose MAC address: VMs, pods and the node's own links."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.node_state.collisions import Collisions
from nncp_agent.objects import mac_collisions as mc
from nncp_agent.objects.mac_collisions import Collision, Holder, Use

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def a_pod(name: str, *macs: str, phase: str = "Running", **labels: str) -> dict[str, Any]:
    status = json.dumps([{"interface": f"net{number}", "mac": mac} for number, mac in enumerate(macs, 1)])
    metadata = {"namespace": "ns", "name": name, "labels": labels, "annotations": {mc.STATUS: status}}
    return {"metadata": metadata, "status": {"phase": phase}}


def a_machine(name: str, *macs: str, phase: str = "Running", binding: str = "bridge") -> dict[str, Any]:
    asked = [{"name": f"nic{number}", binding: {}, "macAddress": mac} for number, mac in enumerate(macs)]
    spec = {"domain": {"devices": {"interfaces": asked}}}
    return {"metadata": {"namespace": "ns", "name": name}, "spec": spec, "status": {"phase": phase}}


def a_host(*links: Link) -> Host:
    return Host(links={link.name: link for link in links})


def link(name: str, mac: str, kind: str = "", **attrs: Any) -> Link:
    return Link(name, kind, {"address": mac, **attrs})


def said(*uses: Any) -> list[tuple[str, list[str]]]:
    return [(each.mac, [str(holder) for holder in each.holders]) for each in mc.collisions(uses)]


A, B = "VirtualMachineInstance ns/a", "VirtualMachineInstance ns/b"
TABLE = [
    ([a_machine("a", MAC), a_machine("b", MAC)], [], [], [(MAC, [A, B])]),
    ([a_machine("a", MAC), a_machine("b", MAC.upper().replace(":", "-"))], [], [], [(MAC, [A, B])]),
    ([a_machine("a", MAC), a_machine("b", OTHER)], [], [], []),
    ([a_machine("a", MAC, MAC)], [], [], [(MAC, [A])]),
    ([a_machine("a", MAC), a_machine("b", MAC, phase="Succeeded")], [], [], []),
    ([a_machine("a", MAC), a_machine("b", MAC, binding="masquerade")], [], [], []),
    ([a_machine("a", MAC)], [a_pod("p", OTHER, MAC)], [], [(MAC, ["Pod ns/p", A])]),
    ([a_machine("a", MAC)], [a_pod("virt-launcher-a", MAC, **{"kubevirt.io": "virt-launcher"})], [], []),
    ([], [a_pod("p", MAC), a_pod("q", MAC, phase="Failed")], [], []),
    ([a_machine("a", MAC)], [], [link("br1", MAC, "bridge")], [(MAC, ["Node n1", A])]),
    ([], [], [link("bond1", MAC, "bond"), link("eth0", MAC), link("bond1.5", MAC, "vlan")], []),
    ([a_machine("a", MAC)], [], [link("tap0", MAC, "tun", alias="nncp:vmnet:a")], []),
    ([a_machine("a", MAC)], [], [link("v1", MAC, "veth", alias="nncp:cni:a")], []),
    ([], [a_pod("p", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "x")], [link("lo", "00:00:00:00:00:00")], []),
]


@pytest.mark.parametrize(("machines", "pods", "links", "wanted"), TABLE)
def test_two_that_have_one_address_collide(
    machines: list[Any], pods: list[Any], links: list[Link], wanted: list[Any]
) -> None:
    uses = [use for each in machines for use in mc.of_machine(each)]
    uses += [use for each in pods for use in mc.of_pod(each)]
    assert said(*uses, *mc.of_host(a_host(*links), "n1")) == wanted


def test_the_status_of_a_machine_counts_before_what_was_asked() -> None:
    machine = a_machine("a", MAC)
    machine["status"]["interfaces"] = [{"name": "nic0", "mac": OTHER}, {"name": "hotplugged", "mac": MAC}]
    assert sorted((use.interface, use.mac) for use in mc.of_machine(machine)) == [("hotplugged", MAC), ("nic0", OTHER)]


@pytest.mark.parametrize("text", ["", "{", "7", '{"a": 1}', "[7, {}]", '[{"mac": 7}]', "null"])
def test_an_annotation_that_makes_no_sense_says_nothing(text: str) -> None:
    assert list(mc.of_pod({"metadata": {"annotations": {mc.STATUS: text}}})) == []


HOLDERS = [Holder("Pod", "ns", name) for name in "abc"] + [Holder("Node", "", "n1")]
USES = st.lists(st.builds(Use, st.sampled_from([MAC, OTHER]), st.sampled_from(HOLDERS), st.sampled_from(["x", "y"])))


@given(USES)
def test_no_order_and_no_repetition_makes_a_difference(uses: list[Use]) -> None:
    found = mc.collisions(uses)
    assert found == mc.collisions([*reversed(uses), *uses])
    for each in found:
        for holder in each.holders:
            assert each.mac in each.told_to(holder)


class Here:
    """What is on a node, and what was told about it."""

    def __init__(self) -> None:
        self.there: list[dict[str, Any]] | None = None
        self.events: list[tuple[str, str]] = []
        self.changed: Callable[[], None] = lambda: None

    def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def stop(self) -> None: ...

    def node(self) -> Holder | None:
        return Holder("Node", "", "n1")

    def pods(self) -> Sequence[Mapping[str, Any]] | None:
        return self.there

    def machines(self) -> Sequence[Mapping[str, Any]] | None:
        return []

    def event(self, holder: Holder, reason: str, message: str) -> None:
        assert reason == "MACCollision"
        self.events.append((str(holder), message))


def test_both_are_told_once_and_again_when_it_comes_again() -> None:
    here, counts = Here(), list[list[str]]()

    def count(found: Sequence[Collision]) -> None:
        counts.append([each.mac for each in found])

    collisions = Collisions(here, count)
    collisions.start()
    collisions.seen(a_host(link("br1", MAC, "bridge")))
    assert here.events == [], "nothing is known of pods yet"
    here.there = [a_pod("p", MAC)]
    here.changed()
    here.changed()
    collisions.seen(a_host(link("br1", MAC, "bridge"), link("eth0", OTHER)))
    both = [
        ("Node n1", f"br1: {MAC} is also the MAC of Pod ns/p (net1)"),
        ("Pod ns/p", f"net1: {MAC} is also the MAC of Node n1 (br1)"),
    ]
    assert here.events == both
    here.there = []
    here.changed()
    here.there = [a_pod("p", MAC)]
    here.changed()
    assert here.events == both * 2
    assert counts == [[MAC], [], [MAC]]
