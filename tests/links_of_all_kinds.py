"""Links of every kind that can be made, at random, and the options each kind has: what `strategies` makes hosts of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

from netkernel.ops import CreateLink, Op
from netkernel.records import Value

NICS: Final = ("eth0", "eth1", "eth2")
BONDS, BRIDGES, VRFS = ("bond0", "bond1"), ("br0", "br1"), ("red", "blue")
VLANS, MACSECS, MACVLANS, IPVLANS = ("v5", "v6"), ("s1", "s2"), ("m1", "m2"), ("i1", "i2")
TAPS, VXLANS, TUNNELS = ("t0", "t1"), ("x1", "x2"), ("k1", "k2")
VIRTUAL: Final = (
    *BONDS, *BRIDGES, *VLANS, *MACSECS, *MACVLANS, *IPVLANS, *TAPS, *VXLANS, *TUNNELS, *VRFS,
    "g1", "g2", "h0", "d0", "p0", "p1",
)  # fmt: skip

MODES: Final = ("active-backup", "balance-rr", "802.3ad", "balance-xor", "balance-tlb")
names = st.sampled_from(NICS + NICS + VIRTUAL)
"""Of any link; three that are always there come more often."""

Options = Mapping[str, tuple[Value, ...]]
BOND_OPTIONS: Final[Options] = {
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
BRIDGE_OPTIONS: Final[Options] = {
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
MACSEC_OPTIONS: Final[Options] = {
    "encrypt": (0, 1),
    "send_sci": (0, 1),
    "validation": ("disabled", "check", "strict"),
}
OPTIONS: Final[tuple[tuple[str, Options, tuple[str, ...]], ...]] = (
    ("bond", BOND_OPTIONS, BONDS),
    ("bridge", BRIDGE_OPTIONS, BRIDGES),
    ("bond", BOND_OPTIONS, BONDS),
    ("bridge", BRIDGE_OPTIONS, BRIDGES),
    ("macsec", MACSEC_OPTIONS, MACSECS),
    ("tun", {"owner": (107, 108), "owning_group": (36, 37)}, TAPS),
    ("macvlan", {"mode": ("private", "vepa", "bridge", "passthru", "source")}, MACVLANS),
    ("ipvlan", {"mode": ("l2", "l3", "l3s"), "flags": (0, 1, 2)}, IPVLANS),
    ("vxlan", {"learning": (0, 1), "ageing": (100, 300), "tos": (0, 4)}, VXLANS),
    ("geneve", {"ttl": (0, 64), "tos": (0, 4)}, ("g1", "g2")),
)
"""Kind, options and who may be of that kind; a bond and a bridge have most to say, and come twice."""


@st.composite
def _vlan(draw: st.DrawFn) -> Op:
    attrs: dict[str, Value] = {
        "link": draw(names.filter(lambda name: name != "t1")),
        "id": draw(st.sampled_from((5, 6))),
    }
    attrs["protocol"] = draw(st.sampled_from(("802.1q", "802.1q", "802.1ad")))
    if draw(st.integers(0, 2)) == 0:
        attrs["loose_binding"] = True
    return CreateLink(draw(st.sampled_from(VLANS)), "vlan", attrs)


@st.composite
def _on_a_base(draw: st.DrawFn) -> Op:
    """What takes all frames of a base: MACVLANs and MACVTAPs, IPVLANs, MACsecs."""
    base = draw(names)
    match draw(st.sampled_from(("macvlan", "macvtap", "ipvlan", "macsec"))):
        case "macsec":
            attrs: dict[str, Value] = {"link": base, "port": draw(st.sampled_from((1, 2))), "encrypt": 1}
            return CreateLink(draw(st.sampled_from(MACSECS)), "macsec", attrs)
        case "ipvlan":
            mode, flags = draw(st.sampled_from(("l2", "l3", "l3s"))), draw(st.sampled_from((0, 0, 1)))
            return CreateLink(draw(st.sampled_from(IPVLANS)), "ipvlan", {"link": base, "mode": mode, "flags": flags})
        case kind:
            mode = draw(st.sampled_from(("private", "vepa", "bridge", "bridge", "passthru", "source")))
            return CreateLink(draw(st.sampled_from(MACVLANS)), kind, {"link": base, "mode": mode})


@st.composite
def _tap(draw: st.DrawFn) -> Op:
    """A tap, or a tun, which has a name of its own: the kernel takes VLANs on one, and no policy does."""
    mode, name = draw(st.sampled_from((("tap", "t0"), ("tap", "t0"), ("tun", "t1"))))
    attrs: dict[str, Value] = {"mode": mode, "owner": draw(st.sampled_from(("", 107)))}
    return CreateLink(name, "tun", attrs | {"multi_queue": draw(st.integers(0, 1))})


@st.composite
def _overlay(draw: st.DrawFn) -> Op:
    """VXLANs and GENEVEs, few of which differ, so that some get in each other's way."""
    six = draw(st.integers(0, 3)) == 0
    attrs: dict[str, Value] = {"id": draw(st.sampled_from((7, 8)))}
    if draw(st.booleans()):
        attrs |= {"remote6": "2001:db8::2"} if six else {"remote": f"192.0.2.{draw(st.sampled_from((2, 3)))}"}
        return CreateLink(draw(st.sampled_from(("g1", "g2"))), "geneve", attrs)
    attrs |= {"remote6": "2001:db8::2"} if six else {"remote": "192.0.2.2"}
    if draw(st.booleans()):
        attrs["link"] = draw(names)
    return CreateLink(draw(st.sampled_from(VXLANS)), "vxlan", attrs)


@st.composite
def _tunnel(draw: st.DrawFn) -> Op:
    """To one remote of two or to everybody, over a base or wherever the routes lead."""
    kind = draw(st.sampled_from(("ipip", "sit", "gre", "gretap", "ip6tnl", "ip6gre", "ip6gretap")))
    six = kind.startswith("ip6")
    attrs: dict[str, Value] = {"remote": f"2001:db8::{draw(st.integers(2, 3))}" if six else "192.0.2.2"}
    if draw(st.booleans()):
        attrs["local"] = "2001:db8::1" if six else "192.0.2.1"
    if draw(st.booleans()):
        attrs["link"] = draw(names)
    return CreateLink(draw(st.sampled_from(TUNNELS)), kind, attrs)


def _hsr(one: str, other: str, protocol: str) -> Op:
    version = {"version": 1} if protocol == "hsr" else {}
    return CreateLink("h0", "hsr", {"slave1": one, "slave2": other, "protocol": protocol, **version})


makings: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda mode: CreateLink("bond0", "bond", {"mode": mode, "miimon": 100}), st.sampled_from(MODES)),
    st.builds(lambda mode: CreateLink("bond1", "bond", {"mode": mode}), st.sampled_from(MODES)),
    st.builds(lambda on: CreateLink("br0", "bridge", {"vlan_filtering": on}), st.integers(0, 1)),
    st.builds(lambda mac: CreateLink("br1", "bridge", {"address": mac}), st.just("02:00:00:00:00:77")),
    _vlan(),
    _vlan(),
    _on_a_base(),
    _on_a_base(),
    _tap(),
    _overlay(),
    _tunnel(),
    st.builds(_hsr, names, names, st.sampled_from(("hsr", "prp"))),
    st.just(CreateLink("red", "vrf", {"table": 100})),
    st.just(CreateLink("blue", "vrf", {"table": 101})),
    st.just(CreateLink("d0", "dummy")),
    st.just(CreateLink("p0", "veth", {"peer": "p1"})),
)
"""Most of them make sense on some host; those that make none are refused."""
