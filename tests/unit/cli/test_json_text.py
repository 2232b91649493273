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
