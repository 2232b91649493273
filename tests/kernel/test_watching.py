"""What the watcher tells when looking fails, and when somebody doubts what is published."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from netkernel.errors import AnswerLost
from netkernel.host import Host
from nncp_agent.node_state.watcher import Watcher
from nncp_agent.objects import conditions, node_state
from nncp_agent.objects.node_state import About
from tests.fake_kernel import FakeKernel
from tests.strategies import bare

LONG_S = 40.0


class Kernel(FakeKernel):
    """Says nothing while `is_silent`."""

    is_silent = False

    def overview(self, protocols: object, also: object = ()) -> Host:
        if self.is_silent:
            raise AnswerLost("the kernel gave no answer")
        return self.snapshot()


class Store:
    """A publisher that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.beats = 0
        self.standing: Mapping[str, Any] | None = None
        self.refresh: Callable[[], None] = lambda: None
        self._news = threading.Condition()

    def start(self, refresh: Callable[[], None]) -> None:
        self.refresh = refresh

    def stop(self) -> None: ...

    def about(self) -> About:
        return About(node="n1")

    def published(self) -> Mapping[str, Any] | None:
        return self.standing

    def tell(self, state: dict[str, Any]) -> None:
        with self._news:
            self.told.append(state)
            self.standing = state
            self._news.notify_all()

    def beat(self) -> None:
        with self._news:
            self.beats += 1
            self._news.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(holds, LONG_S)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(bare())


@pytest.fixture
def store() -> Store:
    return Store()


def watcher(store: Store, kernel: Kernel, folder: Path) -> Watcher:
    def opened() -> AbstractContextManager[Kernel]:
        return nullcontext(kernel)

    return Watcher(store, opened, str(folder))


@pytest.mark.usefixtures("netns")
def test_a_kernel_that_says_nothing_is_told_of_with_what_was_seen_last_and_asked_again(
    store: Store, kernel: Kernel, tmp_path: Path
) -> None:
    watching = watcher(store, kernel, tmp_path)
    watching.start()
    try:
        store.until(lambda: len(store.told) == 1)
        seen = store.told[0]["status"]["currentState"]
        kernel.is_silent = True
        watching.applied()
        store.until(lambda: len(store.told) == 2)
        failing = store.told[1]
        assert conditions.status(node_state.conditions_of(failing), "Failing") == "True"
        assert failing["status"]["currentState"] == seen
        kernel.is_silent = False
        store.until(lambda: len(store.told) == 3)
        assert conditions.status(node_state.conditions_of(store.told[2]), "Failing") == "False"
        assert (
            store.told[2]["status"]["lastSuccessfulUpdateTime"] == store.told[0]["status"]["lastSuccessfulUpdateTime"]
        )
    finally:
        watching.stop()


@pytest.mark.usefixtures("netns")
def test_who_doubts_what_is_published_has_it_compared_and_written_if_it_is_another(
    store: Store, kernel: Kernel, tmp_path: Path
) -> None:
    watching = watcher(store, kernel, tmp_path)
    watching.start()
    try:
        store.until(lambda: len(store.told) == 1)
        store.refresh()
        store.until(lambda: store.beats == 1)
        assert len(store.told) == 1
        store.standing = None
        store.refresh()
        store.until(lambda: len(store.told) == 2)
        assert node_state.says_the_same(*store.told)
    finally:
        watching.stop()
