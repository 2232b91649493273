"""Documents in, one network state out; every mistake named where it stands; and back to plain documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netkernel import documents
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.kinds.bond_config import BondConfig
from nncp_agent.kinds.bridge_config import BridgeConfig
from nncp_agent.model import Interface, IpStack, NetworkState, State
from nncp_agent.wire import Decoded, decode, encode

MANIFESTS = Path(__file__).parents[2] / "manifests"


def manifest(*names: str) -> list[documents.Document]:
    return [each for name in names for each in documents.read((MANIFESTS / name).read_bytes(), name)]


def text(yaml: str, source: str = "policy.yaml") -> Decoded:
    return decode(documents.read(yaml, source))


def tree(value: Any) -> Decoded:
    return decode([documents.Document(value)])


def wrong(value: Any) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        tree(value)
    return [str(each) for each in caught.value.problems]


def rule(entry: dict[str, Any]) -> dict[str, Any]:
    return {"route-rules": {"config": [entry]}}


def one(**keys: Any) -> Interface:
    (found,) = (
        tree({"interfaces": [{key.replace("_", "-"): value for key, value in keys.items()}]}).desired.interfaces or ()
    )
    return found


def faults(**keys: Any) -> list[str]:
    return wrong({"interfaces": [{"name": "eth1"} | {key.replace("_", "-"): value for key, value in keys.items()}]})


def test_the_decks_policies_become_one_state_in_any_order() -> None:
    first, second = (
        decode(manifest("nncp-bond.yaml", "nncp-bridge.yaml")),
        decode(manifest("nncp-bridge.yaml", "nncp-bond.yaml")),
    )
    assert first.desired.interface("bond1") == second.desired.interface("bond1")
    assert first.desired.interface("br1") == second.desired.interface("br1")
    bond = first.desired.interface("bond1")
    assert bond is not None and isinstance(bond.config, BondConfig) and bond.config.options is not None
    assert (bond.mtu, bond.config.port, bond.config.options.miimon) == (1450, ("eth2", "eth3"), 100)
    assert [each.name for each in first.policies] == ["worker-bond1", "worker-bond1-br1"]
    assert first.policies[0].node_selector == {"node-role.kubernetes.io/worker": ""}
    assert "nodeSelector is ignored here" in first.notes[0]


def test_a_policys_bridge_ports_let_every_vlan_through_and_a_plain_states_do_not() -> None:
    policy = decode(manifest("nncp-bridge.yaml")).desired
    state = tree(manifest("nncp-bridge.yaml")[0].value["spec"]["desiredState"]).desired  # type: ignore[index]
    for desired, expected in ((policy, [{"id-range": {"min": 2, "max": 4094}}]), (state, None)):
        port = encode(desired)["interfaces"][0]["bridge"]["port"][0]
        assert port.get("vlan", {}).get("trunk-tags") == expected


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("[!r]*.yaml")), ids=lambda path: path.name)
def test_every_example_can_be_read_and_written_and_read_again(path: Path) -> None:
    desired = decode(manifest(path.name)).desired
    plain = encode(desired)
    assert json.loads(json.dumps(plain)) == plain
    assert tree(plain).desired == desired
    assert encode(tree(plain).desired) == plain


def test_a_list_of_policies_is_one_state() -> None:
    found = decode(manifest("nncp-list.yaml"))
    assert [each.name for each in found.desired.interfaces or ()] == ["bond1.93", "old0"]
    assert found.desired.interface("old0") == Interface(name="old0", type="dummy", state=State.ABSENT)
    assert found.desired.routes is not None and len(found.desired.routes.config or ()) == 1


def test_what_nmstate_shows_asks_for_no_more_than_it_says() -> None:
    found = decode(manifest("show-nmstate.yaml"))
    eth0 = found.desired.interface("eth0")
    assert eth0 is not None and eth0.ipv4 is not None and eth0.ipv6 is not None
    assert (eth0.driver, eth0.max_mtu, eth0.permanent_mac_address, eth0.wait_ip) == (None, None, None, "any")
    assert [each.ip for each in eth0.ipv4.address or ()] == ["192.0.2.10", "192.0.2.77"]
    assert eth0.ipv6.address == ()
    assert found.desired.interface("lo").mac_address is None  # type: ignore[union-attr]
    assert found.desired.interface("tap0") == Interface(name="tap0", type="tun", state=State.IGNORE)
    assert (len(found.notes), len([*found.notes_on(None)])) == (0, 1)
    assert found.desired.routes is not None and found.desired.routes.running is None


def test_keys_stand_in_nmstates_order() -> None:
    plain = encode(decode(manifest("state-everything.yaml")).desired)
    for each in plain["interfaces"]:
        assert [key for key in each if key in ("name", "type", "state")] == list(each)[
            : len({"name", "type", "state"} & set(each))
        ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("mtu", "1450", 1450),
        ("mtu", "0x5dc", 1500),
        ("mtu", None, None),
        ("accept-all-mac-addresses", "Yes", True),
        ("accept-all-mac-addresses", 0, False),
        ("accept-all-mac-addresses", "off", False),
        ("mac-address", "02-ab-00-00-00-01", "02:AB:00:00:00:01"),
        ("mac-address", "00:00:00:00:00:00", None),
        ("controller", "", ""),
        ("description", "", ""),
    ],
)
def test_spellings_are_forgiven_where_the_meaning_is_clear(key: str, value: Any, expected: Any) -> None:
    found = one(name="eth1", **{key: value})
    assert getattr(found, key.replace("-", "_")) == expected


@pytest.mark.parametrize("word", ["port", "ports", "slaves"])
def test_ports_have_three_words(word: str) -> None:
    bond = one(name="b", type="bond", link_aggregation={"mode": 1, word: ["eth1"]})
    assert isinstance(bond.config, BondConfig) and bond.config.port == ("eth1",)
    bridge = one(name="b", type="linux-bridge", bridge={word: [{"name": "eth1"}]})
    assert isinstance(bridge.config, BridgeConfig) and [each.name for each in bridge.config.port or ()] == ["eth1"]


def test_two_words_for_one_thing_must_agree() -> None:
    options = {"group-fwd-mask": 8, "group-forward-mask": 8}
    assert one(name="b", type="linux-bridge", bridge={"options": options}).config is not None
    (found,) = faults(type="linux-bridge", bridge={"options": options | {"group-forward-mask": 16}})
    assert "eth1: bridge.options.group-forward-mask: stated twice" in found


def test_a_section_without_a_type_tells_the_type() -> None:
    assert one(name="x", link_aggregation={"mode": 1}).type == "bond"
    assert one(name="x", type="unknown", vlan={"id": 4}).type == "vlan"
    assert one(name="x").type is None


@pytest.mark.parametrize("name", ["eth1", "bond0.93", "ünïcode", "-x", "123456789012345"])
def test_the_kernels_names_are_names(name: str) -> None:
    assert one(name=name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 128,
        "ü" * 64,
        "a/b",
        "a:b",
        "a%d",
        "a b",
        "a\tb",
        "a\x7fb",
        "a\u2028b",
        ".",
        "..",
        "all",
        "default",
        7,
        ["x"],
    ],
)
def test_other_names_are_refused(name: Any) -> None:
    assert "name: found" in wrong({"interfaces": [{"name": name}]})[0]


def test_an_interface_known_by_its_mac_may_be_called_anything() -> None:
    assert one(name="the uplink of rack 7", identifier="mac-address", mac_address="02:00:00:00:00:01").name
    assert "identifier is mac-address" in wrong({"interfaces": [{"name": "x", "identifier": "mac-address"}]})[0]


@pytest.mark.parametrize("by", ["pci-address", "driver", "alt-name"])
def test_what_an_interface_is_known_by_has_to_be_said(by: str) -> None:
    assert wrong({"interfaces": [{"name": "x", "identifier": by}]}) == [
        f"x: {by}: missing; wanted it, because identifier is {by}"
    ]


def test_pci_addresses_are_read_as_lspci_prints_them() -> None:
    def read(address: str) -> Any:
        return one(name="x", identifier="pci-address", **{"pci-address": address}).pci_address

    assert read("0A:00.1") == read("0000:0a:00.1") == "0000:0a:00.1"
    assert read("10000:e1:00.0") == "10000:e1:00.0"
    for address in ("0a:00", "0000:0a:20.0", "0a:00.8", "eth0", "0000:0000:0a:00.0"):
        entry = {"name": "x", "identifier": "pci-address", "pci-address": address}
        assert "wanted a PCI address like 0000:07:00.0" in wrong({"interfaces": [entry]})[0]


def test_a_pattern_without_its_identifier_is_refused_and_a_driver_is_what_show_prints() -> None:
    assert "only with identifier: alt-name" in wrong({"interfaces": [{"name": "x", "alt-name": "en*"}]})[0]
    assert one(name="x", driver="virtio_net").driver is None


def test_every_problem_is_reported_with_file_line_and_guess() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        text(
            """
