"""The state as a file: whole or not there, of an age that says whether somebody watches, written when it can be."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from netkernel.documents import Unreadable
from nncp_agent.node_state import sink
from nncp_agent.node_state.sink import StateFile, found
from nncp_agent.objects import node_state as ns

ABOUT = ns.About(node="n1")
NOW = "2026-01-02T03:04:05Z"


def an_object(name: str) -> dict[str, object]:
    return ns.node_state(ABOUT, {"interfaces": [{"name": name}]}, NOW)


def test_what_is_told_can_be_read(tmp_path: Path) -> None:
    StateFile(tmp_path / "run", lambda: ABOUT).tell(an_object("eth0"))
    read = found(tmp_path / "run", time.time())
    assert read is not None and read.object == an_object("eth0")
    assert read.state == {"interfaces": [{"name": "eth0"}]}
    assert read.is_fresh
    assert os.listdir(tmp_path / "run") == ["state.yaml"]


def test_a_name_of_any_bytes_does_not_spoil_the_file(tmp_path: Path) -> None:
    StateFile(tmp_path, lambda: ABOUT).tell(an_object("a\udcff\u2028: b"))
    read = found(tmp_path, time.time())
    assert read is not None and read.state == {"interfaces": [{"name": "a\\xff\u2028: b"}]}


def test_a_beat_makes_it_young_again_and_an_old_one_is_not_fresh(tmp_path: Path) -> None:
    file = StateFile(tmp_path, lambda: ABOUT)
    file.tell(an_object("eth0"))
    os.utime(tmp_path / sink.NAME, (1000, 1000))
    old = found(tmp_path, 1000 + sink.FRESH_S + 1)
    assert old is not None and not old.is_fresh
    file.beat()
    young = found(tmp_path, time.time())
    assert young is not None and young.is_fresh and young.object == an_object("eth0")


def test_one_that_was_taken_away_is_asked_for(tmp_path: Path) -> None:
    asked = []
    file = StateFile(tmp_path, lambda: ABOUT)
    file.start(lambda: asked.append(True))
    file.tell(an_object("eth0"))
    (tmp_path / sink.NAME).unlink()
    file.beat()
    assert asked == [True]


def test_what_cannot_be_written_is_said_once_and_written_with_a_later_beat(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").write_text("in the way")
    file = StateFile(tmp_path / "run", lambda: ABOUT)
    with caplog.at_level(logging.ERROR):
        file.tell(an_object("eth0"))
        file.beat()
        file.tell(an_object("eth1"))
    assert len(caplog.messages) == 1
    (tmp_path / "run").unlink()
    file.beat()
    read = found(tmp_path / "run", time.time())
    assert read is not None and read.object == an_object("eth1")


def test_no_file_is_no_state_and_nonsense_is_said(tmp_path: Path) -> None:
    assert found(tmp_path, time.time()) is None
    (tmp_path / sink.NAME).write_text("- 1\n")
    with pytest.raises(Unreadable, match="no NodeNetworkState"):
        found(tmp_path, time.time())


def test_what_stands_there_is_what_this_process_said_and_no_other(tmp_path: Path) -> None:
    StateFile(tmp_path, lambda: ABOUT).tell(an_object("eth0"))
    file = StateFile(tmp_path, lambda: ABOUT)
    assert file.published() is None
    file.tell(an_object("eth1"))
    assert file.published() == an_object("eth1")
    (tmp_path / sink.NAME).unlink()
    assert file.published() is None
