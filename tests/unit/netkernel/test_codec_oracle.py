"""The codecs against pyroute2: what we write it reads, what it writes we read."""

from __future__ import annotations

import warnings
from typing import Any

from hypothesis import given, settings

from netkernel.codec import addresses, links, neighbours, routes, rules, shapes
from netkernel.frozen import replace
from netkernel.link_kinds import COMMON, KINDS
from netkernel.link_kinds.base import Form
from netkernel.netlink import HEADER, Message
from netkernel.records import Address, Neighbour, Route, Rule, Value
from tests.unit.netkernel import record_values as any_of
from tests.unit.netkernel.test_codec import INDEX_OF, new_links

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # theirs, about themselves
    from pyroute2.netlink.rtnl.fibmsg import fibmsg
    from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
    from pyroute2.netlink.rtnl.ndmsg import ndmsg
    from pyroute2.netlink.rtnl.rtmsg import rtmsg

FEW = settings(max_examples=60, deadline=None)


def theirs(parser: Any, message: Message) -> Any:
    """Our message as pyroute2 reads it."""
    length = HEADER.size + len(message.payload)
    read = parser(HEADER.pack(length, message.type, message.flags, 1, 0) + message.payload)
    read.decode()
    return read


def again(read: Any) -> bytes:
    """A message pyroute2 read, written by it; without the netlink header."""
    plain = {"attrs": list(read["attrs"]), **{field[0]: read[field[0]] for field in read.fields}}
    written = type(read)()
    written.setvalue(plain)
    written.encode()
    return bytes(written.data[HEADER.size :])


@FEW
@given(any_of.addresses())
def test_addresses_agree(address: Address) -> None:
    read = theirs(ifaddrmsg, addresses.add(address, INDEX_OF))
    assert read.get("local") == address.ip
    assert read.get("address") == (address.peer or address.ip)
    assert (read["index"], read["prefixlen"], read["scope"]) == (INDEX_OF(address.link), address.prefix, address.scope)
    assert (read.get("label") or "", read.get("broadcast") or "") == (address.label, address.broadcast)
    assert (read.get("flags") or 0, read.get("rt_priority") or 0) == (address.flags, address.metric)
    written = again(read)
    assert addresses.Addresses().read(written, 0, len(written), any_of.NAMES) == address


@FEW
@given(any_of.routes())
def test_routes_agree(route: Route) -> None:
    route = replace(
        route, extra=b"", hops=tuple(replace(hop, extra=b"") for hop in route.hops)
    )  # it loops over oddities
    read = theirs(rtmsg, routes.add(route, INDEX_OF))
    address, _, bits = route.destination.partition("/")
    assert (read.get("dst") or ("0.0.0.0" if route.family == 4 else "::")) == address
    assert (read["dst_len"], read["tos"], read["proto"], read["scope"]) == (
        int(bits), route.tos, route.protocol, route.scope,
    )  # fmt: skip
    assert routes.KINDS[read["type"]] == route.kind
    assert (read.get("table") if route.table > 255 else read["table"]) == route.table
    assert ((read.get("priority") or 0), (read.get("prefsrc") or "")) == (route.metric, route.source)
    legs = read.get("multipath")
    if legs:
        assert [(leg["oif"], leg["hops"] + 1) for leg in legs] == [
            (INDEX_OF(hop.link), hop.weight) for hop in route.hops
        ]
    elif route.hops:
        assert read.get("oif") == INDEX_OF(route.hops[0].link)


@FEW
@given(any_of.rules())
def test_rules_agree(rule: Rule) -> None:
    read = theirs(fibmsg, rules.add(rule))
    assert (read.get("priority"), read["action"], read["tos"]) == (rule.priority, rule.action, rule.tos)
    assert (read.get("iifname") or "", read.get("oifname") or "") == (rule.iif, rule.oif)
    assert (read.get("table") or 0, read.get("fwmark") or 0) == (rule.table, rule.fwmark)
    source, _, bits = rule.source.partition("/")
    assert (read.get("src") or "", read["src_len"]) == (source, int(bits or 0))


