"""Hosts to break things on, made with iproute2, and what is asked of them."""

from __future__ import annotations

import subprocess
from typing import Any, Final

from netkernel.frozen import Frozen


class Scene(Frozen):
    """A host and a policy for it, in nmstate form; `needs` are the features of a kernel that few scenes use."""

    name: str
    host: str  # for sh(1), in a fresh namespace
    policy: dict[str, Any]
    needs: tuple[str, ...] = ()

    def set_up(self) -> None:
        subprocess.run(["sh", "-euc", self.host], check=True)


_QUICK: Final = """
# duplicate address detection all the same, without its second or two
echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitation_delay
quick_dad() { for each; do echo 20 > /proc/sys/net/ipv6/neigh/$each/retrans_time_ms; done; }
"""
_NICS: Final = f"""{_QUICK}
for n in 1 2 3; do
  ip link add eth$n type veth peer name far$n; quick_dad eth$n far$n
  ip link set far$n up; ip link set eth$n address 02:00:00:00:00:0$n up
done
ip addr add 192.0.2.9/24 dev eth1
ip -6 addr add 2001:db8:1::9/64 dev eth1 nodad
ip route add default via 192.0.2.1 dev eth1 metric 100
ip -6 route add default via 2001:db8:1::1 dev eth1 metric 1024
"""

BOND_BRIDGE_VLAN: Final = Scene(
    "a bond over two NICs, a VLAN on it, a bridge over the VLAN",
    _NICS,
    {
        "interfaces": [
            {
                "name": "bond1",
                "type": "bond",
                "state": "up",
                "link-aggregation": {"mode": "active-backup", "port": ["eth2", "eth3"], "options": {"miimon": 100}},
            },
            {"name": "bond1.93", "type": "vlan", "state": "up", "vlan": {"base-iface": "bond1", "id": 93}},
            {
                "name": "br1",
                "type": "linux-bridge",
                "state": "up",
                "bridge": {"options": {"stp": {"enabled": False}}, "port": [{"name": "bond1.93"}]},
                "ipv4": {"enabled": True, "address": [{"ip": "198.51.100.2", "prefix-length": 24}]},
            },
        ],
        "routes": {
            "config": [
                {
                    "destination": "203.0.113.0/24",
                    "next-hop-address": "198.51.100.1",
                    "next-hop-interface": "br1",
                    "metric": 200,
                }
            ]
        },
    },
)

MOVE_ADDRESSES: Final = Scene(
    "the NIC of the default route becomes a port of a bridge that takes its addresses and routes",
    _NICS,
    {
        "interfaces": [
            {
                "name": "br0",
                "type": "linux-bridge",
                "state": "up",
                "bridge": {"options": {"stp": {"enabled": False}}, "port": [{"name": "eth1"}]},
                "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.9", "prefix-length": 24}]},
                "ipv6": {"enabled": True, "address": [{"ip": "2001:db8:1::9", "prefix-length": 64}]},
            },
            {"name": "eth1", "type": "veth", "state": "up", "ipv4": {"enabled": False}, "ipv6": {"enabled": False}},
        ],
        "routes": {
            "config": [
                {
                    "destination": "0.0.0.0/0",
                    "next-hop-address": "192.0.2.1",
                    "next-hop-interface": "br0",
                    "metric": 100,
                },
                {
                    "destination": "::/0",
                    "next-hop-address": "2001:db8:1::1",
                    "next-hop-interface": "br0",
                    "metric": 1024,
                },
            ]
        },
    },
)

