"""Frozen values through JSON: nothing is lost, and nothing of another type comes in."""

from __future__ import annotations

import pytest

from netkernel import frozen_json
from netkernel.frozen import Frozen, fact
from netkernel.host import Host
from netkernel.records import Address, Hop, Link, Route, VlanRange
from netkernel.rewind import Remembered

LINK = Link(
    "eth0", attrs={"up": True, "mtu": 1500, "address": "02:00:00:00:00:01"}, conf6=b"\0\xff", netnsid=3, index=7
)
ROUTE = Route("0.0.0.0/0", (Hop("eth0", "192.0.2.1"),), metrics=((7, 10),), dynamic=True)
HOST = Host(
    {"eth0": LINK},
    {"eth0": (Address("eth0", "192.0.2.2", 24, valid_s=60),)},
    (ROUTE,),
    vlans={"eth0": (VlanRange(2, 4094),)},
)


def test_records_come_back_with_all_their_facts() -> None:
    remembered = Remembered(HOST, frozenset({"eth0"}), frozenset({(254, "0.0.0.0/0", 0, 0, "")}))
    again = frozen_json.decode(frozen_json.encode(remembered), Remembered)
    assert again == remembered
    assert repr(again) == repr(remembered)


class Inner(Frozen):
    number: int
    seen: int = fact(default=0)


class Outer(Frozen):
    inner: tuple[Inner, ...]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"inner": [{"number": "1"}]}', r"Expected `int`, got `str`"),
        (b'{"inner": [{"number": 1, "seen": null}]}', r"Expected `int`, got `null`"),
        (b'{"inner": [{"seen": 1}]}', "Inner: without number"),
        (b'{"inner": [7]}', "wanted Inner, found int"),
        (b'{"inner": {}}', "Expected `array`, got `object`"),
        (b"[]", "wanted Outer, found list"),
        (b"{", "truncated"),
        (b'{"inner": "\xff"}', "utf-8"),
    ],
)
def test_what_is_no_such_value_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frozen_json.decode(text, Outer)


def test_what_a_newer_version_says_beside_is_left_out() -> None:
    text = b'{"inner": [{"number": 1, "more": 2}], "more": 3}'
    assert frozen_json.decode(text, Outer) == Outer((Inner(1),))
