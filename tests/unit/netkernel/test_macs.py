"""MAC addresses in every notation that users have for them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import macs


@given(st.binary(min_size=6, max_size=6), st.booleans())
def test_every_notation_is_spelled_as_the_kernel_does(raw: bytes, is_upper: bool) -> None:
    digits = raw.hex()
    dotted = ".".join((digits[:4], digits[4:8], digits[8:]))
    for text in (raw.hex(":"), raw.hex("-"), dotted):
        written = text.upper() if is_upper else text
        assert macs.spelled(written) == raw.hex(":")
        assert re.search(macs.PATTERN, written)


@pytest.mark.parametrize(
    "text",
    ["aa-bb", "02:00:00:00:00", "02:00:00:00:00:01:02", "02:00:00:00:00:0g", "02-00:00-00:00-01", "0200.00000001"],
)
def test_what_is_no_mac_address_is_spelled_as_nothing(text: str) -> None:
    assert macs.spelled(text) == ""
    assert not re.search(macs.PATTERN, text)


@pytest.mark.parametrize(
    ("mac", "is_one"), [("02:00:00:00:00:01", True), ("00:00:00:00:00:00", False), ("01:00:5e:00:00:01", False)]
)
def test_an_interface_has_neither_zeros_nor_a_groups(mac: str, is_one: bool) -> None:
    assert macs.is_an_interfaces(mac) is is_one
