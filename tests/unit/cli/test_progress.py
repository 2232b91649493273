"""The line that says what a long command is doing."""

import io
from collections.abc import Iterator

from nncp_agent.cli.progress import CLEAR, Progress, shown_on


def test_it_appears_with_the_first_tick_and_goes_before_the_next_stage() -> None:
    written: list[str] = []
    clock: Iterator[float] = iter([0.0, 0.0, 2.0, 3.0, 3.0])
    progress = Progress(written.append, lambda: next(clock))
    progress.tick()
    progress.stage("verifying")
    assert written == []
    progress.tick()
    progress.tick()
    assert written == [f"{CLEAR}… verifying, 2 s", f"{CLEAR}… verifying, 3 s"]
    progress.stage("waiting for carrier")
    progress.clear()
    assert written[2:] == [CLEAR]


def test_nothing_is_shown_where_nobody_looks() -> None:
    stream = io.StringIO()
    with shown_on(stream) as progress:
        progress.stage("verifying")
        progress.tick()
    assert stream.getvalue() == ""
