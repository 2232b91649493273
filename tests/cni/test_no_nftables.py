"""On a kernel without nf_tables all works that needs none of it, and what does is refused with words."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cni.skel import Answer
from tests.cni import plugins, without_nftables
from tests.cni.node import Node
from tests.cni.runtime import Failed
from tests.cni.ways import started

pytestmark = pytest.mark.needs_kernel("bridge", "veth", "ipv6")


@pytest.fixture
def node(netns: str, another_netns: Callable[[], str], folder: Path) -> Node:
    def ask(name: str, environment: Mapping[str, str], stdin: bytes) -> Answer:
        command = [sys.executable, without_nftables.__file__, *plugins.alone(name, folder)]
        return started(command, environment, stdin)

    made = Node(another_netns, folder, ask)
    made.sh("ip link add br1 address 02:00:00:00:01:01 type bridge && ip link set br1 up")
    return made


def test_pods_come_and_go_and_are_collected(node: Node) -> None:
    pod, other = node.pod(), node.pod("c2")
    result = pod.ask("ADD", node.config(ipam=node.ipam()))
    assert pod.addresses == {"10.9.0.2/24": ""}
    pod.ask("CHECK", node.config(ipam=node.ipam(), prevResult=result))
    pod.ask("DEL", node.config(ipam=node.ipam()))
    pod.ask("DEL", node.config("1.1.0"))  # nobody knows any more whether rules were made for it
    other.ask("ADD", node.config("1.1.0"))
    other.ask("GC", {**node.config("1.1.0"), "cni.dev/valid-attachments": []})
    assert node.ports() == []


def test_a_check_of_addresses_is_refused_and_nothing_is_left(node: Node) -> None:
    pod = node.pod()
    with pytest.raises(Failed, match="this kernel has no nf_tables"):
        pod.ask("ADD", node.config(macspoofchk=True))
    assert node.ports() == []
    assert [row["ifname"] for row in json.loads(pod.sh("ip -j link"))] == ["lo"]
