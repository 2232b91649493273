"""Names that routers tell: as long as they say, and no longer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.errors import MalformedMessage
from netkernel.packets import router
from netkernel.packets.router import FOREVER, Advertisement, Names
from nncp_agent.advertised import names
from nncp_agent.advertised.listener import is_from_here
from nncp_agent.shown.dns import Dns

IPS = st.ip_addresses(v=6, network="2001:db8::/32").map(str)
DOMAINS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,3}", fullmatch=True)
LIFETIMES = st.one_of(st.integers(0, FOREVER))


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Names, ...]]:
    some = st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)
    return st.lists(st.builds(Names, some, LIFETIMES), max_size=3).map(tuple)


SAID = st.builds(
    Advertisement, st.integers(0, 9000), st.integers(0, 255), st.booleans(), st.booleans(), lists(IPS), lists(DOMAINS)
)


@given(SAID)
def test_an_advertisement_reads_as_it_was_written(said: Advertisement) -> None:
    assert router.parse(said.pack()) == said


@given(st.binary(max_size=120))
def test_nonsense_is_refused_or_understood_and_never_breaks(data: bytes) -> None:
    for message in (data, bytes((router.ADVERTISEMENT, 0)) + data):
        try:
            router.parse(message)
        except MalformedMessage:
            continue


@pytest.mark.parametrize("end", [bytes((25, 0)), bytes((25, 3, 0)), b"\x19"])
def test_an_option_that_is_cut_off_makes_all_of_it_invalid(end: bytes) -> None:
    with pytest.raises(MalformedMessage, match="cut off or has length 0"):
        router.parse(Advertisement().pack() + end)


def test_a_name_lasts_as_long_as_was_said_last() -> None:
    known = names.heard({}, Advertisement(servers=(Names(("2001:db8::53",), 100),)), 0)
    known = names.heard(known, Advertisement(servers=(Names(("fe80::53", "2001:db8::53"), 30),)), 50)
    assert names.of_link(known, "eth1") == Dns(("2001:db8::53", "fe80::53%eth1"))
    assert names.due_s(known) == 80
    assert names.of_link(names.aged(known, 80), "eth1") == Dns()


def test_a_lifetime_of_zero_takes_a_name_back_and_the_largest_never_ends() -> None:
    said = Advertisement(search=(Names(("a.example", "b.example"), FOREVER),))
    known = names.heard({}, said, 0)
    assert names.due_s(known) == math.inf
    known = names.heard(known, Advertisement(search=(Names(("a.example",), 0),)), 1)
    assert names.of_link(known, "eth1") == Dns((), ("b.example",))


@given(st.lists(SAID, max_size=12))
def test_nobody_fills_our_memory(all_of_them: list[Advertisement]) -> None:
    known: names.Known = {}
    for said in all_of_them:
        known = names.heard(known, said, 0)
    found = names.of_link(known, "eth1")
    assert len(found.server) <= names.MOST and len(found.search) <= names.MOST


def test_only_routers_of_the_link_are_heard() -> None:
    hops = [(41, 52, (255).to_bytes(4, "little"))]
    assert is_from_here("fe80::1%eth1", hops)
    assert not is_from_here("2001:db8::1", hops)
    assert not is_from_here("fe80::1%eth1", [(41, 52, (64).to_bytes(4, "little"))])
    assert not is_from_here("fe80::1%eth1", [])
