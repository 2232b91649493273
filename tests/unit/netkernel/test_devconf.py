"""The IPv6 settings of a link as an array."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import devconf

values = st.dictionaries(st.sampled_from(sorted(devconf.NAMES)), st.integers(-(2**31) + 1, 2**31 - 1))


@given(values)
def test_what_is_stated_is_read_back_and_nothing_else(stated: dict[str, int]) -> None:
    assert devconf.stated(devconf.sparse(stated)) == stated


@given(values, values)
def test_the_later_statement_wins(first: dict[str, int], second: dict[str, int]) -> None:
    assert devconf.stated(devconf.overlay(devconf.sparse(first), second)) == first | second


def test_a_kernel_that_does_not_have_an_entry_does_not_state_it() -> None:
    assert devconf.get(struct.pack("=4i", 0, 64, 1500, 1), "accept_ra") == 1
    assert devconf.get(struct.pack("=4i", 0, 64, 1500, 1), "force_forwarding") is None
    assert devconf.get(b"", "accept_ra") is None


def test_a_misspelt_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        devconf.get(b"", "accept_router_advertisements")


def test_what_follows_the_link_does_not_make_two_arrays_differ() -> None:
    small, large = (struct.pack("=4i", 0, 64, mtu, 1) for mtu in (1280, 9000))
    assert devconf.comparable(small) == devconf.comparable(large)
    assert devconf.stated(devconf.comparable(small)) == {"forwarding": 0, "hop_limit": 64, "accept_ra": 1}


@given(st.binary(max_size=300))
def test_any_array_can_be_read(conf: bytes) -> None:
    assert devconf.stated(devconf.comparable(conf)) == devconf.stated(conf)
