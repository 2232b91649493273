"""`nncp pods`: what is attached, whoever did it, with the names that runtimes remember."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netkernel.nftables import Nftables
from netkernel.place import Place
from nncp_agent.pods.attached import Attachment, attached
from nncp_agent.pods.runtimes import calls
from tests.cni.node import Node
from tests.cni.person import SEEDS, Person
from tests.kernel.frames import Tap, frame

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")


def look(folder: Path) -> list[Attachment]:
    with Place() as place, Nftables() as door:
        return attached(place, door, calls([str(folder)]), {"c1": "apps/ours"})


def test_both_plugins_attachments_are_shown_and_others_are_not(lone_node: Node) -> None:
    node = lone_node
    node.filtering_bridge()
    node.sh("ip link add mine type veth peer name yours && ip link set mine master br1")
    ours, theirs, nobodys = node.pod("c1"), node.pod("c2"), node.pod("c3")
    trunk = [{"id": 101}, {"minID": 200, "maxID": 202}]
    both = node.ipam(ranges=[[{"subnet": "10.9.0.0/24"}], [{"subnet": "fd09::/64"}]])
    del both["subnet"]
    ours.ask("ADD", node.config(vlan=93, vlanTrunk=trunk, macspoofchk=True, ipam=both))
    result = theirs.ask_go("ADD", node.config(name="theirs"))
    nobodys.ask_go("ADD", node.config())
    remembered = {
        "containerId": "c2",
        "ifName": "net1",
        "networkName": "theirs",
        "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAMESPACE", "apps"], ["K8S_POD_NAME", "theirs"]],
        "result": result,
    }
    (node.folder / "results").mkdir()
    (node.folder / "results" / "theirs-c2-net1").write_text(json.dumps(remembered))
    (node.folder / "results" / "broken").write_text("{")
    with Tap("far") as far, ours.tap() as inside:
        inside.send(frame(b"spoofed", source="52:54:00:aa:00:09"))
        inside.send(frame(b"honest", source=ours.link["address"]))
        far.marks_until(b"honest")
    first, second = look(node.folder)
    assert first == Attachment(
        pod="apps/ours",
        network="net",
        interface="net1",
        mac=ours.link["address"],
        addresses=tuple(ours.addresses),
        bridge="br1",
        vlan=93,
        trunk=("101", "200-202"),
        port=ours.port,
        dropped=1,
        container="c1",
    )
    assert (second.pod, second.network, second.vlan, second.mac) == ("apps/theirs", "theirs", 1, theirs.link["address"])
    assert second.dropped is None


def test_a_pod_that_goes_away_meanwhile_is_not_shown(lone_node: Node) -> None:
    lone_node.sh("ip link add br1 type bridge")
    pod = lone_node.pod("c1")
    pod.ask("ADD", lone_node.config())
    pod.ask("DEL", lone_node.config())
    assert look(lone_node.folder) == []


def test_it_is_a_table_and_a_document(person: Person) -> None:
    person.node.filtering_bridge()
    person.attach("vlan-93", "--new", "try1", files=SEEDS)
    (row,) = json.loads(person.nncp("pods", "-o", "json"))
    assert (row["pod"], row["bridge"], row["vlan"], row["dropped"]) == ("default/try1", "br1", 93, 0)
    head, line = person.nncp("pods").splitlines()
    assert head.split()[:5] == ["POD", "INTERFACE", "NETWORK", "BRIDGE", "VLAN"]
    assert line.split()[:5] == ["default/try1", "net1", "vlan-93", "br1", "93"]
    person.nncp("detach", "--netns", "try1")
    assert person.nncp("pods", "-o", "yaml") == "[]\n"