_BUILT: Final = f"""{_QUICK}
for n in 2 3; do ip link add eth$n type veth peer name far$n; quick_dad eth$n far$n; ip link set far$n up; done
ip link add bond1 type bond mode active-backup miimon 100; quick_dad bond1
for n in 2 3; do ip link set eth$n master bond1; done
ip link set bond1 up
ip link add link bond1 name bond1.93 type vlan id 93
ip link set bond1.93 up
ip addr add 198.51.100.2/24 dev bond1.93
ip addr add 198.51.100.3/24 dev bond1.93
ip -6 addr add 2001:db8:2::9/64 dev bond1.93 nodad
ip route add 203.0.113.0/24 via 198.51.100.1 dev bond1.93 metric 200
ip -6 route add 2001:db8:3::/48 via 2001:db8:2::1 dev bond1.93
ip rule add priority 1000 from 198.51.100.3 table 100
ip route add default via 198.51.100.1 dev bond1.93 table 100
"""

CHANGE_AND_REMOVE: Final = Scene(
    "a bond changes its mode and MTU and loses a port, the VLAN above it goes, and a rule",
    _BUILT,
    {
        "interfaces": [
            {
                "name": "bond1",
                "type": "bond",
                "state": "up",
                "mtu": 1400,
                "link-aggregation": {"mode": "balance-xor", "port": ["eth2"], "options": {"miimon": 140}},
            },
            {"name": "bond1.93", "type": "vlan", "state": "absent"},
        ],
        "route-rules": {
            "config": [
                {"ip-from": "198.51.100.3", "state": "absent"},
                {"family": "ipv6", "fwmark": "0x10", "route-table": 100, "priority": 1000},
            ]
        },
    },
)

ETHTOOL: Final = Scene(
    "features and channels of NICs and of a bond that is made over them",
    f"""{_QUICK}
for n in 1 2 3; do
  ip link add eth$n numrxqueues 4 numtxqueues 4 type veth peer name far$n numrxqueues 4 numtxqueues 4
  quick_dad eth$n far$n; ip link set far$n up; ip link set eth$n up
done
ethtool -K eth1 gro on tx-udp-segmentation off
ethtool -K eth2 sg off
ethtool -L eth2 rx 2 tx 1
""",
    {
        "interfaces": [
            {
                "name": "eth1",
                "state": "up",
                "mtu": 1400,
                "ethtool": {
                    "feature": {"gro": False, "tx-udp-segmentation": True, "tx-scatter-gather": False},
                    "channels": {"rx": 3, "tx": 2},
                },
            },
            {
                "name": "bond1",
                "type": "bond",
                "state": "up",
                "link-aggregation": {"mode": "active-backup", "port": ["eth2", "eth3"]},
                "ethtool": {"feature": {"lro": False, "tx-checksum-ip-generic": False}},
            },
            {"name": "eth2", "ethtool": {"feature": {"tx-scatter-gather": True}, "channels": {"rx": 4}}},
        ]
    },
)

_STACKED: Final = f"""{_QUICK}
for n in 1 2; do ip link add eth$n type veth peer name far$n; quick_dad eth$n far$n; ip link set far$n up; done
for n in 1 2; do ip link set eth$n address 02:00:00:00:00:0$n up; done
ip link add link eth1 name ms1 address 02:00:00:00:00:77 type macsec port 5 encrypt on
quick_dad ms1
ip link set ms1 address 02:00:00:00:00:78 up mtu 1400
ip addr add 192.0.2.9/24 dev ms1
ip -6 addr add 2001:db8:1::9/64 dev ms1 nodad
ip route add 203.0.113.0/24 via 192.0.2.1 dev ms1 metric 200
ip tuntap add tap0 mode tap user 107 group 36 multi_queue vnet_hdr
ip tuntap add tun0 mode tun
ip link add br0 type bridge; quick_dad br0 tap0
ip link set tap0 master br0 mtu 1450 up; ip link set br0 up; ip link set tun0 up
ip addr add 198.51.100.2/24 dev tun0
"""

KINDS: Final = Scene(
    "links of all other kinds change in place and are made again",
    _STACKED,
    {
        "interfaces": [
            {"name": "ms1", "type": "macsec", "state": "up", "macsec": {"base-iface": "eth2", "port": 6}},
            {"name": "ms2", "type": "macsec", "state": "up", "macsec": {"base-iface": "eth1", "encrypt": True}},
            {"name": "tap0", "type": "tun", "state": "up", "tun": {"mode": "tap", "multi-queue": False}},
            {"name": "tun0", "type": "tun", "state": "up", "tun": {"owner": 107}},
            {"name": "tap1", "type": "tun", "state": "up", "controller": "br0", "tun": {"mode": "tap", "group": 36}},
        ]
    },
    needs=("macsec", "tap"),
)

