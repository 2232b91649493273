"""What `show` reads of the committed state, and the words for what it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncp_agent import notes
from nncp_agent.errors import StoreBroken
from nncp_agent.observe import notes as notes_of
from nncp_agent.shown import Note
from nncp_agent.store import Store
from tests.host_text import policy

COMMITTED = policy("""
interfaces:
- {name: eth1, type: ethernet, state: up, description: "the ünlink"}
- {name: tap1, state: ignore}
- {name: eth2, type: ethernet, state: down, ipv6: {enabled: true}}
- {name: port1, type: ethernet, identifier: mac-address, mac-address: "02:00:00:00:00:AA"}
- {name: eth3, profile-name: lan}
""")


def test_notes_are_those_of_the_models(tmp_path: Path) -> None:
    Store(tmp_path).save_committed(COMMITTED)
    found = notes.read(str(tmp_path))
    assert found == {
        "eth1": Note("the ünlink"),
        "tap1": Note(is_ignored=True, is_up=False),
        "eth2": Note(has_ipv6=True, is_up=False),
        "port1": Note(called="port1", identity=("mac-address", "02:00:00:00:00:aa"), type="ethernet"),
        "eth3": Note(called="lan"),
    }
    assert found == notes_of(COMMITTED)


def test_without_a_committed_state_there_are_none(tmp_path: Path) -> None:
    assert notes.read(str(tmp_path)) == {}
    assert notes.read(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[]", "not what we write there"),
        (b'"', "not what we write there"),
        (b"\xff", "not what we write there"),
        (b'{"state": {}}', "not what we write there"),
        (b'{"version": 1}', "not what we write there"),
        (b'{"version": 1, "state": {"interfaces": [7]}}', "not what we write there"),
        (b'{"version": 1, "state": {"interfaces": [{"name": "a", "description": 7}]}}', "a description of type int"),
        (b'{"version": 2, "state": {}}', "format 2: wanted 1"),
    ],
)
def test_what_we_did_not_write_is_said_and_not_guessed_at(text: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "committed.json").write_bytes(text)
    with pytest.raises(StoreBroken, match=words):
        notes.read(str(tmp_path))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "committed.json").mkdir()
    with pytest.raises(StoreBroken, match="cannot read it: Is a directory"):
        notes.read(str(tmp_path))
