"""Random hosts: what a kernel holds after a random history that it agreed to."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from netkernel import devconf
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import (
    NO_PREFIX_ROUTE,
    AddAddress,
    AddNeighbour,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    DeleteRule,
    DeleteVlans,
    Op,
    SetLink,
    SetPort,
    WriteSysctl,
)
from netkernel.records import Address, Hop, Link, Neighbour, Route, Rule, Value, VlanRange
from netkernel.simulation import World, step

NICS = ("eth0", "eth1", "eth2")
VIRTUAL = ("bond0", "bond1", "br0", "br1", "v5", "v6", "s1", "s2", "t0", "t1", "d0", "p0", "p1")
MODES = ("active-backup", "balance-rr", "802.3ad", "balance-xor", "balance-tlb")
NODAD = 0x02  # IFA_F_NODAD, linux/if_addr.h
ONLINK = 0x4  # RTNH_F_ONLINK, linux/rtnetlink.h
SUBNETS = ("192.0.2.", "198.51.100.")
MACS = ("02:00:00:00:00:aa", "02:00:00:00:00:bb")
CONF = devconf.sparse({"disable_ipv6": 0, "accept_ra": 1, "autoconf": 1, "keep_addr_on_down": 0})
CONF6 = "net/ipv6/conf/"
DEFAULTS = {
    "net/ipv6/conf/default/accept_ra": "1",
    "net/ipv6/conf/default/autoconf": "1",
    "net/ipv6/conf/default/disable_ipv6": "0",
    "net/ipv6/conf/default/addr_gen_mode": "0",
    "net/ipv6/conf/default/keep_addr_on_down": "0",
}


def bare() -> Host:
    """Three NICs that nobody has touched."""
    links = {}
    for number, name in enumerate(NICS, 1):
        attrs = {
            "up": False, "promisc": False, "allmulti": False, "mtu": 1500, "master": "", "link": "",
            "txqlen": 1000, "alias": "",
            "group": 0, "address": f"02:00:00:00:00:{number:02x}", "addr_gen_mode": "eui64", "token": "",
        }  # fmt: skip
        links[name] = Link(name, attrs=attrs, conf6=CONF, index=number, min_mtu=68, max_mtu=9000)
    return Host(links=links, sysctls=DEFAULTS)


def _set(name: str, key: str, value: int | bool | str) -> Op:
    return SetLink(name, "", {key: value}, {key: ""})


names = st.sampled_from(NICS + VIRTUAL)
controllers = st.sampled_from(("bond0", "bond1", "br0", "br1", ""))


@st.composite
def _address(draw: st.DrawFn) -> Op:
    name, host = draw(names), draw(st.integers(1, 4))
    make = draw(st.sampled_from((AddAddress, AddAddress, DeleteAddress)))
    metric = draw(st.sampled_from((0, 0, 7)))
    if draw(st.booleans()):
        return make(Address(name, f"{draw(st.sampled_from(SUBNETS))}{host}", 24, metric=metric))
    flags = NODAD | draw(st.sampled_from((0, 0, NO_PREFIX_ROUTE)))
    return make(Address(name, f"2001:db8::{host}", 64, flags=flags, metric=metric))


@st.composite
def _route(draw: st.DrawFn) -> Op:
    """Over a link, over a gateway, over two; to nowhere; with a source, in another table."""
    make = draw(st.sampled_from((AddRoute, AddRoute, AddRoute, DeleteRoute)))
    four, metric = draw(st.booleans()), draw(st.sampled_from((100, 200)))
    destination = f"10.{draw(st.integers(1, 3))}.0.0/16" if four else f"2001:db8:{draw(st.integers(1, 3))}::/48"
    if draw(st.integers(0, 5)) == 0 and four:
        return make(Route(destination, kind="blackhole", metric=metric))
    gateway = draw(st.sampled_from(("192.0.2.254", "") if four else ("2001:db8::99", "")))
    legs = sorted({draw(names) for _ in range(draw(st.sampled_from((1, 1, 1, 2))))})
    hops = tuple(Hop(name, gateway, flags=ONLINK if gateway else 0) for name in legs)
    source = draw(st.sampled_from(("", "", "192.0.2.1" if four else "2001:db8::1")))
    table = draw(st.sampled_from((254, 254, 1000)))
    scope = 253 if four and not gateway and len(hops) == 1 else 0
    return make(Route(destination, hops, table=table, metric=metric, source=source, scope=scope))


@st.composite
def _rule(draw: st.DrawFn) -> Op:
    """Few of a kind, so that the kernel takes one for another: of one priority, some with more said than others."""
    make = draw(st.sampled_from((AddRule, AddRule, DeleteRule)))
    source, iif = draw(st.sampled_from(("", "192.0.2.0/24"))), draw(st.sampled_from(("", "", "eth0")))
    rule = Rule(4, draw(st.integers(1000, 1001)), table=1000, source=source, iif=iif, protocol=4)
    return make(rule, beside=draw(st.booleans())) if make is AddRule else make(rule)


@st.composite
def _vlans(draw: st.DrawFn) -> Op:
    name, first = draw(names), draw(st.integers(1, 20))
    match draw(st.integers(0, 3)):
        case 0:
            return AddVlans(name, VlanRange(first, first, pvid=True, untagged=draw(st.booleans())))
        case 1:
            return DeleteVlans(name, VlanRange(first, first + draw(st.integers(0, 9))))
        case _:
            return AddVlans(name, VlanRange(first, first + draw(st.integers(0, 9)), untagged=draw(st.booleans())))


BOND_OPTIONS: dict[str, tuple[Value, ...]] = {
    "mode": MODES,
    "miimon": (0, 50, 100),
    "updelay": (0, 200, 250),
    "arp_interval": (0, 100),
    "arp_validate": ("none", "active"),
    "primary": ("eth0", "eth1"),
    "fail_over_mac": ("none", "active", "follow"),
    "ad_lacp_rate": ("slow", "fast"),
    "ad_actor_sys_prio": (1, 65535),
    "ad_select": ("stable", "count"),
    "tlb_dynamic_lb": (0, 1),
    "packets_per_slave": (1, 2),
    "min_links": (0, 1),
    "xmit_hash_policy": ("layer2", "layer3+4"),
    "num_peer_notif": (1, 2),
    "arp_ip_target": ((), ("192.0.2.1",), ("192.0.2.2", "192.0.2.1")),
}
BRIDGE_OPTIONS: dict[str, tuple[Value, ...]] = {
    "vlan_filtering": (0, 1),
    "vlan_default_pvid": (0, 1, 5),
    "vlan_protocol": ("802.1q", "802.1ad"),
    "stp_state": (0, 1),
    "forward_delay": (150, 400, 1500),
    "ageing_time": (0, 30000),
    "priority": (0, 32768),
    "group_fwd_mask": (0, 8),
    "mcast_snooping": (0, 1),
}


MACSEC_OPTIONS: dict[str, tuple[Value, ...]] = {
    "encrypt": (0, 1),
    "send_sci": (0, 1),
    "validation": ("disabled", "check", "strict"),
}
TUN_OPTIONS: dict[str, tuple[Value, ...]] = {"owner": (107, 108), "owning_group": (36, 37)}


@st.composite
def _option(draw: st.DrawFn) -> Op:
    """An option of a bond, a bridge, a MACsec link or a tap."""
    kinds = (
        ("bond", BOND_OPTIONS, ("bond0", "bond1")),
        ("bridge", BRIDGE_OPTIONS, ("br0", "br1")),
        ("macsec", MACSEC_OPTIONS, ("s1", "s2")),
        ("tun", TUN_OPTIONS, ("t0", "t1")),
    )
    kind, table, owners = draw(st.sampled_from(kinds))
    key = draw(st.sampled_from(sorted(table)))
    return SetLink(draw(st.sampled_from(owners)), kind, {key: draw(st.sampled_from(table[key]))}, {})


def _vlan(name: str, base: str, vid: int, loose: bool, protocol: str) -> Op:
    attrs: dict[str, Value] = {"link": base, "id": vid, "protocol": protocol}
    return CreateLink(name, "vlan", {**attrs, "loose_binding": True} if loose else attrs)


makings: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda mode: CreateLink("bond0", "bond", {"mode": mode, "miimon": 100}), st.sampled_from(MODES)),
    st.builds(lambda mode: CreateLink("bond1", "bond", {"mode": mode}), st.sampled_from(MODES)),
    st.builds(lambda on: CreateLink("br0", "bridge", {"vlan_filtering": on}), st.integers(0, 1)),
    st.builds(lambda mac: CreateLink("br1", "bridge", {"address": mac}), st.just("02:00:00:00:00:77")),
    st.builds(
        _vlan,
        st.sampled_from(("v5", "v6")),
        names,
        st.sampled_from((5, 6)),
        st.sampled_from((False, False, True)),
        st.sampled_from(("802.1q", "802.1q", "802.1ad")),
    ),
    st.builds(
        lambda name, base, port: CreateLink(name, "macsec", {"link": base, "port": port, "encrypt": 1}),
        st.sampled_from(("s1", "s2")),
        names,
        st.sampled_from((1, 2)),
    ),
    st.builds(
        lambda name, owner, queues: CreateLink(name, "tun", {"mode": "tap", "owner": owner, "multi_queue": queues}),
        st.sampled_from(("t0", "t1")),
        st.sampled_from(("", 107)),
        st.integers(0, 1),
    ),
    st.just(CreateLink("d0", "dummy")),
    st.just(CreateLink("p0", "veth", {"peer": "p1"})),
)
changes: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda name, up: _set(name, "up", up), names, st.booleans()),
    st.builds(lambda name: _set(name, "up", True), names),
    st.builds(lambda name, master: _set(name, "master", master), names, controllers),
    st.builds(lambda name, mtu: _set(name, "mtu", mtu), names, st.sampled_from((1200, 1400, 1500, 2000))),
    st.builds(lambda name, mac: _set(name, "address", mac), names, st.sampled_from(MACS)),
    st.builds(lambda name, text: _set(name, "alias", text), names, st.sampled_from(("", "uplink"))),
    st.builds(lambda name, mode: _set(name, "addr_gen_mode", mode), names, st.sampled_from(("none", "eui64"))),
    _option(),
    _vlans(),
    st.builds(lambda port: SetPort(port, "bridge", {"hairpin": 1}, {"hairpin": 0}), names),
    st.builds(lambda port, id: SetPort(port, "bond", {"queue_id": id}, {"queue_id": 0}), names, st.integers(0, 2)),
    st.builds(lambda name, off: WriteSysctl(f"{CONF6}{name}/disable_ipv6", off, ""), names, st.sampled_from("01")),
    st.builds(
        lambda name, on: WriteSysctl(f"{CONF6}{name}/keep_addr_on_down", on, ""),
        st.sampled_from(NICS),
        st.sampled_from("01"),
    ),
    st.builds(lambda name: AddNeighbour(Neighbour(name, "192.0.2.77", "02:00:00:00:00:99")), names),
    st.builds(lambda name: AddNeighbour(Neighbour(name, "2001:db8::77", "02:00:00:00:00:99")), names),
    _rule(),
    st.builds(lambda name: DeleteLink(name, "dummy"), st.sampled_from(VIRTUAL)),
)
moves = st.one_of(makings, makings, changes, changes, _address(), _address(), _route(), _route())
"""Most of them make sense on some host; those that make none are refused."""

histories = st.lists(moves, max_size=24)
"""What `grown` makes a host of."""
full_histories = st.builds(
    lambda made, up, moved: [*made, *(_set(name, "up", True) for name in (NICS + VIRTUAL)[:up]), *moved],
    st.lists(makings, min_size=4, max_size=8),
    st.integers(0, len(NICS + VIRTUAL)),
    st.lists(moves, min_size=5, max_size=30),
)
"""What happens on a host with much on it."""


def busy() -> st.SearchStrategy[list[Op]]:
    """A history that begins with links, so that much of what follows is not refused."""
    return full_histories


def grown(history: Sequence[Op]) -> Host:
    """The bare host after all moves of `history` that the kernel does not refuse."""
    macs = iter(range(1, 1000))
    world = World(bare(), lambda: f"0e:00:00:00:01:{next(macs):02x}")
    for move in history:
        try:
            step(world, move)
        except KernelRefused:
            continue
    return world.host()
