"""`nncp pause` and `nncp resume`: what they say, and what they leave for the daemon."""

import time
from pathlib import Path

import pytest

from nncp_agent.node import holds
from nncp_agent.store import Store
from tests.unit.cli.command import nncp as run


def test_a_pause_has_an_end_and_resume_is_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = time.time()
    result = run("pause", "--for", "2h", "--state-dir", str(tmp_path))
    assert result.code == 0
    assert result.err.startswith("paused on this node until 2")
    pause = holds.paused(store, time.time())
    assert pause is not None and pause.until is not None
    assert before + 7200 <= pause.until <= time.time() + 7200
    assert holds.paused(store, pause.until) is None
    assert run("resume", "--state-dir", str(tmp_path)).err == "the pause is over\n"
    assert holds.paused(store, time.time()) is None
    assert run("resume", "--state-dir", str(tmp_path)).err == "policies count again\n"


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1d", 86400), ("45", 45)])
def test_a_time_is_said_in_units(text: str, seconds: float) -> None:
    from nncp_agent.cli.verbs.pause import span_s

    assert span_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "2 hours", "h", "400d", "1e9"])
def test_a_time_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    result = run("pause", "--for", text, "--state-dir", str(tmp_path))
    assert result.code == 2
    assert "wanted a time like 90s, 30m, 2h or 1h30m" in result.err
