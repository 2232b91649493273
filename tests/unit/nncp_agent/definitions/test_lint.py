"""`nncp nad lint`: what is wrong with definitions and references, where, and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.host import Host
from netkernel.records import Link, VlanRange
from nncp_agent.definitions import node, tolerant
from nncp_agent.definitions.lint import lint

MANIFESTS = Path(__file__).parents[3] / "manifests" / "definitions"


def files(*names: str) -> list[tuple[str, bytes]]:
    return [(name, (MANIFESTS / name).read_bytes()) for name in names]


def said(*names: str) -> list[str]:
    return [str(each) for each in lint(files(*names)).findings]


def definition(config: object, name: str = "a", namespace: str = "", resource: str = "") -> tuple[str, bytes]:
    value = {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            **({"annotations": {"k8s.v1.cni.cncf.io/resourceName": resource}} if resource else {}),
        },
        "spec": {"config": json.dumps(config, indent=1)},
    }
    return f"{namespace or 'default'}-{name}.json", json.dumps(value, indent=1).encode()


def messages(*texts: tuple[str, bytes], host: Host | None = None) -> list[str]:
    on_node = (lambda config: node.check(config, host, {"br7"})) if host else (lambda config: ())
    return [each.message for each in lint(texts, on_node).findings]


def of_plugin(**keys: Any) -> list[str]:
    return messages(definition({"cniVersion": "0.3.1", "name": "a", "type": "cnv-bridge", "bridge": "br1", **keys}))


def pod(annotation: str, namespace: str = "default") -> tuple[str, bytes]:
    metadata = {"name": "p", "namespace": namespace, "annotations": {"k8s.v1.cni.cncf.io/networks": annotation}}
    return "pod.json", json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).encode()


GOOD = {"cniVersion": "0.3.1", "type": "cnv-bridge", "bridge": "br1"}


def test_the_manifests_as_they_should_be_have_nothing_wrong() -> None:
    assert said("nad-br1-public.yaml", "nad-vlan-93.yaml", "pod-application.yaml", "vm-demo.yaml") == []


def test_the_printed_definition_has_two_mistakes_at_their_places() -> None:
    assert said("refused-nad-vlan-93.yaml") == [
        "refused-nad-vlan-93.yaml:10:5: error: not JSON: a '-' before the object: JSON has no such lists; take it away",
        "refused-nad-vlan-93.yaml:11:24: error: not JSON: a ',' is missing here",
    ]
    excerpts = [each.excerpt for each in lint(files("refused-nad-vlan-93.yaml")).findings]
    assert excerpts[1] == '      "name": "vlan-93"\n                       ^'


def test_the_printed_pod_names_a_definition_that_is_not_there() -> None:
    (found,) = said("refused-pod-application.yaml", "nad-br1-public.yaml", "nad-vlan-93.yaml")
    assert found == (
        "refused-pod-application.yaml:6:34: error: Pod application-pod: no definition bond1-br1 in namespace default; "
        "there are br1-public, vlan-93"
    )


def test_the_printed_vm_is_no_yaml_and_then_its_multus_has_lost_its_child() -> None:
    (found,) = said("refused-vm-demo.yaml")
    assert found.startswith("refused-vm-demo.yaml:3: error: not YAML: a ':' where no key can stand")
    (found,) = said("refused-vm-indented.yaml")
    assert found == (
        "refused-vm-indented.yaml:9:18: error: multus has nothing below it: networkName stands beside it, "
        "indent that one more"
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"vlann": 93}, "unknown key vlann: did you mean vlan?"),
        ({"macSpoofChk": True}, "macSpoofChk: written macspoofchk; plugins in Go take it all the same, others may not"),
        ({"vlan": "93"}, 'vlan: "93" is text, wanted 93 without quotes'),
        ({"macspoofchk": "true"}, 'macspoofchk: "true" is text, wanted true without quotes'),
        ({"vlan": True}, "vlan: true is true or false, wanted a whole number"),
        ({"vlan": 93.5}, "vlan: 93.5 is a number, wanted a whole number"),
        ({"vlan": 4095}, "vlan: 4095 is out of range, wanted 0 to 4094"),
        ({"vlanTrunk": {"id": 1}}, "vlanTrunk: {'id': 1} is an object, wanted a list"),
        ({"vlanTrunk": [{"minID": 5}]}, "vlanTrunk[0]: minID and maxID stand together, maxID is missing"),
        ({"vlanTrunk": [{"id": 0}]}, "id: 0 is out of range, wanted 1 to 4094"),
        ({"ipMasqBackend": "nftable"}, '"nftable" is none of "", iptables, nftables: did you mean nftables?'),
        ({"bridge": "a b"}, 'bridge: "a b" is no name of an interface: 1 to 15 characters without / : and blanks'),
        ({"runtimeConfig": {"mac": "zz"}}, 'mac: "zz" is no MAC address, wanted six bytes as 02:00:00:00:00:01'),
        ({"type": "cnv-brigde"}, "type cnv-brigde: did you mean cnv-bridge?"),
        ({"cniVersion": "0.3.2"}, "0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0: did you mean 0.3.1?"),
        (
            {"hairpinMode": True, "promiscMode": True},
            "cannot set hairpin mode and promiscuous mode at the same time (hairpinMode, promiscMode)",
        ),
        (
            {"cniVersion": "0.2.0"},
            "cniVersion 0.2.0: a result of that version holds addresses and nothing else, and there is no ipam; "
            "0.3.1 will do",
        ),
    ],
)  # fmt: skip
def test_a_key_that_is_not_as_the_plugin_reads_it(keys: dict[str, Any], message: str) -> None:
    assert any(message in each for each in of_plugin(**keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"vlan": None},
        {"ipam": {"type": "host-local", "subnet": "10.0.0.0/24", "ranges": [[]]}},
        {"type": "macvlan", "master": "eth0"},
        {"args": {"cni": {"mac": "", "labels": []}}},
        {"capabilities": {"mac": True, "ips": True}},
    ],
)
def test_what_plugins_take_is_not_complained_about(keys: dict[str, Any]) -> None:
    assert of_plugin(**keys) == []


def test_a_document_that_is_no_yaml_hides_nothing_of_those_beside_it() -> None:
    head = "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: %s}\nspec:\n"
    config = """  config: '{"cniVersion": "0.3.1", "type": "cnv-bridge", "bridge": "br1", "vlann": 93}'\n"""
    broken = "kind: Pod\nmetadata: {name: p\n"
    text = f"---\n{head % 'a'}{config}--- # another\n{broken}---\r\n{broken}---\n{head % 'b'}{config}"
    found = lint([("all.yaml", text.encode())]).findings
    assert [(each.line, each.message.partition(",")[0].partition(":")[0]) for each in found] == [
        (6, "unknown key vlann"),
        (10, "not YAML"),
        (13, "not YAML"),
        (18, "unknown key vlann"),
    ]


def test_keys_of_a_chain_and_of_its_plugins() -> None:
    tuning = {"type": "cnv-tuning", "sysctl": ["net.ipv4.ip_forward"]}
    chain = {"cniVersion": "0.3.1", "name": "a", "bridge": "br1", "plugins": [tuning, {"bridge": "br1"}, 5]}
    assert messages(definition(chain)) == [
        "unknown key bridge; a plugin's keys stand within plugins",
        "cnv-tuning tunes the interface of a plugin before it in `plugins`, and there is none",
        "sysctl: ['net.ipv4.ip_forward'] is a list, wanted an object",
        "type is missing: the name of the plugin, as cnv-bridge",
        "plugins[2]: wanted an object with the configuration of a plugin",
    ]
    assert messages(definition({"cniVersion": "1.0.0", "plugins": []})) == [
        "plugins: wanted a list with at least one plugin"
    ]


def test_the_resource_leads_to_the_bridge() -> None:
    assert messages(definition(GOOD, resource="bridge.network.kubevirt.io/br1")) == []
    assert messages(definition(GOOD, resource="bridge.network.kubevirt.io/br2")) == [
        "bridge br1: k8s.v1.cni.cncf.io/resourceName says bridge.network.kubevirt.io/br2: it leads pods to nodes that "
        "have br2"
    ]


def test_two_definitions_share_neither_a_name_nor_a_network() -> None:
    named = {**GOOD, "name": "net"}
    shared = messages(definition(named, "a"), definition(named, "b"))
    assert shared == ["network net is also that of default/a: they share leases, and GC of one may take both"]
    assert messages(definition(GOOD, "a"), definition(GOOD, "a")) == [
        "definition default/a stands twice, first in default-a.json"
    ]
    assert messages(definition(GOOD, "a"), definition(GOOD, "b")) == []


@pytest.mark.parametrize(
    ("annotation", "namespace", "message"),
    [
        ("a", "default", ""),
        ("a@net7, a", "default", ""),
        ("default/a", "apps", ""),
        ('[{"name": "a", "mac": "02:00:00:00:00:01", "ips": ["10.0.0.5/24"]}]', "default", ""),
        ("aa", "default", "no definition aa in namespace default: did you mean a?"),
        ("a", "apps", "no definition a in namespace apps; there is one in default: write default/a"),
        ("other/b", "apps", "definition other/b is in another namespace than the pod, which is in apps"),
        ("b", "default", "no definition b in namespace default; there is one in other: a pod may refer to its own"),
        ("a,,b", "default", "k8s.v1.cni.cncf.io/networks: an empty name between commas"),
        ("A", "default", 'k8s.v1.cni.cncf.io/networks: A: "A" is no name'),
        ("a@a-name-that-is-too-long", "default", "is no name of an interface"),
        ('[{"nmae": "a"}]', "default", "unknown key nmae: did you mean name?"),
        ('[{"name": "a", "mac": "zz"}]', "default", 'mac: "zz" is no MAC address'),
        ('[{"name": "a", "ips": ["10.0.0.256"]}]', "default", 'ips: "10.0.0.256" is no IP address'),
        ('{"name": "a"}', "default", "wanted a list of objects"),
    ],
)
def test_a_reference_leads_to_a_definition(annotation: str, namespace: str, message: str) -> None:
    known = [definition(GOOD, "a"), definition({**GOOD, "name": "x"}, "b", "other")]
    found = messages(*known, pod(annotation, namespace))
    assert (not found) if not message else any(message in each for each in found), found


def test_without_definitions_nobody_knows_where_references_lead() -> None:
    assert messages(pod("a")) == []


def bridge(name: str, mtu: int = 1500, **attrs: Any) -> Link:
    return Link(name, "bridge", {"mtu": mtu, **attrs})


HOST = Host(
    links={
        "br1": bridge("br1", vlan_filtering=1),
        "br2": bridge("br2", 1450),
        "bond1": Link("bond1", "bond", {"mtu": 1450, "master": "br1"}),
        "bond2": Link("bond2", "bond", {"mtu": 1450, "master": "br2"}),
        "eth0": Link("eth0", "", {"mtu": 1500}),
    },
    vlans={"bond1": (VlanRange(1, 1, pvid=True, untagged=True), VlanRange(93, 95))},
)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"bridge": "br2", "mtu": 1450}, ""),
        ({"bridge": "br2"}, ""),
        ({"bridge": "br7"}, ""),
        ({"bridge": "br1", "vlan": 93, "mtu": 1400}, ""),
        ({"bridge": "br11"}, "no bridge br11 on this node: did you mean br1?; pods would get one of their own"),
        ({"bridge": "eth0"}, "eth0 is no bridge but a NIC"),
        ({"bridge": "br2", "vlan": 93}, "br2 does not filter VLANs, so pods are refused: ip link set br2 type bridge"),
        ({"vlan": 96, "mtu": 1400}, "VLAN 96 does not leave this node: bond1 of br1 does not carry it"),
        ({"vlanTrunk": [{"minID": 93, "maxID": 96}], "mtu": 1400}, "VLAN 96 does not leave this node"),
        ({"mtu": 1500}, "mtu 1500, and its uplink bond1 passes 1450: larger frames are lost without a trace"),
        ({}, "without mtu a pod takes the 1500 of br1, and its uplink bond1 passes 1450"),
    ],
)
def test_what_is_not_on_this_node(keys: dict[str, Any], message: str) -> None:
    found = messages(definition({**GOOD, **keys}), host=HOST)
    assert (not found) if not message else any(message in each for each in found), found


@pytest.mark.parametrize(
    ("text", "value", "mistakes"),
    [
        ('{"a": 1,}', {"a": 1}, ["a ',' before '}': take it away"]),
        ('{"type:" "x"}', {"type": "x"}, ['the \':\' stands within the quotes: write "type":']),
        ("{'a': True # why\n}", {"a": True}, ['quotes of another kind: JSON has " and no other',
                                               "True: JSON says true", "a comment: JSON has none"]),
        ('{a: 1 "b": 2}', {"a": 1, "b": 2}, ['key a without quotes: write "a"', "a ',' is missing here"]),
        ('{"a": 1, "a": 2}', {"a": 2}, ['key "a" stands twice; the last one counts']),
        ('{"a": [1, 2', None, ["a '[' that is never closed"]),
        ('{"a": {"b": 1}', None, ["a '{' that is never closed"]),
        ('{"a": 1} x', {"a": 1}, ["something follows the end of the object"]),
        ("", None, ["empty: wanted an object, { ... }"]),
    ],
)  # fmt: skip
def test_json_is_read_to_the_end_with_every_mistake_named(text: str, value: object, mistakes: list[str]) -> None:
    found = tolerant.read(text)
    assert (found.value, [each.message for each in found.mistakes]) == (value, mistakes)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_json_is_read_as_it_stands(value: object) -> None:
    found = tolerant.read(json.dumps(value))
    assert (found.value, found.mistakes) == (value, ())


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="{}[]\":,-1ae \n#/'\\", max_size=30))
def test_what_is_no_json_has_a_mistake_and_ends_nothing(text: str) -> None:
    found = tolerant.read(text)
    try:
        json.loads(text)
    except ValueError:
        assert found.mistakes
    lint([("a.conf", text.encode()), ("b.yaml", text.encode())])


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_definition_of_anything_ends_nothing(value: object) -> None:
    config = {**GOOD, **value} if isinstance(value, dict) else value
    lint([definition(config)], lambda config: node.check(config, HOST, ()))
    lint([("a.json", json.dumps({"kind": "NetworkAttachmentDefinition", "metadata": value, "spec": value}).encode())])


HEAD = "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata:\n  name: a\nspec:\n"


@pytest.mark.parametrize(
    "text",
    [
        'config: |\n    {\n      "type": "cnv-bridge",\n      "vlan": "xy"\n    }',
        'config: >-\n    { "type": "cnv-bridge", "vlan":\n      "xy"\n    }',
        'config: \'{ "type": "cnv-bridge", "bridge": "it\'\'s",\n    "vlan": "xy" }\'',
        'config: "{ \\"type\\": \\"cnv-bridge\\",\\n  \\"vlan\\": \\"xy\\" }"',
        'config: "{ \\"type\\": \\"cnv-bridge\\",\\\n     \\"vlan\\": \\"xy\\" }"',
        'config: { "type": "cnv-bridge", "vlan": "xy" }',
    ],
)
def test_a_place_is_found_however_the_text_is_quoted(text: str) -> None:
    whole = f"{HEAD}  {text}\n"
    quote = '\\"xy' if '\\"xy' in whole else '"xy'
    row = next(number for number, line in enumerate(whole.splitlines(), 1) if quote in line)
    column = whole.splitlines()[row - 1].index(quote) + 1
    found = lint([("a.yaml", whole.encode())]).findings
    if "config: {" in text:
        assert [each.message.partition(":")[0] for each in found] == ["spec.config"]
    else:
        assert [(each.line, each.column) for each in found if each.message.startswith("vlan:")] == [(row, column)]