_TUNNELLED: Final = f"""{_QUICK}
for n in 1 2 3 4; do ip link add eth$n type veth peer name far$n; quick_dad eth$n far$n; ip link set far$n up; done
for n in 1 2 3 4; do ip link set eth$n address 02:00:00:00:00:0$n up; done
ip link add red type vrf table 100; ip link set red up
ip link set eth1 master red; ip addr add 192.0.2.9/24 dev eth1
ip route add 203.0.113.0/24 via 192.0.2.1 dev eth1 table 100
ip link add x7 type vxlan id 7 dev eth2 remote 192.0.2.2 dstport 4789; quick_dad x7; ip link set x7 up
ip link add hsr0 type hsr slave1 eth3 slave2 eth4 supervision 40 proto 1
"""

TUNNELS: Final = Scene(
    "a VRF loses a port and its routes, a VXLAN changes its base, a PRP link goes, a tunnel comes",
    _TUNNELLED,
    {
        "interfaces": [
            {"name": "red", "type": "vrf", "state": "up", "vrf": {"port": [], "route-table-id": 100}},
            {
                "name": "x7",
                "type": "vxlan",
                "state": "up",
                "vxlan": {"base-iface": "eth1", "id": 7, "remote": "192.0.2.3"},
            },
            {"name": "hsr0", "type": "hsr", "state": "absent"},
            {
                "name": "t1",
                "type": "ip-tunnel",
                "state": "up",
                "ip-tunnel": {"mode": "gre", "remote": "192.0.2.5", "local": "192.0.2.9"},
                "ipv4": {"enabled": True, "address": [{"ip": "198.51.100.2", "prefix-length": 24}]},
            },
        ]
    },
    needs=("gre", "hsr", "vrf", "vxlan"),
)

PATHS: Final = Scene(
    "addresses that MPTCP uses change, and what they are to it",
    f"""{_NICS}
ip mptcp endpoint add 192.0.2.9 dev eth1 signal
ip mptcp endpoint add 2001:db8:1::9 dev eth1 signal
ip mptcp endpoint add 198.51.100.9 subflow
""",
    {
        "interfaces": [
            {
                "name": "eth1",
                "type": "ethernet",
                "state": "up",
                "mptcp": {"address-flags": ["subflow", "backup"]},
                "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.10", "prefix-length": 24}]},
            },
            {
                "name": "d0",
                "type": "dummy",
                "state": "up",
                "mptcp": {"address-flags": ["signal"]},
                "ipv4": {"enabled": True, "address": [{"ip": "203.0.113.9", "prefix-length": 24}]},
            },
        ]
    },
)

_MIXED: Final = """
# most of these are made anew, and would detect duplicates for a second each time
for each in all default; do echo 0 > /proc/sys/net/ipv6/conf/$each/accept_dad; done
for n in 1 2 3; do ip link add eth$n type veth peer name far$n; ip link set far$n up; done
for n in 1 2 3; do ip link set eth$n address 02:00:00:00:00:0$n up; done
ip link property add dev eth1 altname lan
ip link add link eth1 name m1 address 02:00:00:00:00:71 type macvlan mode bridge; ip link set m1 up
ip link add link eth1 name m2 address 02:00:00:00:00:72 type macvtap mode bridge; ip link set m2 up
for n in 1 2; do ip link add link eth2 name i$n type ipvlan mode l2; ip link set i$n up; done
ip addr add 192.0.2.9/24 dev m1
ip addr add 198.51.100.9/24 dev i1
ip route add 203.0.113.0/24 nexthop via 192.0.2.1 dev m1 weight 2 nexthop via 198.51.100.1 dev i1
ip link add g1 type geneve id 7 remote 192.0.2.2; ip link set g1 up
ip link add br0 address 02:00:00:00:00:b0 type bridge vlan_filtering 1; ip link set br0 up
ip link set eth3 master br0
bridge vlan add dev eth3 vid 10-20; bridge vlan add dev eth3 vid 5 pvid untagged; bridge vlan del dev eth3 vid 1
ip link add v1 type veth peer name v2; ip link set v1 up; ip link set v2 up
ip addr add 192.0.2.65/28 dev v2
"""

