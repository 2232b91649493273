"""Random hosts: what a kernel holds after a random history that it agreed to."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from netkernel import devconf
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import (
    AddAddress,
    AddNeighbour,
    AddRoute,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    DeleteVlans,
    Op,
    SetLink,
    SetPort,
    WriteSysctl,
)
from netkernel.records import Address, Hop, Link, Neighbour, Route, Value, VlanRange
from netkernel.simulation import World, step

NICS = ("eth0", "eth1", "eth2")
BONDS, BRIDGES = ("bond0", "bond1"), ("br0", "br1")
VIRTUAL = (*BONDS, *BRIDGES, "v5", "v6", "d0")
MODES = ("active-backup", "balance-rr", "802.3ad", "balance-xor")
SUBNETS = ("192.0.2.", "198.51.100.")
MACS = ("02:00:00:00:00:aa", "02:00:00:00:00:bb")
CONF = devconf.sparse({"disable_ipv6": 0, "accept_ra": 1, "autoconf": 1})
CONF6 = "net/ipv6/conf/"
DEFAULTS = {
    "net/ipv6/conf/default/accept_ra": "1",
    "net/ipv6/conf/default/autoconf": "1",
    "net/ipv6/conf/default/disable_ipv6": "0",
    "net/ipv6/conf/default/addr_gen_mode": "0",
}


def bare() -> Host:
    """Three NICs that nobody has touched."""
    links = {}
    for number, name in enumerate(NICS, 1):
        attrs = {
            "up": False, "promisc": False, "mtu": 1500, "master": "", "link": "", "txqlen": 1000, "alias": "",
            "group": 0, "address": f"02:00:00:00:00:{number:02x}", "addr_gen_mode": "eui64",
        }  # fmt: skip
        links[name] = Link(name, attrs=attrs, conf6=CONF, index=number, min_mtu=68, max_mtu=9000)
    return Host(links=links, sysctls=DEFAULTS)


def _set(name: str, key: str, value: int | bool | str) -> Op:
    return SetLink(name, "", {key: value}, {key: ""})


names = st.sampled_from(NICS + VIRTUAL)
controllers = st.sampled_from((*BONDS, *BRIDGES, ""))


@st.composite
def _address(draw: st.DrawFn) -> Op:
    name, host = draw(names), draw(st.integers(1, 4))
    if draw(st.booleans()):
        return AddAddress(Address(name, f"{draw(st.sampled_from(SUBNETS))}{host}", 24))
    return AddAddress(Address(name, f"2001:db8::{host}", 64))


@st.composite
def _route(draw: st.DrawFn) -> Op:
    name, net = draw(names), draw(st.integers(1, 3))
    hop = Hop(name, draw(st.sampled_from(("192.0.2.254", ""))))
    return AddRoute(
        Route(f"10.{net}.0.0/16", (hop,), metric=draw(st.sampled_from((0, 100))), scope=0 if hop.gateway else 253)
    )


moves: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda mode: CreateLink("bond0", "bond", {"mode": mode, "miimon": 100}), st.sampled_from(MODES)),
    st.builds(lambda mode: CreateLink("bond1", "bond", {"mode": mode}), st.sampled_from(MODES)),
    st.builds(lambda on: CreateLink("br0", "bridge", {"vlan_filtering": on}), st.integers(0, 1)),
    st.builds(lambda mac: CreateLink("br1", "bridge", {"address": mac}), st.just("02:00:00:00:00:77")),
    st.builds(lambda base, vid: CreateLink("v5", "vlan", {"link": base, "id": vid}), names, st.sampled_from((5, 7))),
    st.builds(lambda base: CreateLink("v6", "vlan", {"link": base, "id": 6}), names),
    st.just(CreateLink("d0", "dummy")),
    st.builds(lambda name, up: _set(name, "up", up), names, st.booleans()),
    st.builds(lambda name: _set(name, "up", True), names),
    st.builds(lambda name, master: _set(name, "master", master), names, controllers),
    st.builds(lambda name, mtu: _set(name, "mtu", mtu), names, st.sampled_from((1200, 1400, 1500, 2000))),
    st.builds(lambda name, mac: _set(name, "address", mac), names, st.sampled_from(MACS)),
    st.builds(lambda name, text: _set(name, "alias", text), names, st.sampled_from(("", "uplink"))),
    st.builds(lambda port, vid: AddVlans(port, VlanRange(vid, vid + 3)), names, st.integers(1, 20)),
    st.builds(lambda port, vid: AddVlans(port, VlanRange(vid, vid, True, True)), names, st.integers(1, 20)),
    st.builds(lambda port: SetPort(port, "bridge", {"hairpin": 1}, {"hairpin": 0}), names),
    st.builds(lambda name, off: WriteSysctl(f"{CONF6}{name}/disable_ipv6", off, ""), names, st.sampled_from("01")),
    st.builds(lambda name: AddNeighbour(Neighbour(name, "192.0.2.77", "02:00:00:00:00:99")), names),
    _address(),
    _route(),
)  # fmt: skip


histories = st.lists(moves, max_size=14)
"""What `grown` makes a host of."""


def _told(kind: str, links: Sequence[str], key: str, *values: Value) -> st.SearchStrategy[Op]:
    return st.builds(
        lambda name, value: SetLink(name, kind, {key: value}, {key: ""}),
        st.sampled_from(links),
        st.sampled_from(values),
    )


options: st.SearchStrategy[Op] = st.one_of(
    _told("bond", BONDS, "mode", *MODES),
    _told("bond", BONDS, "miimon", 0, 30, 100),
    _told("bond", BONDS, "updelay", 0, 100, 250),
    _told("bond", BONDS, "arp_interval", 0, 200),
    _told("bond", BONDS, "primary", *NICS),
    _told("bond", BONDS, "fail_over_mac", "none", "active", "follow"),
    _told("bond", BONDS, "ad_lacp_rate", "slow", "fast"),
    _told("bridge", BRIDGES, "vlan_filtering", 0, 1),
    _told("bridge", BRIDGES, "stp_state", 0, 1),
    _told("bridge", BRIDGES, "forward_delay", 0, 400, 3001),
    _told("bridge", BRIDGES, "vlan_default_pvid", 0, 1, 9),
    _told("vlan", ("v5", "v6"), "loose_binding", False, True),
    _told("", NICS + VIRTUAL, "addr_gen_mode", "none", "eui64"),
)
"""What a kind takes at one time and refuses at another."""
removals: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda name: DeleteLink(name, ""), st.sampled_from(VIRTUAL)),
    st.builds(lambda add: DeleteAddress(add.address), _address()),
    st.builds(lambda add: DeleteRoute(add.route), _route()),
    st.builds(lambda port, vid: DeleteVlans(port, VlanRange(vid, vid + 2)), names, st.integers(1, 20)),
)


@st.composite
def busy(draw: st.DrawFn) -> list[Op]:
    """A history that begins with links, so that much of what follows is not refused."""
    kinds: list[Op] = [
        CreateLink("bond0", "bond", {"mode": draw(st.sampled_from(MODES)), "miimon": 100}),
        CreateLink("br0", "bridge", {"vlan_filtering": draw(st.integers(0, 1))}),
        CreateLink("d0", "dummy"),
    ]
    ports = [_set(name, "master", draw(controllers)) for name in draw(st.sets(st.sampled_from((*NICS, "bond0"))))]
    base = draw(st.sampled_from((*NICS, "bond0", "br0")))
    vlans: list[Op] = [CreateLink("v5", "vlan", {"link": base, "id": 5})]
    ups = [_set(name, "up", True) for name in draw(st.permutations((*NICS, "bond0", "br0", "d0", "v5")))]
    return kinds + ports + vlans + ups + draw(st.lists(st.one_of(moves, moves, options, removals), max_size=12))


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
