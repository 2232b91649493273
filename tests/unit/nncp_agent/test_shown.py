"""The host in plain values and the host in models say the same, in the same order."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from netkernel.link_kinds import KINDS as LINK_KINDS
from netkernel.ops import Op
from netkernel.records import Link
from nncp_agent import shown
from nncp_agent.kinds import KINDS, Kind
from nncp_agent.observe import present
from nncp_agent.shown import types
from nncp_agent.writer import encode
from tests.strategies import grown, histories


@settings(max_examples=100, deadline=None)
@given(histories)
def test_models_of_any_host_are_written_as_the_plain_values_are(history: Sequence[Op]) -> None:
    host = grown(history)
    assert json.dumps(shown.state(host)) == json.dumps(encode(present(host)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_every_kind_is_shown_under_its_own_words(kind: Kind) -> None:
    for word in filter(None, kind.link_kinds):
        assert types.of(Link("x", word, facts={"persist": 1})) == (kind.name, True)
        assert word in LINK_KINDS or not kind.is_virtual
    assert kind.subtree == (shown.SUBTREES[kind.name][0] if kind.name in shown.SUBTREES else None)
    assert (kind.subtree is None) == (shown.READERS.get(kind.name) is None)
