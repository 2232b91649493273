"""What events say has changed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.errors import MalformedMessage
from netkernel.netlink import HEADER
from netkernel.watch import Table, Watch, tables


def event(kind: int, payload: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(payload), kind, 0, 0, 0) + payload


def neighbour(kind: int, state: int, flags: int = 0) -> bytes:
    return event(kind, struct.pack("=BxxxiHBB", 2, 1, state, flags, 0))


@pytest.mark.parametrize(
    ("kind", "table"),
    [(16, Table.LINKS), (21, Table.ADDRESSES), (24, Table.ROUTES), (33, Table.RULES), (104, Table.NEXTHOPS),
     (113, Table.VLANS)],
)  # fmt: skip
def test_an_event_names_its_table(kind: int, table: Table) -> None:
    assert tables(event(kind)) == {table}


def test_neighbours_that_are_learned_are_no_change_and_those_that_are_configured_are() -> None:
    reachable, stale, permanent, proxy = 0x02, 0x04, 0x80, 0x08
    assert tables(neighbour(28, reachable) + neighbour(28, stale)) == set()
    assert tables(neighbour(28, permanent)) == tables(neighbour(28, 0, proxy)) == {Table.NEIGHBOURS}
    assert tables(neighbour(29, reachable)) == {Table.NEIGHBOURS}


@given(st.binary(max_size=100))
def test_hostile_events_are_called_malformed_or_read(data: bytes) -> None:
    try:
        assert tables(data) <= set(Table)
    except MalformedMessage:
        return


def test_waiting_for_nothing_ends_at_the_deadline() -> None:
    with Watch() as watch:
        watch.changed()
        assert isinstance(watch.wait(0.0), frozenset)