interfaces:
  - name: bond1
    type: bond
    mtuu: 1450
    link-aggregation:
      mode: balance-alp
      options:
        miimonn: 100
        arp_missed_max: 0
      slaves: [eth1, 7]
"""
        )
    assert str(caught.value).splitlines() == [
        "policy.yaml:5: bond1: mtuu: unknown key; did you mean 'mtu'?",
        "policy.yaml:7: bond1: link-aggregation.mode: found 'balance-alp', did you mean 'balance-alb'?",
        "policy.yaml:9: bond1: link-aggregation.options.miimonn: unknown key; did you mean 'miimon'?",
        "policy.yaml:10: bond1: link-aggregation.options.arp_missed_max: found 0, wanted 1 to 255",
        "policy.yaml:11: bond1: link-aggregation.slaves[1]: found 7, wanted text (put it in quotes)",
    ]


def test_an_interface_said_twice_is_refused_with_both_places() -> None:
    pages = [
        *documents.read("interfaces: [{name: eth1}]", "a.yaml"),
        *documents.read("interfaces: [{name: eth1}]", "b.yaml"),
    ]
    with pytest.raises(InvalidPolicy) as caught:
        decode(pages)
    assert (
        str(caught.value)
        == "b.yaml:1: eth1: name: found 'eth1' twice, wanted each interface once; the first is at a.yaml:1"
    )


def test_problems_found_later_get_their_line() -> None:
    found = text("interfaces:\n- name: br1\n  bridge:\n    port:\n    - name: eth1\n      vlan:\n        tag: 3\n")
    late = [
        Problem("br1: bridge.port[eth1].vlan.tag", "x"),
        Problem("br1: bridge.port[0].vlan", "x"),
        Problem("br1: mtu", "x"),
        Problem("eth9: mtu", "x"),
    ]
    assert [(each.source, each.line) for each in found.located(late)] == [
        ("policy.yaml", 7),
        ("policy.yaml", 6),
        ("policy.yaml", 2),
        ("", None),
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"type": "bonds"}, "type: found 'bonds', did you mean 'bond'?"),
        ({"type": 7}, "type: found 7, wanted a type like bond"),
        ({"type": "vlan", "bridge": {}}, "bridge: belongs to type linux-bridge, and this is of type vlan"),
        ({"state": "Up"}, "state: found 'Up', did you mean 'up'?"),
        ({"state": True}, "state: found true, wanted one of up, down"),
        ({"mtu": 1.5}, "mtu: found 1.5, wanted a whole number"),
        ({"mtu": -1}, "mtu: found -1, wanted 0 to 2147483647"),
        ({"mtu": "9" * 6000}, "wanted a whole number"),
        ({"mac-address": "01:00:5e:00:00:01"}, "multicast"),
        ({"mac-address": "02:00:00:00:01"}, "wanted a MAC address like"),
        (
            {"copy-mac-from": "eth0", "type": "dummy"},
            "copy-mac-from: found type dummy, wanted one of bond, linux-bridge",
        ),
        ({"ipv4": True}, "ipv4: found true, wanted a mapping"),
        (
            {"ipv4": {"address": "10.0.0.1/24"}},
            "ipv4.address: found '10.0.0.1/24', wanted a list of mappings like {ip:",
        ),
        ({"ipv4": {"address": ["10.0.0.1/24"]}}, "ipv4.address[0]: found '10.0.0.1/24', wanted a mapping like {ip:"),
        ({"ipv4": {"address": [{"ip": "10.0.0.1"}]}}, "ipv4.address[0].prefix-length: missing"),
        ({"ipv6": {"dhcp": True, "dhcp-duid": "mine"}}, "ipv6.dhcp-duid: found 'mine', wanted ll, llt, en, uuid, or 3"),
        ({"ipv6": {"dhcp": True, "dhcp-custom-hostname": "a b"}}, "ipv6.dhcp-custom-hostname: found"),
        ({"ipv4": {"dhcp": True, "dhcp-custom-hostname": "a\nb"}}, "ipv4.dhcp-custom-hostname: found"),
        ({"link-aggregation": {"port": "eth1"}}, "link-aggregation.port: found 'eth1', wanted a list"),
        (
            {"link-aggregation": {"port": [{"name": "eth1"}]}},
            "link-aggregation.port[eth1]: found a mapping, wanted text",
        ),
        ({"bridge": {"port": ["eth1"]}}, "bridge.port[0]: found 'eth1', wanted a mapping like {name: eth1}"),
        (
            {"bridge": {"options": {"stp": {"hello-time": 11}}}},
            "bridge.options.stp.hello-time: found 11, wanted 1 to 10",
        ),
        ({"type": "ovs-bridge"}, "Open vSwitch is not managed here; use ovs-vsctl"),
        ({"type": "ovs-interface"}, "ovs-vsctl"),
        ({"type": "ipsec"}, "Libreswan"),
        ({"infiniband": {"pkey": "0x8000"}}, "infiniband.pkey: found '0x8000', wanted a partition key of 0x0001"),
        ({"infiniband": {"pkey": 65536}}, "infiniband.pkey: found '65536', wanted a partition key of 0x0001"),
        ({"infiniband": {"mode": "fast"}}, "infiniband.mode: found 'fast', wanted one of datagram, connected"),
        ({"macsec": {"port": 65536}}, "macsec.port: found 65536, wanted 0 to 65535"),
        ({"macsec": {"validation": "lax"}}, "macsec.validation: found 'lax', wanted one of disabled, check, strict"),
        ({"macsec": {"offload": "nic"}}, "macsec.offload: found 'nic', wanted one of off, phy, mac"),
        ({"macsec": {"mka-cak": "50b71a8e"}}, "macsec.mka-cak: found 8 characters, wanted 32 hexadecimal digits"),
        ({"macsec": {"mka-cak": 10**31}}, "macsec.mka-cak: found no text, wanted it in quotes"),
        ({"macsec": {"mka-ckn": "f2b"}}, "macsec.mka-ckn: found 3 characters, wanted an even number of hexadecimal"),
        ({"macsec": {"mka-ckn": "f2" * 33}}, "macsec.mka-ckn: found 66 characters, wanted an even number"),
        ({"type": "xfrm"}, "no policy can make"),
        ({"tun": {"mode": "bridge"}}, "tun.mode: found 'bridge', wanted one of tun, tap"),
        ({"tun": {"owner": "qemu"}}, "tun.owner: found 'qemu', wanted a whole number"),
        ({"tun": {"group": 2**32 - 1}}, "tun.group: found 4294967295, wanted 0 to 4294967294"),
        ({"802.1x": {"identity": "me"}}, "802.1x: 802.1X is not done here; use wpa_supplicant"),
        ({"ovs-db": {"external_ids": {"a": "b"}}}, "ovs-vsctl"),
        ({"lldp": {"enabled": "maybe"}}, "lldp.enabled: found 'maybe', wanted true or false"),
        ({"lldp": {"enable": True}}, "lldp.enable: unknown key; did you mean 'enabled'?"),
        ({"lldp": True}, "lldp: found true, wanted a mapping like {enabled: true}"),
        ({"ethtool": {"pause": {"rx": "maybe"}}}, "ethtool.pause.rx: found 'maybe', wanted true or false"),
        ({"ethtool": {"coalesce": {"rx-usecs": -1}}}, "ethtool.coalesce.rx-usecs: found -1, wanted 0 to"),
        ({"ethtool": {"rings": {}}}, "ethtool.rings: unknown key; did you mean 'ring'?"),
        ({"ethtool": {"feature": ["gro"]}}, "ethtool.feature: found a list, wanted a mapping"),
        ({"ethtool": {"feature": {7: True}}}, "ethtool.feature[7]: found 7, wanted text"),
        ({"ethtool": {"feature": {"gro": 7}}}, "ethtool.feature.gro: found 7, wanted true or false"),
        (
            {"ethtool": {"feature": {"gso": True, "tx-generic-segmentation": False}}},
            "ethtool.feature.tx-generic-segmentation: stated twice in different words, and not the same",
        ),
        (
            {"mptcp": {"address-flags": ["fullmesh", "signal"]}},
            "address-flags: found signal and fullmesh, wanted only one",
        ),
        ({"mptcp": {"address-flags": ["signals"]}}, "mptcp.address-flags[0]: found 'signals', did you mean 'signal'?"),
        ({"mptcp": {"address-flag": []}}, "mptcp.address-flag: unknown key; did you mean 'address-flags'?"),
        ({"dispatch": {"post-activate": "reboot"}}, "dispatch.post-activate: unknown key; did you mean"),
        ({"dispatch": "reboot"}, "dispatch: found 'reboot', wanted a mapping like"),
        ({"wait-ip": "ipv5"}, "wait-ip: found 'ipv5', did you mean 'ipv"),
        ({"ethernet": {"sr-iov": {"total-vfs": -4}}}, "ethernet.sr-iov.total-vfs: found -4, wanted 0 to 65535"),
        ({"ethernet": {"duplex": "both"}}, "ethernet.duplex: found 'both', wanted one of full, half"),
        ({"ethernet": {"sr-iov": {"vfs": [{"trust": True}]}}}, "ethernet.sr-iov.vfs[0].id: missing"),
    ],
)
def test_what_cannot_be_is_refused_in_words(keys: dict[str, Any], words: str) -> None:
    found = faults(**keys)
    assert any(each.startswith("eth1: ") and words in each for each in found), found


def test_features_are_known_by_the_names_that_the_kernel_has_for_them() -> None:
    found = one(name="eth1", ethtool={"features": {"gro": "on", "rx-gro": 1, "rxhash": "no", "odd": None}}).ethtool
    assert found is not None
    assert found.feature == {"rx-gro": True, "rx-hashing": False}


@pytest.mark.parametrize(
    "keys",
    [
        {"lldp": {"enabled": False}},
        {"lldp": {"enabled": "1", "neighbors": [[{"type": 5, "system-name": "switch1"}]]}},
        {"ovs-db": {}},
        {"ethtool": {}},
        {"dispatch": {"post-activation": ""}},
        {"mptcp": {"address-flags": []}},
        {"wait-ip": "any"},
        {"802.1x": {}},
        {"ethernet": {"sr-iov": {"total-vfs": 0}}},
        {"ethtool": {"feature": {"rx-gro": True}}, "min-mtu": 68},
        {"ipv4": {"enabled": False, "dhcp": True}},
        {"type": "ovs-bridge", "state": "ignore", "bridge": {"port": 7}},
        {"type": "what", "state": "ignore", "x": 1},
    ],
)
def test_what_asks_for_nothing_is_accepted(keys: dict[str, Any]) -> None:
    assert one(name="eth1", **keys).name == "eth1"


def test_a_speed_that_was_negotiated_and_shown_is_no_wish() -> None:
    ethernet = {"auto-negotiation": True, "speed": 1000, "duplex": "full"}
    shown = one(name="eth1", min_mtu=68, ethernet=ethernet).ethernet
    asked = one(name="eth1", ethernet=ethernet).ethernet
    forced = one(name="eth1", min_mtu=68, ethernet={**ethernet, "auto-negotiation": False}).ethernet
    assert [each and each.speed for each in (shown, asked, forced)] == [None, 1000, 1000]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "found an empty list, wanted a mapping with 'interfaces'"),
        ("interfaces", "found 'interfaces', wanted a mapping"),
        ({"interfaces": {"eth1": {}}}, "interfaces: found a mapping, wanted a list of interfaces: - name: eth1"),
        ({"interfaces": [7]}, "interfaces[0]: found 7, wanted a mapping like {name: eth1"),
        ({"interfaces": [{}]}, "interfaces[0].name: missing"),
        ({"interface": []}, "interface: unknown key; did you mean 'interfaces'?"),
        ({"spec": {}}, "found 'spec' without apiVersion and kind"),
        (
            {"dns-resolver": {"config": {"servers": []}}},
            "dns-resolver.config.servers: unknown key; did you mean",
        ),
        ({"dns-resolver": {"config": {"search": "a"}}}, "dns-resolver.config.search: found 'a', wanted a list"),
        ({"dns-resolver": ["192.0.2.1"]}, "dns-resolver: found a list, wanted a mapping with 'config'"),
        ({"hostname": {"config": 5}}, "hostname.config: found 5, wanted text (put it in quotes)"),
        ({"hostname": "node1"}, "hostname: found 'node1', wanted a mapping like {running: node1"),
        ({"route-rules": {"config": {}}}, "route-rules.config: found "),
        (
            rule({"ip-from": "192.0.2.0/33"}),
            "route-rules.config[0].ip-from: found '192.0.2.0/33', wanted a prefix",
        ),
        (rule({"ip-form": ""}), "route-rules.config[0].ip-form: unknown key; did you mean 'ip-from'?"),
        (rule({"priority": -2}), "route-rules.config[0].priority: found -2, wanted -1 to 4294967295"),
        (rule({"fwmark": "0x1FFFFFFFF"}), "route-rules.config[0].fwmark: found '0x1FFFFFFFF', wanted 0 to"),
        (rule({"action": "drop"}), "route-rules.config[0].action: found 'drop', wanted one of blackhole"),
        (rule({"family": 4}), "route-rules.config[0].family: found 4, wanted one of ipv4, ipv6"),
        (
            rule({"suppress_prefixlength": 129}),
            "route-rules.config[0].suppress_prefixlength: found 129, wanted 0 to",
        ),
        ({"ovn": {"bridge-mappings": [{"localnet": "a"}]}}, "ovn: Open vSwitch"),
        ({"routes": []}, "routes: found an empty list, wanted a mapping with 'config'"),
        (
            {"routes": {"config": [{"destination": "10.0.0.0/33"}]}},
            "routes.config[0].destination: found '10.0.0.0/33', wanted a prefix",
        ),
        (
            {"routes": {"config": [{"next-hop-address": "x"}]}},
            "routes.config[0].next-hop-address: found 'x', wanted an IP",
        ),
        ({"routes": {"config": [{"weight": 257}]}}, "routes.config[0].weight: found 257, wanted 1 to 256"),
        ({"capture": {"a": "b"}, "desiredState": {}}, "capture: captures are made on a host"),
        ({"apiVersion": "v1", "kind": "List", "items": 7}, "items: found 7, wanted a list"),
        ({"kind": 7}, "kind: found 7, wanted NodeNetworkConfigurationPolicy"),
        ({"kind": "NodeNetworkConfigurationPolice"}, "did you mean 'NodeNetworkConfigurationPolicy'?"),
        ({"kind": "NodeNetworkState"}, "take the part below status.currentState"),
    ],
)
def test_documents_of_the_wrong_shape_are_refused_in_words(value: Any, words: str) -> None:
    assert any(words in each for each in wrong(value)), wrong(value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("refused-no-desired-state.yaml", ["spec.interfaces: unknown key", "spec.desiredState: missing"]),
        (
            "refused-attachment.yaml",
            ["found 'NetworkAttachmentDefinition', wanted NodeNetworkConfigurationPolicy: it attaches pods"],
        ),
        ("refused-vm.yaml", ["found 'VirtualMachine', wanted"]),
    ],
)
def test_mistaken_manifests_are_refused_in_words(name: str, words: list[str]) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decode(manifest(name))
    assert all(any(word in str(each) for each in caught.value.problems) for word in words), str(caught.value)


def test_a_policy_says_which_versions_and_names_it_may_have() -> None:
    policy = {"apiVersion": "nmstate.io/v2", "kind": "NodeNetworkConfigurationPolicy", "spec": {"desiredState": {}}}
    found = wrong(policy)
    assert "apiVersion: found 'nmstate.io/v2', wanted one of nmstate.io/v1," in found[0]
    assert "metadata.name: found nothing" in found[1]


def test_empty_documents_ask_for_nothing() -> None:
    assert decode([]).desired == NetworkState()
    assert tree({}).desired == NetworkState()
    assert tree({"interfaces": None}).desired == NetworkState()
    assert tree({"interfaces": []}).desired == NetworkState(interfaces=())


def test_megabytes_of_nonsense_get_a_short_answer() -> None:
    found = wrong({f"key{number}": 1 for number in range(20000)})
    assert len(found) == 201
    assert found[-1] == "and 19800 more problems"


def test_a_disabled_family_is_only_that() -> None:
    found = one(name="eth1", ipv4={"enabled": "no", "dhcp": True, "address": [{"ip": "10.0.0.1", "prefix-length": 8}]})
    assert found.ipv4 == IpStack(enabled=False)


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"routes": {"config": [{"destination": "192.0.2.0/24", "vrf-name": "red"}]}}, "routes.config[0].vrf-name"),
        ({"interfaces": [{"name": "eth1", "ipv4": {"forwarding": False}}]}, "eth1: ipv4.forwarding"),
        ({"interfaces": [{"name": "eth1", "ipv6": {"prefix-route-metric": 5}}]}, "eth1: ipv6.prefix-route-metric"),
    ],
)
def test_a_key_of_nmstates_that_is_not_done_yet_is_said_to_be_one(state: Any, path: str) -> None:
    (problem,) = wrong(state)
    assert problem.startswith(f"{path}: found ")
    assert "not supported by this version yet" in problem


@pytest.mark.parametrize("word", ["ovs-bridge", "ipsec", "xfrm"])
def test_what_this_version_cannot_make_may_be_absent(word: str) -> None:
    (found,) = tree({"interfaces": [{"name": "x0", "type": word, "state": "absent"}]}).desired.interfaces or ()
    assert (found.type, found.state) == (word, State.ABSENT)
    assert len(wrong({"interfaces": [{"name": "x0", "type": word, "state": "up"}]})) == 1
