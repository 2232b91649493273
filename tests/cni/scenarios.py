"""Configurations that two plugins are asked with, each in every version of the specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

BRIDGE: Final = "ip link add br1 address 02:00:00:00:01:01 type bridge && ip link set br1 up"
FILTERING: Final = BRIDGE.replace("type bridge", "type bridge vlan_filtering 1")
PINNED: Final = "ip link add net1 address 02:00:00:00:02:01 type dummy && ip link set net1 up"
V4: Final = {"type": "host-local", "dataDir": "@leases", "subnet": "10.9.0.0/24"}
V6: Final = {"type": "host-local", "dataDir": "@leases", "subnet": "fd09::/64"}
BOTH: Final = {
    "type": "host-local",
    "dataDir": "@leases",
    "ranges": [[{"subnet": "10.9.0.0/24"}], [{"subnet": "fd09::/64"}]],
}
STATIC: Final[dict[str, Any]] = {
    "type": "static",
    "addresses": [{"address": "10.9.0.7/24", "gateway": "10.9.0.1"}],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.77.1.0/24", "gw": "10.9.0.9"}],
    "dns": {"nameservers": ["10.9.0.53"], "search": ["example.com"], "domain": "example.com"},
}


@dataclass(frozen=True)
class Scenario:
    """`prepare` runs on the node, `pod` in each pod; `@leases` and `@backup` in `asked` are folders of the side's own.

    `since` is the release of the Go plugins that came with what is asked.
    """

    name: str
    asked: Mapping[str, Any]
    prepare: str = BRIDGE
    pod: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    plugin: str = "bridge"
    since: str = "1.1"

    def __str__(self) -> str:
        return self.name


def _tuning(name: str, asked: Mapping[str, Any], pod: str = PINNED, **more: Any) -> Scenario:
    return Scenario(name, {"dataDir": "@backup", **asked}, prepare="", pod=pod, plugin="tuning", **more)


SCENARIOS: Final = (
    Scenario("a bridge that is there", {}),
    Scenario("a bridge that is not there", {"bridge": "br7"}, prepare=""),
    Scenario("a bridge with a name by default", {"bridge": None}, prepare=""),
    Scenario("an MTU", {"mtu": 1400}),
    Scenario("an MTU of a new bridge", {"mtu": 1400}, prepare=""),
    Scenario("a VLAN", {"vlan": 93, "preserveDefaultVlan": False}, prepare=FILTERING),
    Scenario("a VLAN of a new bridge", {"vlan": 93, "preserveDefaultVlan": False}, prepare=""),
    Scenario("a VLAN beside the default one", {"vlan": 93, "preserveDefaultVlan": True}, prepare=FILTERING),
    Scenario(
        "a trunk",
        {"vlanTrunk": [{"id": 101}, {"minID": 200, "maxID": 202}], "preserveDefaultVlan": False},
        prepare=FILTERING,
        since="1.9",
    ),
    Scenario(
        "a VLAN and a trunk",
        {"vlan": 93, "vlanTrunk": [{"id": 101}], "preserveDefaultVlan": False},
        prepare=FILTERING,
        since="1.9",
    ),
    Scenario("a source check", {"macspoofchk": True}),
    Scenario("a source check in a VLAN", {"macspoofchk": True, "vlan": 93}, prepare=FILTERING, since="1.9"),
    Scenario("hairpin mode", {"hairpinMode": True}),
    Scenario("promiscuous mode", {"promiscMode": True}),
    Scenario("an isolated port", {"portIsolation": True}, since="1.9"),
    Scenario("an interface that stays down", {"disableContainerInterface": True}, since="1.9"),
    Scenario("IPv4 addresses", {"ipam": V4}),
    Scenario("IPv6 addresses", {"ipam": V6}),
    Scenario("addresses of both families", {"ipam": BOTH}),
    Scenario("an IPv4 gateway", {"ipam": V4, "isGateway": True}),
    Scenario("a default gateway", {"ipam": V4, "isDefaultGateway": True}),
    Scenario("default gateways of both families", {"ipam": BOTH, "isDefaultGateway": True}),
    Scenario(
        "a default route that IPAM has",
        {"ipam": {**V4, "routes": [{"dst": "0.0.0.0/0", "gw": "10.9.0.5"}]}, "isDefaultGateway": True},
    ),
    Scenario("a gateway in a VLAN", {"ipam": V4, "isGateway": True, "vlan": 93}, prepare=FILTERING, since="1.9"),
    Scenario(
        "a gateway where another address stands",
        {"ipam": V4, "isGateway": True},
        prepare=f"{BRIDGE} && ip addr add 10.8.0.1/24 dev br1",
    ),
    Scenario(
        "a gateway by force",
        {"ipam": V4, "isGateway": True, "forceAddress": True},
        prepare=f"{BRIDGE} && ip addr add 10.8.0.1/24 dev br1",
    ),
    Scenario("masquerading", {"ipam": V4, "isGateway": True, "ipMasq": True}),
    Scenario(
        "masquerading in nftables",
        {"ipam": BOTH, "isGateway": True, "ipMasq": True, "ipMasqBackend": "nftables"},
        since="1.9",
    ),
    Scenario("detection of duplicates", {"ipam": V6, "enabledad": True}, since="1.9"),
    Scenario("static addresses", {"ipam": STATIC}),
    Scenario("its own DNS", {"ipam": STATIC, "dns": {"nameservers": ["10.9.0.54"]}}),
    Scenario("a MAC in CNI_ARGS", {}, args={"CNI_ARGS": "IgnoreUnknown=1;MAC=02:00:00:00:00:01;K8S_POD_NAME=a"}),
    Scenario("a MAC in two places", {"args": {"cni": {"mac": "02:00:00:00:00:02"}}, "RuntimeConfig": {"mac": ""}}),
    Scenario("keys in other letters", {"MTU": 1400, "HairpinMode": True, "isGateway": None}),
    Scenario("a number as text", {"vlan": "93"}),
    Scenario("a VLAN that is none", {"vlan": 4095}),
    Scenario("two modes at once", {"hairpinMode": True, "promiscMode": True}),
    Scenario("a MAC that is none", {"runtimeConfig": {"mac": "zz"}}),
    Scenario("unknown arguments", {}, args={"CNI_ARGS": "K8S_POD_NAME=a"}),
    Scenario("no such IPAM plugin", {"ipam": {"type": "is-not-there"}}),
    Scenario("an IPAM plugin that refuses", {"ipam": {**V4, "subnet": "10.9.0.0/33"}}),
    Scenario("no bridge at all", {}, prepare="ip link add br1 type dummy"),
    Scenario("a name that is taken", {}, pod="ip link add net1 type dummy"),
    Scenario("a trunk that is none", {"vlanTrunk": [{"minID": 5}]}, since="1.9"),
    _tuning("nothing tuned", {}),
    _tuning("a MAC tuned", {"mac": "02:00:00:00:00:0a"}),
    _tuning("the MAC of args tuned", {"mac": "02:00:00:00:00:0a", "args": {"cni": {"mac": "02:00:00:00:00:0b"}}}),
    _tuning("modes and MTU tuned", {"mtu": 1400, "promisc": True, "allmulti": True}),
    _tuning("a queue tuned", {"txQLen": 7}, since="1.9"),
    _tuning("sysctls tuned", {"sysctl": {"net.ipv4.conf.IFNAME.arp_notify": "1", "net/ipv4/conf/all/arp_notify": "1"}}),
    _tuning("a sysctl of another kind tuned", {"sysctl": {"kernel.hostname": "x"}}),
    _tuning("a sysctl that is not there tuned", {"sysctl": {"net.ipv4.conf.IFNAME.nothing": "1"}}),
    _tuning("sysctls as a list", {"sysctl": ["net.ipv4.ip_forward"]}),
    _tuning("no interface to tune", {"mtu": 1400}, pod=""),
)  # fmt: skip