STACKED: Final = Scene(
    "MACVLANs and IPVLANs change their modes, a GENEVE its number, a veth its peer, ports their VLANs, a NIC its names",
    _MIXED,
    {
        "interfaces": [
            {"name": "eth1", "alt-names": [{"name": "lan", "state": "absent"}, {"name": "wan"}]},
            {
                "name": "m1",
                "type": "mac-vlan",
                "mac-vlan": {"base-iface": "eth1", "mode": "private"},
                "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.10", "prefix-length": 24}]},
            },
            {"name": "m2", "type": "mac-vtap", "mac-vtap": {"base-iface": "far2", "mode": "passthru"}},
            {"name": "i1", "type": "ipvlan", "ipvlan": {"base-iface": "eth2", "mode": "l3"}},
            {"name": "i2", "type": "ipvlan", "state": "absent"},
            {"name": "g1", "type": "geneve", "geneve": {"id": 8, "remote": "192.0.2.2"}},
            {
                "name": "br0",
                "type": "linux-bridge",
                "bridge": {
                    "options": {"vlan-default-pvid": 7, "multicast-snooping": False, "mac-ageing-time": 60},
                    "port": [
                        {"name": "eth3", "vlan": {"mode": "trunk", "trunk-tags": [{"id": 12}, {"id": 30}]}},
                        {"name": "v1", "vlan": {"mode": "access", "tag": 9}},
                    ],
                },
            },
            {"name": "v1", "type": "veth", "veth": {"peer": "v3"}},
        ],
        "routes": {
            "config": [
                {"destination": "203.0.113.0/24", "next-hop-interface": "i1", "state": "absent"},
                {
                    "destination": "203.0.113.128/25",
                    "next-hop-interface": "m1",
                    "next-hop-address": "192.0.2.1",
                    "weight": 3,
                    "mtu": 1400,
                },
            ]
        },
    },
    needs=("geneve", "ipvlan", "macvlan", "macvtap"),
)

SCENES: Final = (BOND_BRIDGE_VLAN, MOVE_ADDRESSES, CHANGE_AND_REMOVE, ETHTOOL, KINDS, TUNNELS, PATHS, STACKED)

NAMES: Final = Scene(
    "the host and its name servers are called otherwise",
    "",
    {
        "interfaces": [{"name": "d0", "type": "dummy", "state": "up"}],
        "hostname": {"running": "node2", "config": "node2"},
        "dns-resolver": {"config": {"server": ["192.0.2.53"]}},
    },
)

LISTENING: Final = Scene(
    "a NIC listens to its switch and asks for a lease, another one hears routers, and the host is called otherwise",
    f"""{_QUICK}
for n in 1 2; do ip link add eth$n type veth peer name far$n; quick_dad eth$n far$n; ip link set far$n up; done
for n in 1 2; do ip link set eth$n address 02:00:00:00:00:0$n up; done
ip addr add 198.51.100.9/24 dev eth2
""",
    {
        "interfaces": [
            {"name": "eth1", "lldp": {"enabled": True}, "ipv4": {"enabled": True, "dhcp": True}},
            {"name": "eth2", "ipv6": {"enabled": True, "autoconf": True}},
        ],
        "hostname": {"running": "node2", "config": "node2"},
        "dns-resolver": {"config": {"server": ["192.0.2.53"]}},
    },
)
APART: Final = (NAMES, LISTENING)
"""Only where the files are a test's own."""
