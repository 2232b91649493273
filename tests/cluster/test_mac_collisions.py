"""MAC addresses that two on a node have, by a real API: pods and VMs come and go, and each is told of the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from lab.cluster import Server, until
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import NotFound
from nncp_agent.kube.guests import MACHINES, NODE_LABEL, ClusterGuests, kept_machine, kept_pod
from nncp_agent.kube.resources import DEFINITIONS, PODS
from nncp_agent.node_state.collisions import Collisions
from nncp_agent.objects import mac_collisions
from nncp_agent.objects.mac_collisions import Collision, of_machine, of_pod

MAC = "02:00:00:00:00:01"
LONG_S = 120.0


class Heard:
    """Events, and collisions as they are known."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.found: Sequence[Collision] = ()
        self._news = threading.Condition()

    def tell(self, about: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        with self._news:
            self.events.append((f"{about['kind']} {about['metadata']['name']}", reason, message))
            self._news.notify_all()

    def count(self, found: Sequence[Collision]) -> None:
        with self._news:
            self.found = found
            self._news.notify_all()

    def until(self, holds: Callable[[], object]) -> None:
        with self._news:
            assert self._news.wait_for(lambda: bool(holds()), LONG_S), f"{self.events} {self.found}"


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    yield made
    made.close()


def a_pod(name: str, node: str, mac: str = MAC) -> dict[str, Any]:
    status = json.dumps([{"name": "net", "interface": "net1", "mac": mac}])
    return {
        "metadata": {"name": name, "annotations": {mac_collisions.STATUS: status}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]},
    }


def a_machine(name: str, node: str) -> dict[str, Any]:
    interfaces = [{"name": "default", "bridge": {}, "macAddress": MAC}]
    return {
        "metadata": {"name": name, "labels": {NODE_LABEL: node}},
        "spec": {"domain": {"devices": {"interfaces": interfaces}, "memory": {"guest": "1Gi"}}},
    }


def kubevirt() -> dict[str, Any]:
    """As much of its definition as it takes for objects of that kind to be there."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": MACHINES.kind, "plural": MACHINES.plural, "singular": "virtualmachineinstance"}
    return {
        "metadata": {"name": f"{MACHINES.plural}.{MACHINES.group}"},
        "spec": {"group": MACHINES.group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def test_pods_and_machines_that_have_the_address_of_a_bridge_are_told_with_it(api: Api) -> None:
    heard = Heard()
    guests = ClusterGuests(api, "node1", lambda: "u1", heard)
    collisions = Collisions(guests, heard.count)
    collisions.start()
    try:
        collisions.seen(Host(links={"br1": Link("br1", "bridge", {"address": MAC})}))
        api.create(PODS, a_pod("elsewhere", "node2"), "default")
        api.create(PODS, a_pod("here", "node1"), "default")
        heard.until(lambda: len(heard.events) == 2)
        assert sorted(heard.events) == [
            ("Node node1", "MACCollision", f"br1: {MAC} is also the MAC of Pod default/here (net1)"),
            ("Pod here", "MACCollision", f"net1: {MAC} is also the MAC of Node node1 (br1)"),
        ]
        api.create(DEFINITIONS, kubevirt())
        until(lambda: _made(api, a_machine("vm", "node1")), "the API serves VMs")
        heard.until(lambda: any(about == "VirtualMachineInstance vm" for about, _, _ in heard.events))
        over = {"status": {"phase": "Succeeded"}}  # no kubelet is there to end it
        api.patch(PODS, "here", over, "default", subresource="status")
        api.delete(MACHINES, "vm", "default")
        heard.until(lambda: not heard.found)
    finally:
        collisions.stop()


def _made(api: Api, machine: dict[str, Any]) -> bool:
    try:
        return bool(api.create(MACHINES, MACHINES.whole(machine), "default"))
    except NotFound:
        return False


def test_what_is_remembered_of_a_pod_or_machine_is_enough() -> None:
    pod, machine = a_pod("p", "node1"), a_machine("m", "node1")
    assert list(of_pod(kept_pod(pod))) == list(of_pod(pod)) != []
    assert list(of_machine(kept_machine(machine))) == list(of_machine(machine)) != []
    assert "memory" not in str(kept_machine(machine)) and "image" not in str(kept_pod(pod))
