"""Random policies that mostly can hold, for property tests: bonds, bridges, VLANs and dummies over four NICs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from netkernel.documents import Document
from nncp_agent.model import NetworkState
from nncp_agent.wire import decode

NICS = ("eth0", "eth1", "eth2", "eth3")
NAMESPACES = ("blue", "red")
MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
STATES = st.sampled_from(("up", "up", "up", "up", "absent", "down"))


@st.composite
def policies(draw: st.DrawFn, whole_host: bool = False, elsewhere: bool = False) -> NetworkState:
    """A policy in nmstate's form, decoded as a user's would be; of a `whole_host` also what is in its files, and with
    `elsewhere` what others do for it: listeners, and wires into other namespaces."""
    free = list(draw(st.permutations(NICS)))
    interfaces: list[dict[str, Any]] = []
    bases = list(NICS)
    for name in ("bond0", "bond1"):
        if draw(st.booleans()):
            ports = [free.pop() for _ in range(draw(st.integers(0, min(2, len(free)))))]
            interfaces.append(draw(_bonds(name, ports)))
            bases = [base for base in bases if base not in ports]
            if interfaces[-1]["state"] == "up":
                free.append(name)
                bases.append(name)
    for name in ("br0", "br1"):
        if draw(st.booleans()):
            ports = [free.pop() for _ in range(draw(st.integers(0, min(2, len(free)))))]
            interfaces.append(draw(_bridges(name, ports)))
            bases = [base for base in bases if base not in ports]
            if interfaces[-1]["state"] == "up":
                bases.append(name)
    for name, number in (("v5", 5), ("v6", 6)):
        if bases and draw(st.booleans()):
            vlan = {"base-iface": draw(st.sampled_from(bases)), "id": number}
            interfaces.append(
                {"name": name, "type": "vlan", "state": draw(STATES), "vlan": vlan, **draw(_stacks(number))}
            )
    interfaces += draw(_links_on_links(bases))
    interfaces += draw(_tunnels(bases))
    if draw(st.booleans()):
        section = {"mode": draw(st.sampled_from(("tun", "tap"))), "owner": draw(st.integers(1, 2))}
        interfaces.append({"name": "tap9", "type": "tun", "state": draw(STATES), "tun": section, **draw(_stacks(8))})
    interfaces += draw(_rings(free))
    bases = [base for base in bases if base in free or base not in NICS]
    if draw(st.integers(0, 2)) == 0:
        ends = {"w1": draw(st.sampled_from(("w2", "w3")))}
        interfaces += [
            {"name": name, "type": "veth", "state": draw(STATES), "veth": {"peer": peer}, **draw(_stacks(60))}
            for name, peer in ends.items()
        ]
    if elsewhere and draw(st.integers(0, 3)) == 0:
        section = {"peer": "eth0", "peer-netns": draw(st.sampled_from(NAMESPACES))}
        interfaces.append({"name": "w4", "type": "veth", "state": draw(STATES), "veth": section, **draw(_stacks(62))})
    if draw(st.booleans()):
        interfaces.append({"name": "dummy9", "type": "dummy", "state": draw(STATES), **draw(_stacks(9))})
    for nic in bases:
        if nic in NICS and draw(st.integers(0, 3)) == 0:
            mtu = {"mtu": draw(st.sampled_from((1500, 9000)))} if draw(st.booleans()) else {}
            more = draw(_settings(whole_host or elsewhere, elsewhere))
            interfaces.append(
                {"name": nic, "type": "ethernet", "state": draw(STATES), **mtu, **more, **draw(_stacks(20))}
            )
    order = draw(st.permutations(interfaces))
    asked = {"interfaces": list(order), "routes": {"config": draw(_routes(interfaces))}}
    asked |= draw(host_wide()) if whole_host else {}
    return decode([Document({**asked, "route-rules": {"config": draw(_rules())}})]).desired


@st.composite
def _rings(draw: st.DrawFn, free: list[str]) -> list[dict[str, Any]]:
    """An HSR or PRP link over two NICs that are nobody's port yet."""
    nics = [name for name in free if name in NICS]
    if len(nics) < 2 or draw(st.integers(0, 3)):
        return []
    ports = nics[:2]
    free[:] = [name for name in free if name not in ports]
    section = {"port1": ports[0], "port2": ports[1], "protocol": draw(st.sampled_from(("hsr", "prp")))}
    section["multicast-spec"] = draw(st.sampled_from((0, 40)))
    return [{"name": "ring", "type": "hsr", "state": draw(STATES), "hsr": section, **draw(_stacks(61))}]


