"""Messages that lie about themselves: a reader says so, and neither loops nor stumbles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.codec import addresses, links, neighbours, nexthops, routes, rules, shapes, vlans
from netkernel.errors import MalformedMessage
from netkernel.records import Address
from tests.unit.netkernel import record_values as any_of
from tests.unit.netkernel.test_codec import INDEX_OF, READERS, new_links

genuine = {
    "address": any_of.addresses().map(lambda record: addresses.add(record, INDEX_OF).payload),
    "route": any_of.routes().map(lambda record: routes.add(record, INDEX_OF).payload),
    "rule": any_of.rules().map(lambda record: rules.add(record).payload),
    "neighbour": any_of.neighbours.map(lambda record: neighbours.add(record, INDEX_OF).payload),
    "nexthop": any_of.nexthops().map(lambda record: nexthops.add(record, INDEX_OF).payload),
    "vlans": any_of.vlan_ranges().map(lambda record: vlans.add("eth0", record, INDEX_OF).payload),
    "link": new_links().map(lambda new: links.create("new0", new[0], new[1], INDEX_OF, index=7)[0].payload),
}
kinds = st.sampled_from(sorted(READERS))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A genuine message with bytes changed, and perhaps cut short."""
    kind = draw(kinds)
    data = bytearray(draw(genuine[kind]))
    for _ in range(draw(st.integers(1, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return kind, bytes(data[: draw(st.integers(0, len(data)))])


@given(damaged())
def test_a_damaged_message_is_read_or_called_malformed(message: tuple[str, bytes]) -> None:
    kind, data = message
    try:
        READERS[kind](data)
    except MalformedMessage:
        return


@given(kinds, st.binary(max_size=120))
def test_random_bytes_are_read_or_called_malformed(kind: str, data: bytes) -> None:
    try:
        READERS[kind](data)
    except MalformedMessage:
        return


@pytest.mark.parametrize("kind", sorted(READERS))
def test_an_empty_message_is_called_malformed(kind: str) -> None:
    with pytest.raises(MalformedMessage):
        READERS[kind](b"")


@given(new_links(), st.data())
def test_a_learnt_shape_is_never_laid_over_a_message_of_another(new: tuple[str, dict], data: st.DataObject) -> None:  # type: ignore[type-arg]
    """What a reader that saw a genuine message makes of a damaged one is what a fresh reader makes of it."""
    kind, attrs = new
    good = links.create("new0", kind, attrs, INDEX_OF, index=7)[0].payload
    bad = bytearray(good)
    bad[data.draw(st.integers(shapes.HEADER.size, len(bad) - 1))] = data.draw(st.integers(0, 255))
    names = {**any_of.NAMES, 7: "new0"}
    used = shapes.Links()
    used.read(good, 0, len(good), names)
    assert _outcome(used, bytes(bad), names) == _outcome(shapes.Links(), bytes(bad), names)


@given(any_of.addresses(), st.data())
def test_a_learnt_layout_is_never_laid_over_an_address_of_another(address: Address, data: st.DataObject) -> None:
    good = addresses.add(address, INDEX_OF).payload
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    used = addresses.Addresses()
    used.read(good, 0, len(good), any_of.NAMES)
    assert _outcome(used, bytes(bad), any_of.NAMES) == _outcome(addresses.Addresses(), bytes(bad), any_of.NAMES)


def _outcome(reader: shapes.Links | addresses.Addresses, message: bytes, names: dict[int, str]) -> object:
    try:
        return reader.read(message, 0, len(message), names)
    except MalformedMessage:
        return "malformed"
