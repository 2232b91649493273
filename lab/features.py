"""What a kernel may lack: every feature tests can ask for, and how it is tried for real in a throw-away namespace."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

PROBE_LIMIT_S: Final = 20.0
"""A namespace is set up in milliseconds; a busy host's clean-up worker may hold one back for seconds."""

NO_SUCH_COMMAND: Final = 127
"""What sh(1) returns when a command is not installed."""


@dataclass(frozen=True, slots=True)
class Feature:
    """`script` succeeds in a fresh namespace, where `lo` is up, iff the kernel has the feature.

    `module` with `parameters` is loaded first: some drivers make a device in the caller's own namespace when they load,
    unless told not to. A `global_` module changes the whole host when it loads, so outside a test kernel the feature
    counts only where it is there already.
    """

    script: str
    module: str = ""
    parameters: str = ""
    global_: bool = False


def _link(what: str, base: str = "") -> Feature:
    before = f"ip link add base type {base} && " if base else ""
    return Feature(f"{before}ip link add {'link base ' if base else ''}name probe type {what}")


def _rule(family: str, hook: str, rule: str) -> Feature:
    return Feature(f"nft 'add table {family} t; add chain {family} t c {{ {hook}; }}; add rule {family} t c {rule}'")


FEATURES: Final[Mapping[str, Feature]] = {
    # devices
    "bonding": Feature("ip link add probe type bond mode 802.3ad", "bonding", "max_bonds=0"),
    "bridge": _link("bridge"),
    "bridge_vlan": Feature(
        "ip link add probe type bridge vlan_filtering 1 && bridge vlan add dev probe vid 7-9 self", "bridge"
    ),
    "dummy": Feature("ip link add probe type dummy", "dummy", "numdummies=0"),
    "geneve": _link("geneve id 5 remote 127.0.0.1"),
    "gre": _link("gretap remote 127.0.0.2"),
    "hsr": Feature("ip link add left type veth peer name right && ip link add probe type hsr slave1 left slave2 right"),
    "ifb": Feature("ip link add probe type ifb", "ifb", "numifbs=0"),
    "ip6gre": _link("ip6gretap remote ::2"),
    "ip6tnl": _link("ip6tnl mode ip6ip6 remote ::2"),
    "ipip": _link("ipip remote 127.0.0.2"),
    "ipvlan": _link("ipvlan", base="bridge"),
    "macsec": _link("macsec", base="veth"),
    "macvlan": _link("macvlan mode bridge", base="bridge"),
    "macvtap": _link("macvtap mode bridge", base="bridge"),
    "netdevsim": Feature("test -e /sys/bus/netdevsim/new_device", "netdevsim"),
    "qinq": _link("vlan proto 802.1ad id 5", base="bridge"),
    "sit": _link("sit remote 127.0.0.2"),
    "tap": Feature("ip tuntap add probe mode tap multi_queue", "tun"),
    "veth": Feature("ip link add left type veth peer name right"),
    "vlan": _link("vlan id 5", base="bridge"),
    "vrf": _link("vrf table 10"),
    "vxlan": _link("vxlan id 5 dstport 4789 local 127.0.0.1"),
    "wireguard": _link("wireguard"),
    # addresses and routes
    "ipv6": Feature("ip -6 addr add 2001:db8::1/64 dev lo"),
    "mptcp": Feature("ip mptcp limits set subflow 2"),
    "multipath": Feature(
        "ip addr add 192.0.2.1/24 dev lo && "
        "ip route add 198.51.100.0/24 nexthop via 192.0.2.2 dev lo nexthop via 192.0.2.3 dev lo"
    ),
    "nexthop": Feature("ip nexthop add id 7 dev lo"),
    "policy_routing": Feature("ip rule add to 192.0.2.0/24 priority 100 table 100"),
    "uts": Feature("unshare --uts true"),
    # traffic control
    "flower": Feature(
        "tc qdisc add dev lo clsact && tc filter add dev lo ingress protocol ip flower ip_proto tcp action drop"
    ),
    "fq_codel": Feature("tc qdisc add dev lo root fq_codel"),
    "htb": Feature("tc qdisc add dev lo root htb"),
    "ingress_police": Feature(
        "tc qdisc add dev lo ingress && "
        "tc filter add dev lo parent ffff: protocol all matchall action police rate 1mbit burst 10k"
    ),
    "mirred": Feature(
        "tc qdisc add dev lo clsact && tc filter add dev lo ingress matchall action mirred egress mirror dev lo"
    ),
    "netem": Feature("tc qdisc add dev lo root netem delay 1ms"),
    "tbf": Feature("tc qdisc add dev lo root tbf rate 1mbit burst 10k latency 10ms"),
    # packet filters
    "br_netfilter": Feature("test -e /proc/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter", global_=True),
    "iptables": Feature("iptables -t nat -A POSTROUTING -m comment --comment probe -j MASQUERADE"),
    "nft_bridge": _rule("bridge", "type filter hook forward priority 0", "ip saddr 192.0.2.1 ether type ip drop"),
    "nft_bridge_ct": _rule("bridge", "type filter hook forward priority 0", "ct state established accept"),
    "nft_nat": _rule("inet", "type nat hook postrouting priority 100", "oifname probe masquerade"),
    "nft_netdev": _rule("netdev", "type filter hook ingress device lo priority 0", "meta l4proto tcp drop"),
    # what virtual machines and others bring
    "openvswitch": Feature("genl ctrl get name ovs_datapath", "openvswitch"),
    "vhost_net": Feature("test -c /dev/vhost-net", "vhost_net"),
}


class ToolMissing(Exception):
    """A probe's own command is not installed, so the kernel could not be asked."""


def present(names: Iterable[str]) -> dict[str, bool]:
    """Which of these features the running kernel has. Needs root; 5-15 ms each on a real kernel. Raises ToolMissing."""
    return {name: tried(FEATURES[name]) for name in names}


def tried(feature: Feature) -> bool:
    """Whether the feature is there, found out by using it. Raises ToolMissing."""
    if feature.module and (not feature.global_ or in_test_kernel()):
        if shutil.which("modprobe") is None:
            raise ToolMissing(f"cannot run: modprobe {feature.module}")
        subprocess.run(
            ["modprobe", "-q", feature.module, *feature.parameters.split()],
            check=False,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    command = ["unshare", "--net", "sh", "-c", f"ip link set lo up && {feature.script}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == NO_SUCH_COMMAND:
        raise ToolMissing(f"cannot run: {feature.script}")
    return done.returncode == 0


def in_test_kernel() -> bool:
    """The guest's first process says so to all it starts; nothing in there can hurt the user's host."""
    return "LAB_GUEST" in os.environ
