"""cnv-bridge: pods on a bridge of the node, attached, checked, detached, collected."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.cni.node import Config, Node, Pod
from tests.cni.runtime import Failed, run
from tests.faults import raw
from tests.kernel.frames import Tap, frame, tag

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

TWO_HUNDREDS = {200: "", 201: "", 202: ""}
OTHER = "52:54:00:aa:00:09"


def test_a_pod_without_addresses_is_on_the_bridge(node: Node) -> None:
    pod = node.pod()
    result = pod.ask("ADD", node.config("1.1.0"))
    assert [(each["name"], each.get("sandbox")) for each in result["interfaces"]] == [
        ("br1", None),
        (pod.port, None),
        ("net1", pod.netns),
    ]
    assert result["interfaces"][2]["mac"] == pod.link["address"]
    assert {each["mtu"] for each in result["interfaces"]} == {1500}
    assert (pod.link["operstate"], pod.addresses) == ("UP", {})
    assert node.ports() == [pod.port]
    (port,) = json.loads(node.sh(f"ip -j -d link show {pod.port}"))
    assert port["ifalias"] == "nncp:cni:c1/net1/net/br1"
    assert node.sh(f"sysctl -n net.ipv6.conf.{pod.port}.accept_ra net.ipv6.conf.br1.accept_ra").split() == ["0", "0"]
    assert node.sh("nft list ruleset") == ""


def test_the_mac_of_a_bridge_it_makes_does_not_follow_the_pods(node: Node) -> None:
    macs = []
    for number in range(4):
        macs.append(node.pod(f"c{number}").ask("ADD", node.config())["interfaces"][0]["mac"])
    assert len(set(macs)) == 1


def test_a_pair_without_an_mtu_takes_that_of_the_bridge(node: Node) -> None:
    node.sh("ip link add br1 mtu 1450 type bridge && ip link set br1 up")
    pod = node.pod()
    pod.ask("ADD", node.config())
    assert pod.link["mtu"] == 1450
    smaller = node.pod("c2")
    smaller.ask("ADD", node.config(mtu=1400))
    assert smaller.link["mtu"] == 1400


def test_a_mac_is_given_by_whoever_is_closest_to_the_pod(node: Node) -> None:
    config = node.config(args={"cni": {"mac": "02:00:00:00:00:02"}})
    first, second, third = (node.pod(f"c{n}") for n in range(3))
    first.ask("ADD", node.config(), CNI_ARGS="IgnoreUnknown=1;MAC=02-00-00-00-00-01;K8S_POD_NAME=a")
    second.ask("ADD", config, CNI_ARGS="MAC=02:00:00:00:00:01")
    third.ask("ADD", {**config, "RuntimeConfig": {"mac": "0200.0000.000A"}})
    assert [pod.link["address"][-2:] for pod in (first, second, third)] == ["01", "02", "0a"]


def test_options_of_the_port_and_the_bridge(node: Node) -> None:
    pod = node.pod()
    pod.ask("ADD", node.config(hairpinMode=True, portIsolation=True))
    (port,) = json.loads(node.sh(f"ip -j -d link show {pod.port}"))
    data = port["linkinfo"]["info_slave_data"]
    assert (data["hairpin"], data["isolated"]) == (True, True)
    node.pod("c2").ask("ADD", node.config(bridge="br2", promiscMode=True))
    (bridge,) = json.loads(node.sh("ip -j -d link show br2"))
    assert "PROMISC" in bridge["flags"]


def test_an_interface_may_stay_down(node: Node) -> None:
    pod = node.pod()
    pod.ask("ADD", node.config(disableContainerInterface=True))
    assert "UP" not in pod.link["flags"]


@pytest.mark.parametrize(
    ("default", "asked", "vlans"),
    [
        (1, {"vlan": 100}, {100: "pvid untagged"}),
        (1, {"vlan": 1}, {1: "pvid untagged"}),
        (1, {"vlanTrunk": [{"id": 101}, {"minID": 200, "maxID": 202}]}, {1: "pvid untagged", 101: "", **TWO_HUNDREDS}),
        (1, {"vlanTrunk": []}, {1: "pvid untagged"}),
        (1, {"vlanTrunk": [{"minID": 1, "maxID": 3}]}, {1: "pvid untagged", 2: "", 3: ""}),
        (1, {"vlan": 100, "vlanTrunk": [{"minID": 99, "maxID": 101}]}, {99: "", 100: "pvid untagged", 101: ""}),
        (1, {"vlan": 100, "preserveDefaultVlan": True}, {1: "untagged", 100: "pvid untagged"}),
        (1, {}, {1: "pvid untagged"}),
        (0, {"vlan": 100}, {100: "pvid untagged"}),
        (0, {"vlanTrunk": [{"id": 101}]}, {101: ""}),
        (7, {"vlanTrunk": [{"id": 101}]}, {7: "pvid untagged", 101: ""}),
        (7, {"vlan": 100}, {100: "pvid untagged"}),
    ],
)  # fmt: skip
def test_a_port_is_in_its_vlans_and_no_others(node: Node, default: int, asked: Config, vlans: dict[int, str]) -> None:
    node.sh(f"ip link add br1 type bridge vlan_filtering 1 vlan_default_pvid {default}")
    pod = node.pod()
    pod.ask("ADD", node.config(**asked))
    assert node.vlans(pod.port) == vlans


def test_a_vlan_on_a_bridge_that_does_not_filter_is_refused_with_the_fix(node: Node) -> None:
    node.sh("ip link add br1 type bridge")
    before = node.dump()
    for asked in ({"vlan": 100}, {"vlanTrunk": []}):
        with pytest.raises(Failed, match='bridge "br1" does not filter VLANs') as refused:
            node.pod().ask("ADD", node.config(**asked))
        assert refused.value.code == 7
        assert "ip link set br1 type bridge vlan_filtering 1" in refused.value.details
    assert raw.changes(before, node.dump()) == ""


def test_the_tag_is_on_the_wire_and_no_other_vlan_reaches_the_pod(node: Node) -> None:
    node.filtering_bridge()
    pod = node.pod()
    pod.ask("ADD", node.config(vlan=93))
    with Tap("far") as far, pod.tap() as inside:
        inside.send(frame(b"from the pod"))
        assert tag(far.marks_until(b"from the pod")[b"from the pod"]) == 93
        for vlan in (None, 92, 94):
            far.send(frame(f"vlan {vlan}".encode(), vlan=vlan))
        far.send(frame(b"vlan 93", vlan=93))
        seen = inside.marks_until(b"vlan 93")
        assert (set(seen), tag(seen[b"vlan 93"])) == ({b"vlan 93"}, None)


def test_two_pods_in_one_vlan_talk_and_two_in_different_ones_do_not(node: Node) -> None:
    node.filtering_bridge()
    pods = [node.pod(f"c{n}") for n in range(3)]
    for pod, vlan in zip(pods, (93, 93, 94), strict=True):
        pod.ask("ADD", node.config(vlan=vlan, ipam=node.ipam()))
    addresses = [next(iter(pod.addresses)).partition("/")[0] for pod in pods]
    assert pods[0].pings(addresses[1])
    assert not pods[0].pings(addresses[2], wait_s=1)


def test_a_frame_with_another_source_is_dropped_and_counted(node: Node) -> None:
    node.filtering_bridge()
    pod = node.pod()
    pod.ask("ADD", node.config(vlan=93, macspoofchk=True))
    own = pod.link["address"]
    with Tap("far") as far, pod.tap() as inside:
        inside.send(frame(b"spoofed", source=OTHER))
        inside.send(frame(b"honest", source=own))
        assert set(far.marks_until(b"honest")) == {b"honest"}
    rules = node.sh("nft list ruleset")
    assert "counter packets 1" in rules
    assert rules.count('comment "macspoofchk-c1-net1"') == 4
    pod.ask("DEL", node.config())
    assert node.sh("nft list ruleset") == ""


def test_each_plugin_takes_down_the_checks_of_the_other(node: Node) -> None:
    config = node.config(macspoofchk=True)
    theirs, ours = node.pod("theirs"), node.pod("ours")
    theirs.ask_go("ADD", config)
    ours.ask("ADD", config)
    theirs.ask("DEL", config)
    ours.ask_go("DEL", config)
    assert "comment" not in node.sh("nft list ruleset")
    assert node.ports() == []


def test_addresses_and_routes_are_as_ipam_says(node: Node) -> None:
    pod = node.pod()
    ranges = [[{"subnet": "10.9.0.0/24", "gateway": "10.9.0.254"}], [{"subnet": "fd09::/64"}]]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "10.77.1.5/16", "gw": "10.9.0.7"}, {"dst": "fd77::/32", "gw": "fd09::7"}]
    ipam = {"type": "host-local", "dataDir": str(node.folder / "leases"), "ranges": ranges, "routes": routes}
    result = pod.ask("ADD", node.config(ipam=ipam, dns={"nameservers": ["10.9.0.53"]}))
    assert [each["address"] for each in result["ips"]] == ["10.9.0.1/24", "fd09::2/64"]
    assert {each["interface"] for each in result["ips"]} == {2}
    assert result["dns"] == {"nameservers": ["10.9.0.53"]}
    assert pod.addresses == {"10.9.0.1/24": "", "fd09::2/64": ""}
    lines = [" ".join(line.split()) for line in pod.sh("ip route; ip -6 route").splitlines()]
    assert "default via 10.9.0.254 dev net1" in lines
    assert "10.77.0.0/16 via 10.9.0.7 dev net1" in lines
    assert any(line.startswith("fd77::/32 via fd09::7 dev net1") for line in lines)


def test_the_bridge_is_the_gateway(node: Node) -> None:
    pod = node.pod()
    config = node.config(isDefaultGateway=True, ipam=node.ipam())
    result = pod.ask("ADD", config)
    assert result["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.9.0.1"}]
    assert pod.pings("10.9.0.1")
    assert node.sh("sysctl -n net.ipv4.ip_forward").strip() == "1"
    node.pod("c2").ask("ADD", config)
    assert node.sh("ip -br -4 addr show br1").split()[2:] == ["10.9.0.1/24"]
    before = node.dump()
    with pytest.raises(Failed, match="already has an IP address different from"):
        node.pod("c3").ask("ADD", {**config, "ipam": node.ipam("10.8.0.0/24")})
    assert raw.changes(before, node.dump()) == ""
    node.pod("c4").ask("ADD", {**config, "ipam": node.ipam("10.8.0.0/24"), "forceAddress": True})
    assert node.sh("ip -br -4 addr show br1").split()[2:] == ["10.8.0.1/24"]


def test_a_gateway_in_ipv6_answers_without_waiting(node: Node) -> None:
    pod = node.pod()
    pod.ask("ADD", node.config(isGateway=True, ipam=node.ipam("fd09::/64")))
    assert pod.pings("fd09::1")
    assert "tentative" not in node.sh("ip -6 addr show br1 scope global")


def test_the_gateway_of_a_vlan_goes_with_the_last_pod_in_it(node: Node) -> None:
    node.filtering_bridge()
    before = node.dump()
    first, second = node.pod("c1"), node.pod("c2")
    config = node.config(vlan=93, isGateway=True, ipam=node.ipam())
    result = first.ask("ADD", config)
    assert [each["name"] for each in result["interfaces"]] == ["br1", first.port, "net1", "br1.93"]
    rows = {row["ifname"]: row for row in json.loads(node.sh("ip -j link show type veth"))}
    port = rows[rows["br1.93"]["link"]]
    assert (port["master"], port["ifindex"]) == ("br1", rows["br1.93"]["ifindex"] - 1)
    second.ask("ADD", config)
    assert first.pings("10.9.0.1")
    first.ask("DEL", config)
    assert second.pings("10.9.0.1")
    second.ask("DEL", node.config(ipam=node.ipam()))
    node.sh("sysctl -qw net.ipv4.ip_forward=0")
    assert raw.changes(before, node.dump()) == ""


@pytest.mark.parametrize("backend", ["nftables", "iptables", None])
def test_masquerading_ends_with_the_pod(node: Node, backend: str | None) -> None:
    chosen = {"ipMasqBackend": backend} if backend else {}
    config = node.config(isGateway=True, ipMasq=True, ipam=node.ipam(), **chosen)
    node.pod("before").ask("ADD", node.config())
    node.sh("iptables -w 5 -t nat -S; ip addr add 10.9.0.1/24 dev br1; sysctl -qw net.ipv4.ip_forward=1")
    before = node.dump()
    pod = node.pod()
    pod.ask("ADD", config)
    assert "masquerade" in node.sh("nft list ruleset").lower()
    pod.ask("DEL", config)
    assert [line for line in node.sh("nft list ruleset").splitlines() if "CNI" in line or "masquerade" in line] == []
    assert raw.changes({**before, "nft": []}, {**node.dump(), "nft": []}) == ""


def _no_ipam(node: Node) -> Config:
    return node.config(ipam={"type": "is-not-there"}, macspoofchk=True)


def _full_ipam(node: Node) -> Config:
    return node.config(ipam=node.ipam("10.9.0.0/24", rangeStart="10.9.0.9", rangeEnd="10.9.0.5"), macspoofchk=True)


def _taken_gateway(node: Node) -> Config:
    node.filtering_bridge()
    node.sh("ip addr add 10.1.1.1/8 dev br1")
    return node.config(isGateway=True, ipam=node.ipam(), macspoofchk=True)


def _no_bridge(node: Node) -> Config:
    node.sh("ip link add br1 type dummy")
    return node.config()


def _promised(node: Node) -> Config:
    node.promise("br1")
    return node.config()


@pytest.mark.parametrize(
    ("prepared", "code", "message"),
    [
        (_no_ipam, 999, 'failed to find plugin "is-not-there" in path'),
        (_full_ipam, 999, "RangeStart"),
        (_taken_gateway, 7, "already has an IP address different from"),
        (_no_bridge, 7, '"br1" already exists but is not a bridge'),
        (_promised, 11, 'bridge "br1" is not there yet'),
    ],
)
def test_an_add_that_fails_leaves_the_node_and_the_pod_as_they_were(
    node: Node, prepared: Callable[[Node], Config], code: int, message: str
) -> None:
    config = prepared(node)
    pod = node.pod()
    before, inside = node.dump(), pod.sh("ip -d addr")
    with pytest.raises(Failed, match=message) as refused:
        pod.ask("ADD", config)
    assert refused.value.code == code
    assert raw.changes(before, node.dump()) == ""
    assert pod.sh("ip -d addr") == inside


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"vlan": 4095}, "invalid VLAN ID 4095 (must be between 0 and 4094)"),
        ({"vlan": "93"}, "cannot unmarshal string into Go struct field NetConf.vlan of type int"),
        ({"vlanTrunk": [{"id": 0}]}, "incorrect trunk id parameter"),
        ({"vlanTrunk": [{"minID": 5}]}, "minID and maxID should be configured simultaneously, maxID is missing"),
        ({"vlanTrunk": [{"minID": 5, "maxID": 4}]}, "minID is greater than maxID in trunk parameter"),
        ({"vlanTrunk": [{"minID": 0, "maxID": 4}]}, "incorrect trunk minID parameter"),
        ({"hairpinMode": True, "promiscMode": True}, "cannot set hairpin mode and promiscuous mode at the same time"),
        ({"ipam": {"type": "x"}, "disableContainerInterface": True}, "cannot use IPAM when DisableContainerInterface"),
        ({"ipMasqBackend": "pf"}, 'unknown ipmasq backend "pf"'),
        ({"bridge": "a" * 16}, f'failed to create bridge "{"a" * 16}"'),
        ({"bridge": "longbridge0012", "vlan": 100, "isGateway": True}, 'interface: "longbridge0012.100" is longer'),
        ({"mtu": -5}, "invalid mtu -5"),
        ({"runtimeConfig": {"mac": "zz"}}, "failed to make veth pair: address zz: invalid MAC address"),
        ({"runtimeConfig": {"mac": "01:00:5e:00:00:01"}}, "cannot assign requested address"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_touched(node: Node, asked: Config, message: str) -> None:
    before = node.dump()
    with pytest.raises(Failed) as refused:
        node.pod().ask("ADD", node.config(**asked))
    assert message in str(refused.value)
    assert refused.value.code in (6, 7)
    assert raw.changes(before, node.dump()) == ""


def test_a_namespace_that_is_not_there_and_a_name_that_is_taken(node: Node) -> None:
    pod = node.pod()
    pod.sh("ip link add net1 type dummy")
    before = node.dump()
    with pytest.raises(Failed, match=r'container veth name \("net1"\) peer provided'):
        pod.ask("ADD", node.config())
    pod.runtime.netns = "/run/netns/is-gone"
    with pytest.raises(Failed, match='failed to open netns "/run/netns/is-gone": failed to Statfs') as refused:
        pod.ask("ADD", node.config())
    assert refused.value.code == 8
    assert raw.changes(before, node.dump()) == ""


def test_an_attachment_that_the_version_cannot_tell_of_is_not_left_behind(node: Node) -> None:
    node.filtering_bridge()
    before = node.dump()
    with pytest.raises(Failed, match="cannot convert: no valid IP addresses"):
        node.pod().ask("ADD", node.config("0.2.0", macspoofchk=True))
    assert raw.changes(before, node.dump()) == ""


def test_a_lock_that_cannot_be_had_is_named(node: Node) -> None:
    (node.folder / "run").write_text("")
    with pytest.raises(Failed, match="run/lock: File exists") as refused:
        node.pod().ask("ADD", node.config())
    assert refused.value.code == 5


def test_del_finds_what_is_left_whatever_became_of_the_rest(node: Node) -> None:
    config = node.config(vlan=93, macspoofchk=True, isGateway=True, ipMasq=True, ipam=node.ipam())
    node.filtering_bridge()
    node.sh("sysctl -qw net.ipv4.ip_forward=1")
    before = node.dump()
    losses: list[Callable[[Pod], object]] = [
        lambda pod: pod.sh("ip link del net1"),
        lambda pod: setattr(pod.runtime, "netns", ""),
        lambda pod: setattr(pod.runtime, "netns", "/run/netns/is-gone"),
        lambda pod: pod.sh("ip link set net1 name other"),
        lambda pod: node.sh(f"ip link set {pod.port} nomaster"),
    ]
    for number, loss in enumerate(losses):
        pod = node.pod(f"c{number}")
        pod.ask("ADD", {**config, "ipMasqBackend": "nftables"})
        loss(pod)
        for _ in range(2):
            pod.ask("DEL", node.config(vlan=93, ipam=node.ipam()))
        assert raw.changes(before, node.dump()) == "", f"loss {number}"


def test_del_does_not_touch_what_is_not_ours(node: Node) -> None:
    pod = node.pod()
    pod.sh("ip link add net1 type dummy")
    other = node.pod("c2")
    other.ask("ADD", node.config())
    before = node.dump()
    pod.ask("DEL", node.config())
    assert raw.changes(before, node.dump()) == ""
    assert pod.link["ifname"] == "net1"


def test_gc_removes_what_the_runtime_does_not_know_and_nothing_else(node: Node) -> None:
    node.sh("ip link add br2 type bridge")
    config = node.config("1.1.0", macspoofchk=True)
    gone, alive, elsewhere, other = node.pod("gone"), node.pod("alive"), node.pod("elsewhere"), node.pod("other")
    for pod in (gone, alive):
        pod.ask("ADD", config)
    elsewhere.ask("ADD", {**config, "bridge": "br2"})
    other.ask("ADD", {**config, "name": "other"})
    node.sh("ip link add mine type veth peer name yours && ip link set mine master br1")
    valid = [{"containerID": "alive", "ifname": "net1"}]
    node.pod().ask("GC", config)
    assert len(node.ports()) == 3
    node.pod().ask("GC", {**config, "cni.dev/valid-attachments": valid})
    assert node.ports() == sorted((alive.port, other.port))
    assert node.ports("br2") == [elsewhere.port]
    assert "macspoofchk-gone-net1" not in node.sh("nft list ruleset")
    assert "macspoofchk-alive-net1" in node.sh("nft list ruleset")


def test_gc_takes_down_checks_whose_port_is_gone(node: Node) -> None:
    pod = node.pod()
    config = node.config("1.1.0", macspoofchk=True)
    pod.ask("ADD", config)
    node.sh(f"ip link del {pod.port}")
    node.pod("c2").ask("GC", {**config, "cni.dev/valid-attachments": []})
    assert node.sh("nft list ruleset") == ""


def _checked(pod: Pod, config: Config, result: Any) -> None:
    pod.ask("CHECK", {**config, "prevResult": result})


def test_check_passes_for_a_pod_that_is_as_it_was_made(node: Node) -> None:
    """Without addresses too, and while the bridge's MAC follows its ports: the Go plugin fails for both."""
    node.sh("ip link add br1 type bridge && ip link set br1 up")
    pod = node.pod()
    for config in (node.config("0.4.0", macspoofchk=True), node.config(ipam=node.ipam(), isGateway=True)):
        result = pod.ask("ADD", config)
        node.pod("c2").ask("ADD", node.config())
        _checked(pod, config, result)
        node.pod("c2").ask("DEL", node.config())
        pod.ask("DEL", config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda node, pod: node.sh(f"ip link set {pod.port} nomaster"), "is not a port of bridge br1"),
        (lambda node, pod: pod.sh("ip link set net1 address 02:00:00:00:00:99"), "doesn't match container Mac"),
        (lambda node, pod: pod.sh("ip addr flush dev net1 scope global"), "Failed to match addr 10.9.0.2/24"),
        (lambda node, pod: pod.sh("ip route del 10.77.0.0/16"), "Expected Route 10.77.0.0/16 not found"),
        (lambda node, pod: pod.sh("ip link del net1"), "container interface net1 not found"),
    ],
)
def test_check_names_what_is_not_so_any_more(node: Node, change: Callable[[Node, Pod], object], message: str) -> None:
    pod = node.pod()
    config = node.config(ipam=node.ipam(routes=[{"dst": "10.77.0.0/16"}]))
    result = pod.ask("ADD", config)
    _checked(pod, config, result)
    change(node, pod)
    with pytest.raises(Failed, match=message):
        _checked(pod, config, result)


def test_check_needs_the_result_of_add(node: Node) -> None:
    with pytest.raises(Failed, match="Required prevResult missing"):
        node.pod().ask("CHECK", node.config())


def test_a_taken_address_is_found_out_when_that_is_asked(node: Node) -> None:
    first, second = node.pod("c1"), node.pod("c2")
    ipam = node.ipam("fd09::/64")
    first.ask("ADD", node.config(ipam=ipam))
    node.sh(f"rm -r {node.folder}/leases")
    before = node.dump()
    with pytest.raises(Failed, match='"net1" has an address that is taken: fd09::2'):
        second.ask("ADD", node.config(ipam=ipam, enabledad=True))
    assert raw.changes(before, node.dump()) == ""


def test_it_is_a_program(node: Node) -> None:
    pod = node.pod()
    command = [sys.executable, "-m", "cni.bridge"]
    result = run(command, pod.runtime.environment("ADD"), node.config())
    assert result["interfaces"][2]["sandbox"] == pod.netns
    assert run(command, pod.runtime.environment("DEL"), node.config()) is None
    assert node.ports() == []
