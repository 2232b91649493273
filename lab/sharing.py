"""What several pytest processes that run one selection together tell each other and their runner."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest


class Share:
    """One of several processes that run a selection together; none of them runs a test that another has claimed."""

    def __init__(self, directory: Path, start: float) -> None:
        self._directory = directory
        self._start = start

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """pytest's own loop, with claims. One is claimed ahead: pytest tears down what the next test does not need."""
        if session.config.option.collectonly or (
            session.testsfailed and not session.config.option.continue_on_collection_errors
        ):
            return None
        claimed = self._claimed(session.items)
        item = next(claimed, None)
        while item is not None:
            following = next(claimed, None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = following
        return True

    def _claimed(self, items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
        """From our own place once around; every process numbers the tests alike."""
        first = int(len(items) * self._start)
        for number in (*range(first, len(items)), *range(first)):
            with suppress(FileExistsError):
                (self._directory / str(number)).mkdir()
                yield items[number]


class Progress:
    """Tells the runner what began and how it ended, so that a kernel's death takes no test along unnoticed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._outcomes: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._outcomes = []
        self._tell(item.nodeid, "began")
        result = yield
        self._tell(item.nodeid, worst(self._outcomes))
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if word := category(report):
            self._outcomes.append(word)

    def _tell(self, node: str, what: str) -> None:
        """Opened anew each time: closing is what brings a guest's words through its page cache to the host."""
        with self._file.open("a") as stream:
            stream.write(json.dumps([node, what]) + "\n")


def category(report: pytest.TestReport) -> str:
    """The word pytest's own closing line would count this report under; empty when it counts none."""
    if report.failed:
        return "failed" if report.when == "call" else "errors"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" else ""


def worst(outcomes: list[str]) -> str:
    """One word per test, the one a reader must know: an error in tear-down outweighs that the test passed."""
    for word in ("errors", "failed", "skipped", "xfailed", "xpassed"):
        if word in outcomes:
            return word
    return "passed" if outcomes else "errors"
