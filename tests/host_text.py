"""A host in a few lines of YAML, for golden cases: everything not said is what a plain, configured host would have.

links:
  eth0: {addresses: [192.0.2.2/24]}
  bond0: {kind: bond, mode: active-backup, miimon: 100}
  eth1: {master: bond0, port: {queue_id: 1}}
  bond0.5: {kind: vlan, link: bond0, id: 5, up: false}
vlans:
  eth1: [1 pvid untagged, 10-20]
routes:
  - 0.0.0.0/0 via 192.0.2.1 on eth0 metric 100
rules:
  - '1000: ipv4 from 192.0.2.0/24 table 50'
ethtool:
  eth0: {ring: {rx: 256, rx-max: 4096}, feature: {rx-gro: true}, wanted: {rx-gro: false}, fixed: {tx-lockless: false}}
lldp: [eth1]
routers: [eth1]
mptcp: [192.0.2.2 on eth0 signal backup]
hostname: node1
files: {/etc/hostname: "node1"}
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from netkernel import devconf
from netkernel.documents import read
from netkernel.ethtool import PARTS, SECTIONS, VIRTUAL_FUNCTIONS, part
from netkernel.host import Host
from netkernel.records import (
    ENDPOINT_FLAGS,
    LLDP,
    NO_ATTRS,
    ROUTERS,
    Address,
    Client,
    Endpoint,
    File,
    Hardware,
    Hop,
    Link,
    Route,
    Rule,
    VlanRange,
)
from nncp_agent.model import NetworkState
from nncp_agent.wire import decode

FACTS = {
    "perm_address",
    "own_address",
    "carrier",
    "address_assigned",
    "netnsid",
    "min_mtu",
    "max_mtu",
    "index",
    "type",
    "facts",
    "parent",
    "pci",
    "driver",
}
ROUTERS_OWN = {"accept_ra_pinfo": 1, "accept_ra_defrtr": 1, "accept_ra_rt_info_max_plen": 0, "ra_defrtr_metric": 1024}
CLIENTS = {LLDP: "lldp", ROUTERS: "routers", 4: "dhcp4", 6: "dhcp6"}
KERNELS_OWN = {"disable_ipv6": 0, "accept_ra": 1, "autoconf": 1, "forwarding": 0, "use_tempaddr": 0, **ROUTERS_OWN}
NO_IPV6 = {"disable_ipv6": 1, "accept_ra": 0, "autoconf": 1, "forwarding": 0}
HOP_WORDS = {"via": "gateway", "on": "link", "weight": "weight"}
RULE_WORDS = {"from": "source", "to": "destination", "suppress-prefix-length": "suppress_prefix_length"}
RULE_ACTIONS = {"blackhole": 6, "unreachable": 7, "prohibit": 8}
LARGEST_MTU = {"": 9000, "vlan": 0}


def host(text: Mapping[str, Any]) -> Host:
    """The host a case describes."""
    links = {"lo": {"address": "00:00:00:00:00:00", "mtu": 65536, "addresses": ["127.0.0.1/8"], **_lo(text)}}
    links |= {name: dict(said or {}) for name, said in (text.get("links") or {}).items() if name != "lo"}
    return Host(
        links={name: _link(name, position, said) for position, (name, said) in enumerate(links.items())},
        addresses={name: _addresses(name, said) for name, said in links.items() if said.get("addresses")},
        routes=tuple(_route(line) for line in text.get("routes") or ()),
        rules=tuple(_rule(line) for line in text.get("rules") or ()),
        vlans={name: tuple(_range(str(each)) for each in these) for name, these in (text.get("vlans") or {}).items()},
        sysctls=_sysctls(text),
        files={path: File(None if said is None else said.encode()) for path, said in (text.get("files") or {}).items()},
        hardware={name: _hardware(said) for name, said in (text.get("ethtool") or {}).items()},
        clients=_clients(text),
        endpoints=tuple(_endpoint(line) for line in text.get("mptcp") or ()),
        mptcp={"enabled": True, "subflows": 2, "add-addr-accepted": 0},
        also=frozenset(PARTS),
        namespaces=tuple(text.get("namespaces") or ()),
    )


def read_host(text: str) -> Host:
    """`host` from the YAML itself."""
    return host(read(text)[0].value)  # type: ignore[arg-type]  # a test that writes no mapping fails


def policy(text: str) -> NetworkState:
    """A policy as a user writes it, however the test indents it."""
    return decode(read(textwrap.dedent(text))).desired


def _lo(text: Mapping[str, Any]) -> dict[str, Any]:
    return dict((text.get("links") or {}).get("lo") or {})


def _link(name: str, position: int, said: Mapping[str, Any]) -> Link:
    kind = said.get("kind", "")
    attrs = {
        "up": True,
        "mtu": 1500,
        "address": f"02:00:00:00:00:{position:02x}" if _has_mac(kind, said) else "",
        "master": "",
        "promisc": False,
        "altnames": (),
    }
    attrs |= {"peer_netns": ""} if kind == "veth" and said.get("peer") else {}
    settings = said.get("port", {}) if isinstance(said.get("port"), Mapping) else {}
    apart = FACTS | {"kind", "addresses", "ipv6", "conf6"} | ({"port"} if settings else set())
    attrs |= {key: said[key] for key in said.keys() - apart}
    facts = {key: said[key] for key in said.keys() & FACTS}
    if kind == "" and name != "lo":
        facts.setdefault("perm_address", attrs["address"])
    if kind in ("bridge", "bond"):
        facts.setdefault("address_assigned", 3)
    has_ipv6 = said.get("ipv6", any(":" in each for each in said.get("addresses") or ()))
    conf = {**(KERNELS_OWN if has_ipv6 or name == "lo" else NO_IPV6), **said.get("conf6", {})}
    return Link(
        name=name,
        kind=kind,
        attrs={key: tuple(value) if isinstance(value, list) else value for key, value in attrs.items()},
        port=settings,
        conf6=devconf.sparse(conf),
        index=facts.pop("index", position + 1),
        carrier=facts.pop("carrier", bool(attrs["up"])),
        type=facts.pop("type", 772 if name == "lo" else 1),
        min_mtu=facts.pop("min_mtu", 0 if name == "lo" else 68),
        max_mtu=facts.pop("max_mtu", 0 if name == "lo" else LARGEST_MTU.get(kind, 65535)),
        **facts,
    )


def _has_mac(kind: str, said: Mapping[str, Any]) -> bool:
    """Links that carry IP packets have none: tunnels, by their ARPHRD_ type, and a tun."""
    return kind in ("", "ipoib") or (said.get("type", 1) == 1 and said.get("mode") != "tun")


def _clients(text: Mapping[str, Any]) -> tuple[Client, ...]:
    found = []
    for family, word in CLIENTS.items():
        names = text.get(word) or ()
        found += [Client(name, family, names[name] if isinstance(names, dict) else NO_ATTRS) for name in names]
    return tuple(sorted(found, key=lambda client: client.key))


def _addresses(name: str, said: Mapping[str, Any]) -> tuple[Address, ...]:
    """`192.0.2.2/24`, or with a lifetime in seconds `192.0.2.2/24 for 3600`."""
    found = []
    for text in said["addresses"]:
        interface, _, lifetime = text.partition(" for ")
        ip, _, prefix = interface.partition("/")
        protocol = 2 if ip.startswith("2001:db8:a::") else 0  # IFAPROT_KERNEL_RA
        scope = 254 if ip in ("127.0.0.1", "::1") else 253 if ip.startswith("fe80") else 0
        lives = {"valid_s": int(lifetime), "preferred_s": int(lifetime)} if lifetime else {}
        found.append(Address(name, ip, int(prefix), scope=scope, protocol=protocol, **lives))
    return tuple(found)


def _endpoint(line: str) -> Endpoint:
    """`192.0.2.2 [on LINK] FLAG…`."""
    ip, *words = line.split()
    link = words[words.index("on") + 1] if "on" in words else ""
    return Endpoint(ip, sum(ENDPOINT_FLAGS.get(word, 0) for word in words), link)


def _route(line: str) -> Route:
    """The words of `nncp plan`: `[blackhole] NETWORK [via GATEWAY] [on LINK] [weight N] … [metric N] [table N]`."""
    words = line.split()
    kind = words.pop(0) if words[0] in ("blackhole", "unreachable", "prohibit") else "unicast"
    destination = words.pop(0)
    hops: list[dict[str, Any]] = []
    rest: dict[str, Any] = {}
    for key, value in zip(words[::2], words[1::2], strict=True):
        if key == "via" or (key == "on" and (not hops or "link" in hops[-1])):
            hops.append({})
        if key in HOP_WORDS:
            hops[-1][{"via": "gateway", "on": "link", "weight": "weight"}[key]] = (
                int(value) if key == "weight" else value
            )
        else:
            rest[key] = int(value) if value.isdigit() else value
    scope = 253 if hops and "gateway" not in hops[0] and ":" not in destination else 0
    return Route(destination, tuple(Hop(**hop) for hop in hops), kind=kind, scope=scope, **rest)


def _sysctls(text: Mapping[str, Any]) -> dict[str, str]:
    defaults = {f"net/ipv6/conf/default/{setting}": str(value) for setting, value in KERNELS_OWN.items()}
    return defaults | ({"kernel/hostname": text["hostname"]} if "hostname" in text else {})


def _rule(line: str) -> Rule:
    """The words of `nncp plan`, and `protocol N` (static where nothing is said)."""
    priority, family, *words = line.split()
    rest: dict[str, Any] = {"protocol": 4}
    while words:
        word = words.pop(0)
        if word in RULE_ACTIONS:
            rest["action"] = RULE_ACTIONS[word]
        elif word == "not":
            rest["invert"] = True
        elif word == "fwmark":
            rest["fwmark"], rest["fwmask"] = (int(each, 16) for each in words.pop(0).split("/"))
        else:
            value = words.pop(0)
            rest[RULE_WORDS.get(word, word)] = int(value, 0) if value.isdigit() else value
    return Rule(int(family[-1]), int(priority.rstrip(":")), **rest)


def _hardware(said: Mapping[str, Any]) -> Hardware:
    """What `show` prints of it; `wanted` has the features that are wanted otherwise than they are."""
    sections = {name: values for name, values in said.items() if name in SECTIONS or part(name) == VIRTUAL_FUNCTIONS}
    settings = {
        name: {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
            if not key.endswith("-max") and key not in ("active", "can autoneg", "supported")
        }
        for name, values in sections.items()
    }
    facts: dict[str, Any] = {
        name: {key.removesuffix("-max"): value for key, value in values.items() if key.endswith("-max")}
        for name, values in sections.items()
    }
    facts |= {"active": said.get("feature", {}), "fixed": said.get("fixed", {}), "devices": said.get("devices", {})}
    if "feature" in said:
        settings["feature"] = {**said["feature"], **said.get("wanted", {})}
    for name in sections.keys() & {"eee", "wake-on-lan"}:
        known = {key: sections[name][key] for key in ("active", "supported") if key in sections[name]}
        facts[name] = {key: tuple(value) if isinstance(value, list) else value for key, value in known.items()}
    if link := said.get("link"):
        facts["link"] = {key: link[key] for key in ("speed", "duplex", "can autoneg") if key in link}
        facts["link"] |= {"supported": tuple(link["supported"])} if "supported" in link else {}
        if link.get("autoneg"):
            settings["link"] = {key: settings["link"][key] for key in ("autoneg", "advertise") if key in link}
    return Hardware(settings, facts)


def _range(text: str) -> VlanRange:
    first, last = re.match(r"(\d+)(?:-(\d+))?", text).groups()  # type: ignore[union-attr]  # a case that does not match fails
    return VlanRange(int(first), int(last or first), pvid="pvid" in text, untagged="untagged" in text)