@st.composite
def _settings(draw: st.DrawFn, named: bool, listens: bool) -> dict[str, Any]:
    """What stands beside the kind: what the NIC's addresses are to MPTCP, its features and channels, where it may be
    `named` otherwise its other names, and whether somebody `listens` there."""
    found: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        flags = draw(st.sampled_from(((), ("subflow",), ("signal", "backup"))))
        found["mptcp"] = {"address-flags": list(flags)}
    if draw(st.integers(0, 2)) == 0:
        feature = draw(st.sampled_from(({"rx-gro": True}, {"rx-gro": False, "tx-generic-segmentation": False})))
        found["ethtool"] = {"feature": feature}
    if named and draw(st.integers(0, 2)) == 0:
        names = draw(st.lists(st.sampled_from(("uplink", "rack-seven-left")), min_size=1, max_size=2, unique=True))
        found["alt-names"] = [{"name": name, **draw(st.sampled_from(({}, {"state": "absent"})))} for name in names]
    if listens and draw(st.integers(0, 2)) == 0:
        found["lldp"] = {"enabled": draw(st.booleans())}
    if draw(st.integers(0, 2)) == 0:
        found["description"] = draw(st.sampled_from(("", "uplink")))
    return found


@st.composite
def host_wide(draw: st.DrawFn) -> dict[str, Any]:
    """What a host is called, and whom it asks for names."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["hostname"] = draw(
            st.fixed_dictionaries(
                {}, optional={"running": st.sampled_from(("a1", "b2")), "config": st.sampled_from(("a1", "b2", ""))}
            )
        )
    if draw(st.booleans()):
        lists = {
            "server": st.lists(st.sampled_from(("192.0.2.53", "2001:db8::53")), max_size=2, unique=True),
            "search": st.lists(st.sampled_from(("a.example", "b.example")), max_size=2, unique=True),
            "options": st.lists(st.sampled_from(("rotate", "ndots:2", "timeout:1")), max_size=2, unique=True),
        }
        found["dns-resolver"] = {"config": draw(st.fixed_dictionaries({}, optional=lists))}
    return found


@st.composite
def _rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few that are much alike, so that one policy's meet another's."""
    some = st.fixed_dictionaries(
        {"ip-from": st.sampled_from(("10.0.5.0/24", "2001:db8:5::/64"))},
        optional={
            "route-table": st.sampled_from((100, 101)),
            "priority": st.sampled_from((-1, 1000, 1001)),
            "iif": st.sampled_from(("eth0", "v5")),
            "fwmark": st.sampled_from((1, 2)),
            "state": st.just("absent"),
        },
    )
    return draw(st.lists(some, max_size=3))


@st.composite
def _links_on_links(draw: st.DrawFn, bases: list[str]) -> list[dict[str, Any]]:
    """MACVLANs, and on another base (which takes one kind only) IPVLANs or MACsecs; VXLANs, a VRF over some of them."""
    found: list[dict[str, Any]] = []
    if not bases or draw(st.booleans()):
        return found
    base, other = draw(st.sampled_from(bases)), draw(st.sampled_from(bases))
    sections: dict[str, tuple[str, dict[str, Any]]] = {
        "m1": ("mac-vlan", {"base-iface": base, "mode": draw(st.sampled_from(("bridge", "vepa", "private")))}),
        "m2": ("mac-vtap", {"base-iface": base, "mode": draw(st.sampled_from(("bridge", "source")))}),
        "x7": ("vxlan", {"base-iface": other, "id": 7, "remote": f"192.0.2.{draw(st.integers(1, 2))}"}),
    }
    if other != base and draw(st.booleans()):
        settings = {"encrypt": draw(st.booleans()), "validation": draw(st.sampled_from(("check", "strict")))}
        sections["s1"] = ("macsec", {"base-iface": other, "port": draw(st.integers(1, 2)), **settings})
    elif other != base:
        sections["i1"] = ("ipvlan", {"base-iface": other, "mode": draw(st.sampled_from(("l2", "l3", "l3s")))})
    for number, (name, (type, section)) in enumerate(sections.items(), 40):
        if draw(st.booleans()):
            found.append({"name": name, "type": type, "state": draw(STATES), type: section, **draw(_stacks(number))})
    if draw(st.booleans()):
        up = [each["name"] for each in found if each["state"] == "up"]
        ports = sorted(draw(st.sets(st.sampled_from(up)))) if up else []
        section = {"port": ports, "route-table-id": draw(st.sampled_from((100, 101)))}
        found.append({"name": "red", "type": "vrf", "state": draw(STATES), "vrf": section})
    return found


@st.composite
def _tunnels(draw: st.DrawFn, bases: list[str]) -> list[dict[str, Any]]:
    """IP tunnels whose ends are few, so that some want those of others, with and without a base; and GENEVE."""
    found: list[dict[str, Any]] = []
    for number, name in enumerate(("t1", "t2"), 50):
        if draw(st.integers(0, 2)):
            continue
        mode = draw(st.sampled_from(("ipip", "sit", "gre", "gretap", "ip6ip6", "ipip6", "ip6gre", "ip6gretap")))
        net = "2001:db8::" if "6" in mode else "192.0.2."
        # each has a remote of its own in one document, but not over two of them
        section = {"mode": mode, "remote": f"{net}{2 * draw(st.integers(1, 2)) + number % 2}"}
        if bases and draw(st.booleans()):
            section["base-iface"] = draw(st.sampled_from(bases))
        section |= draw(st.sampled_from(({}, {"ttl": 64}, {"tos": 4, "fwmark": 7}, {"local": f"{net}1"})))
        stacks = draw(_stacks(number))
        found.append({"name": name, "type": "ip-tunnel", "state": draw(STATES), "ip-tunnel": section, **stacks})
    if draw(st.integers(0, 2)) == 0:
        geneve = {"id": draw(st.integers(1, 2)), "remote": draw(st.sampled_from(("192.0.2.2", "2001:db8::2")))}
        found.append({"name": "g1", "type": "geneve", "state": draw(STATES), "geneve": geneve, **draw(_stacks(52))})
    return found