@FEW
@given(any_of.neighbours)
def test_neighbours_agree(neighbour: Neighbour) -> None:
    read = theirs(ndmsg, neighbours.add(neighbour, INDEX_OF))
    assert (read.get("dst"), read.get("lladdr") or "") == (neighbour.ip, neighbour.address)
    assert (read["ifindex"], read["state"], read["flags"]) == (
        INDEX_OF(neighbour.link), neighbour.state, neighbour.flags,
    )  # fmt: skip
    written = again(read)
    assert neighbours.read(written, 0, len(written), any_of.NAMES) == neighbour


@FEW
@given(new_links())
def test_links_agree(new: tuple[str, dict[str, Value]]) -> None:
    kind, attrs = new
    [first, *_] = links.create("new0", kind, attrs, INDEX_OF, index=77)
    read = theirs(ifinfmsg, first)
    info = read.get("linkinfo")
    assert (read["index"], read.get("ifname"), info.get("kind")) == (77, "new0", kind)
    for key, name in (("mtu", "mtu"), ("txqlen", "txqlen"), ("group", "group"), ("address", "address")):
        assert read.get(name) == attrs.get(key)
    data = dict(info["attrs"]).get("IFLA_INFO_DATA")
    numbers = _numbers(data) if hasattr(data, "nla_map") else {}  # of macsec it knows the bytes only
    plain = {
        key: attr for key, attr in KINDS[kind].attrs.items() if attr.form in _PLAIN and key in attrs and not attr.words
    }
    for key, attr in plain.items():
        if attr.number in numbers and (kind[:3], key) != ("mac", "flags"):  # it makes words of these
            assert numbers[attr.number] == attrs[key], key


_PLAIN = (Form.U8, Form.U16, Form.U32, Form.S32, Form.MAC)


def _numbers(nest: Any) -> dict[int, Any]:
    """What pyroute2 read, by attribute number: its tables count from the UNSPEC entry on."""
    order = {entry[0]: at for at, entry in enumerate(nest.nla_map)}
    return {order[name]: value for name, value in nest["attrs"] if name in order}


def test_a_link_dump_of_pyroute2s_making_is_read() -> None:
    message = ifinfmsg()
    message.setvalue(
        {
            "family": 0, "ifi_type": 1, "index": 9, "flags": 0x1, "change": 0,
            "attrs": [
                ("IFLA_IFNAME", "bond9"), ("IFLA_TXQLEN", 1000), ("IFLA_MTU", 1450), ("IFLA_MASTER", 2),
                ("IFLA_ADDRESS", "02:00:00:00:00:09"), ("IFLA_GROUP", 5), ("IFLA_MIN_MTU", 68),
                ("IFLA_LINKINFO", {"attrs": [
                    ("IFLA_INFO_KIND", "bond"),
                    ("IFLA_INFO_DATA", {"attrs": [
                        ("IFLA_BOND_MODE", 1), ("IFLA_BOND_MIIMON", 100), ("IFLA_BOND_ACTIVE_SLAVE", 2),
                        ("IFLA_BOND_XMIT_HASH_POLICY", 1),
                    ]}),
                ]}),
            ],
        }
    )  # fmt: skip
    message.encode()
    payload = bytes(message.data[HEADER.size :])
    link = shapes.Links().read(payload, 0, len(payload), {2: "br0", 9: "bond9"})
    assert (link.name, link.kind, link.index, link.min_mtu) == ("bond9", "bond", 9, 68)
    assert link.attrs == {
        "up": True, "promisc": False, "allmulti": False, "address": "02:00:00:00:00:09", "mtu": 1450, "link": "",
        "master": "br0", "txqlen": 1000, "alias": "", "group": 5, "mode": "active-backup",
        "miimon": 100, "xmit_hash_policy": "layer3+4",
        "primary": "", "arp_ip_target": (), "ns_ip6_target": (), "altnames": (),
    }  # fmt: skip
    assert link.facts == {"active_slave": "br0"}
    assert set(COMMON) - link.attrs.keys() == {"addr_gen_mode", "token"}
