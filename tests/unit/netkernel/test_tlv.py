"""Attributes on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import tlv
from netkernel.errors import MalformedMessage

attributes = st.lists(st.tuples(st.integers(1, tlv.NUMBER), st.binary(max_size=40)), max_size=8)


@given(attributes)
def test_attributes_come_back_in_order(given_attributes: list[tuple[int, bytes]]) -> None:
    data = b"".join(tlv.attribute(number, payload) for number, payload in given_attributes)
    assert [(number, data[a:b]) for number, a, b in tlv.walk(data, 0, len(data))] == given_attributes


@given(attributes)
def test_a_nest_is_an_attribute_of_attributes(given_attributes: list[tuple[int, bytes]]) -> None:
    nest = tlv.nest(7, *(tlv.attribute(number, payload) for number, payload in given_attributes))
    [(number, start, end)] = tlv.walk(nest, 0, len(nest))
    assert number == 7
    assert [(inner, nest[a:b]) for inner, a, b in tlv.walk(nest, start, end)] == given_attributes


@given(st.binary(max_size=64))
def test_any_bytes_are_walked_to_an_end_or_called_malformed(data: bytes) -> None:
    try:
        found = list(tlv.walk(data, 0, len(data)))
    except MalformedMessage:
        return
    assert all(0 <= start <= end <= len(data) for _, start, end in found)
    assert len(found) <= len(data) // 4


@pytest.mark.parametrize("data", [b"\0\0\1\0", b"\3\0\1\0", b"\x09\0\1\0abcd", b"\x08\0\1\0abcde"])
def test_a_length_that_cannot_be_is_called_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        list(tlv.walk(data, 0, len(data)))


def test_numbers_come_back() -> None:
    data = tlv.u8(1, 200) + tlv.u16(2, 60_000) + tlv.u32(3, 2**32 - 1) + tlv.s32(4, -5) + tlv.u64(5, 2**63)
    readers = {1: tlv.read_u8, 2: tlv.read_u16, 3: tlv.read_u32, 4: tlv.read_s32, 5: tlv.read_u64}
    assert [readers[number](data, a, b) for number, a, b in tlv.walk(data, 0, len(data))] == [
        200, 60_000, 2**32 - 1, -5, 2**63,
    ]  # fmt: skip


@pytest.mark.parametrize("read", [tlv.read_u8, tlv.read_u16, tlv.read_u32, tlv.read_s32, tlv.read_u64])
def test_a_number_cut_short_is_called_malformed(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedMessage):
        read(b"", 0, 0)


def test_text_that_is_no_utf8_is_carried_through() -> None:
    odd = b"eth\xff0".decode("utf-8", "surrogateescape")
    data = tlv.text(3, odd)
    assert tlv.read_text(data, 4, len(data)) == odd


def test_a_payload_too_long_for_its_length_field_is_refused() -> None:
    with pytest.raises(ValueError):
        tlv.attribute(1, bytes(0xFFFF))
