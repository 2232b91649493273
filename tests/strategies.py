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
from tests.links_of_all_kinds import NICS, OPTIONS, TUNNELS, VIRTUAL, makings, names

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


def _with_neighbours(name: str) -> str:
    """A link that resolves addresses: elsewhere the kernel keeps one neighbour, 0.0.0.0 (arp_constructor)."""
    return NICS[0] if name in ("t1", *TUNNELS) else name


def bare() -> Host:
    """Three NICs that nobody has touched."""
    links = {}
    for number, name in enumerate(NICS, 1):
        attrs = {
            "up": False, "promisc": False, "allmulti": False, "mtu": 1500, "master": "", "link": "",
            "txqlen": 1000, "alias": "", "altnames": (),
            "group": 0, "address": f"02:00:00:00:00:{number:02x}", "addr_gen_mode": "eui64", "token": "",
        }  # fmt: skip
        links[name] = Link(name, attrs=attrs, conf6=CONF, index=number, min_mtu=68, max_mtu=9000)
    return Host(links=links, sysctls=DEFAULTS)


def _set(name: str, key: str, value: Value) -> Op:
    return SetLink(name, "", {key: value}, {key: ""})


controllers = st.sampled_from(("bond0", "bond1", "br0", "br1", "red", "blue", ""))


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


@st.composite
def _option(draw: st.DrawFn) -> Op:
    """An option that links of one kind have, for one that may be of that kind."""
    kind, table, owners = draw(st.sampled_from(OPTIONS))
    key = draw(st.sampled_from(sorted(table)))
    return SetLink(draw(st.sampled_from(owners)), kind, {key: draw(st.sampled_from(table[key]))}, {})


changes: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda name, up: _set(name, "up", up), names, st.booleans()),
    st.builds(lambda name: _set(name, "up", True), names),
    st.builds(lambda name, master: _set(name, "master", master), names, controllers),
    st.builds(lambda name, mtu: _set(name, "mtu", mtu), names, st.sampled_from((1200, 1400, 1500, 2000))),
    st.builds(lambda name, mac: _set(name, "address", mac), names, st.sampled_from(MACS)),
    st.builds(lambda name, text: _set(name, "alias", text), names, st.sampled_from(("", "uplink"))),
    st.builds(lambda name, its: _set(name, "altnames", (f"{name}-too",) if its else ()), names, st.booleans()),
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
    st.builds(lambda name: AddNeighbour(Neighbour(_with_neighbours(name), "192.0.2.77", "02:00:00:00:00:99")), names),
    st.builds(lambda name: AddNeighbour(Neighbour(_with_neighbours(name), "2001:db8::77", "02:00:00:00:00:99")), names),
    _rule(),
    st.builds(lambda name: DeleteLink(name, "dummy"), st.sampled_from(VIRTUAL)),
)
moves = st.one_of(makings, makings, changes, changes, _address(), _address(), _route(), _route())
"""Most of them make sense on some host; those that make none are refused."""

histories = st.lists(moves, max_size=24)
"""What `grown` makes a host of."""
full_histories = st.builds(
    lambda made, up, moved: [*made, *(_set(name, "up", True) for name in (NICS + VIRTUAL)[:up]), *moved],
    st.lists(makings, min_size=5, max_size=10),
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
