"""JSON in pieces is the JSON it would be at once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncp_agent.cli import json_text

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


def at_once(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(values)
def test_any_value_in_pieces_is_the_same_text(value: object) -> None:
    assert "".join(json_text.pieces(value)) == at_once(value)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 101])
def test_a_long_list_is_cut_and_nothing_is_lost(count: int) -> None:
    value = {
        "interfaces": [{"name": f'e"{number}', "mtu": number} for number in range(count)],
        "routes": {"config": []},
    }
    pieces = list(json_text.pieces({**value, "interfaces": iter(value["interfaces"])}))
    assert "".join(pieces) == at_once(value)
    assert len(pieces) >= count // 50


def test_people_get_it_indented() -> None:
    assert json_text.indented({"a": iter([1, "é"]), "b": {}}) == '{\n  "a": [\n    1,\n    "é"\n  ],\n  "b": {}\n}'


@given(st.lists(st.integers(0, 3), max_size=120), st.lists(values, min_size=4, max_size=4))
def test_what_many_items_have_in_common_is_written_in_its_place(whose: list[int], common: list[object]) -> None:
    items = [{"name": f'"ethtool":{n}', "ethtool": common[n], "mtu": n} if n else {"mtu": n} for n in whose]
    assert "".join(json_text.pieces({"interfaces": items})) == at_once({"interfaces": items})


@given(st.lists(st.integers(0, 3), max_size=120), st.lists(values, min_size=4, max_size=4), st.booleans())
def test_what_stands_further_down_and_is_in_common_is_written_in_its_place(
    whose: list[int], common: list[object], is_first: bool
) -> None:
    def item(n: int) -> dict[str, object]:
        bridge = {"bridge": {"options": common[n], "port": [n]}, "name": 'a":NaN'[: 1 + 5 * n]}
        ethtool = {"ethtool": common[n and 1]}
        return bridge | ethtool if is_first else ethtool | bridge

    items = [item(n) for n in whose]
    assert "".join(json_text.pieces({"interfaces": items})) == at_once({"interfaces": items})


def test_what_ten_kinds_have_in_common_is_told_apart() -> None:
    common = [{"feature": {f"f{n}": True}} for n in range(12)]
    items = [{"ethtool": common[n % 12]} for n in range(120)]
    assert "".join(json_text.pieces({"interfaces": iter(items)})) == at_once({"interfaces": items})
