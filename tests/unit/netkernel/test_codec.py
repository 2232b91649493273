"""Records to messages and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import tlv
from netkernel.codec import addresses, links, neighbours, nexthops, routes, rules, shapes, vlans
from netkernel.link_kinds import COMMON, KINDS
from netkernel.link_kinds.base import Attr, Form
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import Address, Hop, Link, Neighbour, Nexthop, Route, Rule, Value, VlanRange
from tests.unit.netkernel import record_values as any_of

INDEX_OF = any_of.INDEXES.__getitem__


def span(message: Message) -> tuple[bytes, int, int]:
    return message.payload, 0, len(message.payload)


@given(any_of.addresses())
def test_an_address_comes_back(address: Address) -> None:
    read = addresses.Addresses().read(*span(addresses.add(address, INDEX_OF)), any_of.NAMES)
    assert read == address
    assert read.valid_s == address.valid_s and read.preferred_s == address.preferred_s


@given(any_of.addresses())
def test_an_address_is_deleted_by_its_key_and_peer(address: Address) -> None:
    read = addresses.Addresses().read(*span(addresses.delete(address, INDEX_OF)), any_of.NAMES)
    assert read is not None
    assert (read.key, read.peer) == (address.key, address.peer)


@given(any_of.routes())
def test_a_route_comes_back(route: Route) -> None:
    assert routes.read(*span(routes.add(route, INDEX_OF)), any_of.NAMES) == route


@given(any_of.routes())
def test_a_route_is_deleted_with_its_full_key(route: Route) -> None:
    assert routes.delete(route, INDEX_OF).payload == routes.add(route, INDEX_OF).payload


def test_a_route_by_nexthop_object_does_not_send_what_the_kernel_resolved() -> None:
    route = Route("10.0.0.0/8", (Hop("eth0", "192.0.2.1"),), nexthop=7)
    assert routes.read(*span(routes.add(route, INDEX_OF)), any_of.NAMES) == Route("10.0.0.0/8", (), nexthop=7)


@given(any_of.rules())
def test_a_rule_comes_back(rule: Rule) -> None:
    if not (rule.fwmark or rule.fwmask) or rule.table == 0:
        assert rules.read(*span(rules.add(rule))) == rule
    assert rules.read(*span(rules.delete(rule))) == rule


@given(any_of.neighbours)
def test_a_neighbour_comes_back(neighbour: Neighbour) -> None:
    assert neighbours.read(*span(neighbours.add(neighbour, INDEX_OF)), any_of.NAMES) == neighbour


@given(any_of.nexthops())
def test_a_nexthop_comes_back(nexthop: Nexthop) -> None:
    assert nexthops.read(*span(nexthops.add(nexthop, INDEX_OF)), any_of.NAMES) == nexthop


@given(any_of.vlan_ranges(), any_of.links)
def test_a_vlan_range_comes_back(ranges: VlanRange, link: str) -> None:
    assert vlans.read(*span(vlans.add(link, ranges, INDEX_OF))) == (any_of.INDEXES[link], (ranges,))


@given(st.lists(any_of.vlan_ranges(), max_size=6))
def test_joined_ranges_hold_the_same_vlans(ranges: list[VlanRange]) -> None:
    def each(some: Any) -> set[tuple[int, bool, bool]]:
        return {(id, r.pvid, r.untagged) for r in some for id in range(r.first, r.last + 1)}

    assert each(vlans.joined(ranges)) == each(ranges)


UNSAID = (Form.PEER, Form.SCI_PORT, Form.MAC_END)
"""Not said in an attribute of their own: a veth's other end, and what a secure channel's identifier holds."""


@st.composite
def attrs_of(draw: st.DrawFn, table: dict[str, Attr]) -> dict[str, Value]:
    keys = sorted(key for key, attr in table.items() if not attr.read_only and attr.form not in UNSAID)
    wanted = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    return {key: draw(any_of.values_of(table[key])) for key in wanted}


@st.composite
def new_links(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    table = {**COMMON, **KINDS[kind].attrs}
    return kind, draw(attrs_of(table))


def merged(messages: list[Message], name: str, index: int) -> Link:
    """What a kernel that takes all the messages has: each changes what it states."""
    reader, names = shapes.Links(), {**any_of.NAMES, index: name}
    found: dict[str, Value] = {}
    link = Link(name)
    for position, message in enumerate(messages):
        payload = message.payload
        if position:  # only the first carries the name; the reader wants it first
            payload = payload[: shapes.HEADER.size] + _named(name) + payload[shapes.HEADER.size :]
        link = reader.read(payload, 0, len(payload), names)
        _, _, _, flags, mask = shapes.HEADER.unpack_from(payload)
        stated = {key: value for key, value in link.attrs.items() if value not in ("", 0, (), False)}
        found |= {key: value for key, value in stated.items() if key not in ("up", "promisc", "allmulti")}
        found |= {key: bool(flags & COMMON[key].bit) for key in ("up", "promisc", "allmulti") if mask & COMMON[key].bit}
        if link.kind:
            found |= {key: value for key, value in link.attrs.items() if key in KINDS[link.kind].attrs}
    return Link(name, link.kind, found)


def _named(name: str) -> bytes:
    return tlv.text(shapes.NAME, name)


@given(new_links())
def test_a_new_links_attributes_all_come_back(new: tuple[str, dict[str, Value]]) -> None:
    kind, attrs = new
    if kind == "veth":
        attrs.pop("link", None)
    if attrs.get("token"):
        attrs["token"] = "::a:5"  # half an address is one
    messages = links.create("new0", kind, attrs, INDEX_OF, index=77)
    found = merged(messages, "new0", 77)
    assert {key: found.attrs.get(key, type(value)()) for key, value in attrs.items()} == attrs
    assert messages[0].flags == CREATE | EXCLUSIVE
    assert all(message.flags == 0 for message in messages[1:])


@given(new_links())
def test_a_stamp_stands_before_the_link_is_in_use(new: tuple[str, dict[str, Value]]) -> None:
    kind, attrs = new
    attrs |= {"alias": "nncp:cni:1", "master": "br0.7", "up": True}
    messages = links.create("new0", kind, attrs, INDEX_OF, index=77)
    stamped = next(at for at, message in enumerate(messages) if b"nncp:cni:1" in message.payload)
    for message in messages[: stamped + 1]:
        _, _, _, flags, _ = shapes.HEADER.unpack_from(message.payload)
        assert not flags & COMMON["up"].bit


@given(new_links())
def test_every_flag_that_is_set_stands_in_the_mask(new: tuple[str, dict[str, Value]]) -> None:
    kind, attrs = new
    for message in [
        *links.create("new0", kind, attrs, INDEX_OF, index=77),
        *links.change(kind, attrs, INDEX_OF, index=7),
    ]:
        _, _, _, flags, mask = shapes.HEADER.unpack_from(message.payload)
        assert flags & ~mask == 0


def test_a_link_goes_down_before_what_wants_it_down_changes() -> None:
    down, rest = links.change("bond", {"mode": "802.3ad", "up": False}, INDEX_OF, index=7)
    assert shapes.HEADER.unpack_from(down.payload)[3:] == (0, 1)
    assert len(down.payload) == shapes.HEADER.size
    assert shapes.HEADER.unpack_from(rest.payload)[3:] == (0, 0)


def test_an_empty_list_clears_and_is_left_out_of_a_create() -> None:
    [change] = links.change("bond", {"arp_ip_target": ()}, INDEX_OF, index=7)
    [create] = links.create("new0", "bond", {"arp_ip_target": (), "primary": ""}, INDEX_OF, index=7)
    nothing = links.create("new0", "bond", {}, INDEX_OF, index=7)
    assert [create] == nothing
    assert len(change.payload) > shapes.HEADER.size


@pytest.mark.parametrize(
    ("kind", "attrs"),
    [("bridge", {"priority": 70_000}), ("bond", {"mode": "fast"}), ("dummy", {"address": "xy"}),
     ("bond", {"arp_ip_target": ("192.0.2.300",)}), ("bridge", {"stp_state": -1}), ("bond", {"arp_ip_target": 5})],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named(kind: str, attrs: dict[str, Value]) -> None:
    with pytest.raises(ValueError, match=next(iter(attrs))):
        links.change(kind, attrs, INDEX_OF, index=7)


READERS: dict[str, Callable[[bytes], object]] = {
    "address": lambda data: addresses.Addresses().read(data, 0, len(data), any_of.NAMES),
    "route": lambda data: routes.read(data, 0, len(data), any_of.NAMES),
    "rule": lambda data: rules.read(data, 0, len(data)),
    "neighbour": lambda data: neighbours.read(data, 0, len(data), any_of.NAMES),
    "nexthop": lambda data: nexthops.read(data, 0, len(data), any_of.NAMES),
    "vlans": lambda data: vlans.read(data, 0, len(data)),
    "link": lambda data: read_link(data),
}


def read_link(data: bytes) -> Link:
    index, name = shapes.read_name(data, 0, len(data))
    return shapes.Links().read(data, 0, len(data), {**any_of.NAMES, index: name})
