"""`nncp attach` and `nncp detach`: what Multus does for a pod, on a namespace, with whatever plugins there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cni.person import SEEDS, Person
from tests.faults import raw

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")


def test_both_seed_definitions_are_attached_and_gone_again(person: Person) -> None:
    node = person.node
    node.filtering_bridge()
    before = node.dump()
    statuses = person.attach("vlan-93, br1-public", "--new", "try1")
    assert [(each["name"], each["interface"]) for each in statuses] == [
        ("default/vlan-93", "net1"),
        ("default/br1-public", "net2"),
    ]
    links = {row["ifname"]: row for row in json.loads(person.inside("try1", "ip -j addr"))}
    assert {each["interface"]: each["mac"] for each in statuses} == {
        name: links[name]["address"] for name in ("net1", "net2")
    }
    assert "UP" in links["lo"]["flags"]
    assert len(node.ports()) == 2
    assert 'comment "macspoofchk-' in node.sh("nft list ruleset")
    person.nncp("detach", "--netns", "try1")
    assert raw.changes(before, node.dump()) == ""
    assert not Path("/run/netns/try1").exists()
    assert list((node.folder / "state" / "attached").iterdir()) == []


def test_mac_and_addresses_go_both_ways(person: Person) -> None:
    """As capabilities and in CNI_ARGS; each plugin takes the one it knows."""
    person.node.filtering_bridge()
    static = {"type": "static", "capabilities": {"ips": True}}
    by_args = person.definition("args", {"cniVersion": "0.4.0", "type": "cnv-bridge", "bridge": "br1", "ipam": static})
    by_capability = person.definition(
        "able",
        {
            "cniVersion": "1.0.0",
            "name": "able",
            "plugins": [
                {
                    "type": "cnv-bridge",
                    "bridge": "br1",
                    "capabilities": {"mac": True, "ips": True},
                    "ipam": {"type": "static"},
                }
            ],
        },
    )
    chosen = json.dumps(
        [
            {"name": "args", "mac": "02:00:00:00:00:01", "ips": ["10.9.0.5/24"], "interface": "extra"},
            {"name": "able", "mac": "02:00:00:00:00:02", "ips": ["10.9.1.5/24"]},
        ]
    )
    first, second = person.attach(chosen, "--new", "try1", files=[by_args, by_capability])
    assert (first["interface"], first["mac"], first["ips"]) == ("extra", "02:00:00:00:00:01", ["10.9.0.5"])
    assert (second["interface"], second["mac"], second["ips"]) == ("net2", "02:00:00:00:00:02", ["10.9.1.5"])
    assert "10.9.0.5/24" in person.inside("try1", "ip addr show dev extra")


def test_any_plugin_runs_with_the_pods_name(person: Person) -> None:
    """One written in a line of shell: it keeps what it was called with."""
    told = person.node.folder / "told"
    spy = person.bin / "spy"
    result = '{"cniVersion": "1.0.0", "interfaces": [{"name": "net1", "sandbox": "x", "mac": "02:00:00:00:00:09"}]}'
    spy.write_text(f"#!/bin/sh\n{{ echo $CNI_COMMAND $CNI_ARGS; cat; echo; }} >> {told}\nprintf '%s' '{result}'\n")
    spy.chmod(0o755)
    file = person.definition("spied", {"cniVersion": "1.0.0", "name": "net", "type": "spy", "args": {"x": 1}}, "apps")
    selection = '[{"name": "spied", "namespace": "apps", "mac": "02:00:00:00:00:09", "cni-args": {"a": 1}}]'
    person.attach(selection, "--new", "try1", "--pod", "apps/web", "--args", "MORE=1", files=[file])
    person.nncp("detach", "--netns", "try1", "--pod", "apps/web")
    add, config, delete, last = told.read_text().splitlines()
    common = "IgnoreUnknown=true;K8S_POD_NAMESPACE=apps;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID="
    assert add.startswith(f"ADD {common}") and add.endswith(";K8S_POD_UID=;MAC=02:00:00:00:00:09;MORE=1")
    assert delete.startswith(f"DEL {common}") and delete.endswith(";K8S_POD_UID=;MORE=1")
    assert json.loads(config)["args"] == {"x": 1, "cni": {"a": 1}}
    assert json.loads(last)["prevResult"] == json.loads(result)


def test_ports_and_bandwidth_are_for_plugins_that_have_the_capability(person: Person) -> None:
    """To DEL as to ADD, for that is how a port is let go of."""
    told = person.node.folder / "told"
    for name in ("one", "two"):
        plugin = person.bin / name
        plugin.write_text(f"#!/bin/sh\ncat >> {told}; echo >> {told}\n[ $CNI_COMMAND = DEL ] || echo '{{}}'\n")
        plugin.chmod(0o755)
    able = {"portMappings": True, "bandwidth": True, "deviceID": False}
    chain = [{"type": "one", "capabilities": able}, {"type": "two"}]
    file = person.definition("able", {"cniVersion": "1.0.0", "name": "able", "plugins": chain})
    offers = {
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
        "bandwidth": {"ingressRate": 1000, "ingressBurst": 2000},
    }
    person.attach(json.dumps([{"name": "able", "deviceID": "0000:03:00.1", **offers}]), "--new", "try1", files=[file])
    person.nncp("detach", "--netns", "try1")
    offered = {config["type"]: config.get("runtimeConfig") for config in map(json.loads, told.read_text().splitlines())}
    assert offered == {"one": offers, "two": None}
    assert len(told.read_text().splitlines()) == 4


def test_the_default_route_leads_out_by_the_network_that_says_so(person: Person) -> None:
    node = person.node
    node.filtering_bridge()
    node.sh("ip netns add try1")
    person.inside("try1", "ip link add eth0 type dummy && ip addr add 192.0.2.2/24 dev eth0 && ip link set eth0 up")
    person.inside("try1", "ip route add default via 192.0.2.1 dev eth0")
    ipam = node.ipam("10.9.0.0/24")
    config = {"cniVersion": "1.0.0", "type": "cnv-bridge", "bridge": "br1", "ipam": ipam}
    file = person.definition("out", config)
    before = node.dump()
    chosen = '[{"name": "out", "default-route": ["%s"]}]'
    refused = person.nncp("attach", chosen % "203.0.113.1", "-f", file, "--netns", "try1", code=1)
    assert "default-route by net1: " in refused
    assert person.inside("try1", "ip route show default").split()[2:5] == ["192.0.2.1", "dev", "eth0"]
    assert raw.changes(before, node.dump()) == ""
    (status,) = person.attach(chosen % "10.9.0.254", "--netns", "try1", files=[file])
    assert status["gateway"] == ["10.9.0.254"]
    assert person.inside("try1", "ip route show default").split()[2:5] == ["10.9.0.254", "dev", "net1"]
    assert "eth0" not in person.inside("try1", "ip route show default")
    person.nncp("detach", "--netns", "try1")
    assert raw.changes(before, node.dump()) == ""


@pytest.mark.parametrize(
    ("networks", "words", "code", "message"),
    [
        ("vlan-94", ["--new", "try1"], 1, "no definition default/vlan-94: did you mean default/vlan-93?"),
        ("vlan-93", ["--new", "try1", "--pod", "apps/web"], 1, "no definition apps/vlan-93"),
        ("vlan-93,", ["--new", "try1"], 2, "an empty name between commas"),
        ('[{"name": "vlan-93", "default-route": ["10.0.0.0/8"]}]', ["--new", "try1"], 2, "is no IP address"),
        ("vlan-93", [], 2, "wanted --netns, or --new"),
        ("vlan-93", ["--netns", "try7"], 1, "/run/netns/try7: no such network namespace"),
        ("vlan-93@lo", ["--new", "try1"], 1, "has an interface lo already"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    person: Person, networks: str, words: list[str], code: int, message: str
) -> None:
    person.node.filtering_bridge()
    before = person.node.dump()
    named = [word for file in SEEDS for word in ("-f", file)]
    assert message in person.nncp("attach", networks, *named, *words, code=code)
    assert raw.changes(before, person.node.dump()) == ""
    assert not Path("/run/netns/try1").exists()


def test_what_fails_in_the_middle_leaves_nothing(person: Person) -> None:
    """The second plugin of the second network."""
    node = person.node
    node.filtering_bridge()
    before = node.dump()
    chain = [{"type": "cnv-bridge", "bridge": "br1"}, {"type": "cnv-tuning", "sysctl": {"net.nothing": "1"}}]
    file = person.definition("bad", {"cniVersion": "1.0.0", "name": "bad", "plugins": chain})
    said = person.nncp("attach", "vlan-93,bad", "-f", SEEDS[0], "-f", file, "--new", "try1", code=1)
    assert "cnv-tuning: ADD: open /proc/sys/net/nothing: no such file or directory" in said
    assert raw.changes(before, node.dump()) == ""
    assert list((node.folder / "state" / "attached").iterdir()) == []


def test_detach_needs_neither_the_definition_nor_the_namespace(person: Person) -> None:
    node = person.node
    node.filtering_bridge()
    before = node.dump()
    node.sh("ip netns add try1")
    file = person.definition("gone", {"cniVersion": "1.0.0", "name": "gone", "type": "cnv-bridge", "bridge": "br1"})
    person.attach("gone", "--netns", "try1", files=[file])
    person.attach("vlan-93", "--netns", "try1")
    Path(file).unlink()
    assert "has no net7; it has net1 (default/gone), net2 (default/vlan-93)" in person.nncp(
        "detach", "net7", "--netns", "try1", code=2
    )
    person.nncp("detach", "gone", "--netns", "try1")
    assert [each for each in person.inside("try1", "ls /sys/class/net || ip -br link").split() if "net1" in each] == []
    node.sh("ip netns del try1")
    person.nncp("detach", "--netns", "try1")
    assert raw.changes(before, node.dump()) == ""
