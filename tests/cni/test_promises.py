"""From a committed policy to a pod's ADD: the plugin waits for the bridges that policies make, and for no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cni.person import Person
from tests.cni.runtime import Failed

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")


def apply(person: Person, state: str) -> None:
    file = person.node.folder / "policy.json"
    interfaces: list[dict[str, Any]] = [{"name": "br1", "type": "linux-bridge", "state": state}]
    file.write_text(json.dumps({"interfaces": interfaces}))
    person.nncp("apply", "--no-check", str(file))
    promised = person.node.folder / "state" / "bridges"
    (person.node.folder / "promised").write_text(promised.read_text() if promised.exists() else "")


def test_a_pod_before_the_policy_waits_for_its_bridge(person: Person) -> None:
    node = person.node
    apply(person, "up")
    node.sh("ip link del br1")  # as at boot, before the policy is restored
    before = node.dump()
    pod = node.pod()
    with pytest.raises(Failed, match='bridge "br1" is not there yet') as refused:
        pod.ask("ADD", node.config())
    assert refused.value.code == 11
    assert node.dump() == before
    person.nncp("restore")
    pod.ask("ADD", node.config())
    assert node.ports() == [pod.port]


def test_a_bridge_of_no_policy_is_made_by_the_plugin(person: Person) -> None:
    node = person.node
    apply(person, "up")
    apply(person, "absent")
    pod = node.pod()
    pod.ask("ADD", node.config())
    assert node.ports() == [pod.port]