@st.composite
def _bonds(draw: st.DrawFn, name: str, ports: list[str]) -> dict[str, Any]:
    mode = draw(st.sampled_from(MODES))
    options: dict[str, Any] = draw(st.sampled_from(({}, {"miimon": 100}, {"miimon": 200, "updelay": 400})))
    if mode == "802.3ad" and draw(st.booleans()):
        options = {**options, "lacp_rate": draw(st.sampled_from(("slow", "fast")))}
    if mode == "active-backup" and ports and draw(st.booleans()):
        options = {**options, "primary": ports[0]}
    config: dict[str, Any] = {"port": ports}
    if draw(st.integers(0, 3)) == 0:
        priority = {"priority": draw(st.sampled_from((-1, 0, 5)))} if mode in ("active-backup", "balance-tlb") else {}
        queues = draw(st.sampled_from(((0, 0), (1, 2), (2, 1))))
        config["ports-config"] = [
            {"name": port, "queue-id": queue, **priority} for port, queue in zip(ports, queues, strict=False)
        ]
    return {
        "name": name,
        "type": "bond",
        "state": draw(STATES),
        **({"mtu": draw(st.sampled_from((1450, 1500, 9000)))} if draw(st.booleans()) else {}),
        "link-aggregation": {"mode": mode, "options": options, **config},
    }


@st.composite
def _bridges(draw: st.DrawFn, name: str, ports: list[str]) -> dict[str, Any]:
    vlans = st.sampled_from(
        (
            {},
            {"vlan": {}},
            {"vlan": {"mode": "access", "tag": 20}},
            {"vlan": {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 100, "max": 199}}]}},
            {"vlan": {"mode": "trunk", "trunk-tags": [{"id": 7}, {"id": 9}], "enable-native": True, "tag": 30}},
            {"stp-priority": 16, "stp-path-cost": 50, "stp-hairpin-mode": True},
        )
    )
    some = (
        {},
        {"stp": {"enabled": True}},
        {"stp": {"enabled": False, "forward-delay": 4, "hello-time": 1, "max-age": 8, "priority": 4096}},
        {"mac-ageing-time": 200},
        {"multicast-snooping": False, "group-fwd-mask": 8},
        {"multicast-router": "disabled", "multicast-query-interval": 5000, "hash-max": 512},
        {"vlan-protocol": "802.1ad"},
        {"vlan-default-pvid": 7},
    )
    options = draw(st.sampled_from(some))
    return {
        "name": name,
        "type": "linux-bridge",
        "state": draw(STATES),
        "bridge": {"options": options, "port": [{"name": port, **draw(vlans)} for port in ports]},
        **draw(_stacks(30 + int(name[-1]))),
    }


@st.composite
def _stacks(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """ipv4 and ipv6, each not stated, disabled, or with addresses of a network of its own."""
    four = [{"ip": f"10.0.{number}.{host}", "prefix-length": 24} for host in draw(st.sets(st.integers(1, 3)))]
    six = [{"ip": f"2001:db8:{number}::{host}", "prefix-length": 64} for host in draw(st.sets(st.integers(1, 2)))]
    choices = {
        "ipv4": (None, {"enabled": False}, {"enabled": True, "address": four}),
        "ipv6": (None, {"enabled": False}, {"enabled": True, "address": six}),
    }
    stated = {family: draw(st.sampled_from(options)) for family, options in choices.items()}
    return {family: value for family, value in stated.items() if value is not None}


@st.composite
def _routes(draw: st.DrawFn, interfaces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ways_out = [
        (each["name"], each["ipv4"]["address"][0]["ip"])
        for each in interfaces
        if each["state"] == "up" and each.get("ipv4", {}).get("address")
    ]
    if not ways_out or draw(st.booleans()):
        return draw(st.sampled_from(([], [{"state": "absent"}])))
    metric, weights = draw(st.sampled_from((10, 20))), draw(st.sampled_from(((), (1, 1), (3, 1), (256, 2))))
    legs = draw(st.lists(st.sampled_from(ways_out), min_size=1, max_size=2 if weights else 1, unique=True))
    return [
        {
            "destination": "203.0.113.0/24",
            "next-hop-interface": link,
            "next-hop-address": address.rpartition(".")[0] + ".254",
            "metric": metric,
            **({"weight": weights[number]} if weights else {}),
        }
        for number, (link, address) in enumerate(legs)
    ]
