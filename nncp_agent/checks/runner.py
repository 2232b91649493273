"""Run checks at the same time, in one thread, until each was answered or the time is over."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from typing import Final, cast

from nncp_agent.checks.base import Check, Probe, Question

BASELINE_S: Final = 2.0
AGAIN_S: Final = 1.0
"""How long a question waits for its answer before it is asked again."""


def answering(
    checks: Sequence[Check],
    timeout_s: float,
    *,
    again_s: float = AGAIN_S,
    hopeful: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Check, ...]:
    """Those of `checks` that were answered within `timeout_s`; returns as soon as all were.

    Who is not `hopeful` does not wait either once no question is on its way: nothing can be asked now, or all were
    turned away.
    """
    deadline = clock() + timeout_s
    good = _answered([check for check in checks if isinstance(check, Probe)], deadline, again_s, hopeful, clock)
    for check in checks:
        # one that cannot share a selector has at least a moment of its own
        if not isinstance(check, Probe) and check.try_once(max(deadline - clock(), min(again_s, timeout_s))):
            good.add(id(check))
    return tuple(check for check in checks if id(check) in good)


def _answered(
    probes: Iterable[Probe], deadline: float, again_s: float, hopeful: bool, clock: Callable[[], float]
) -> set[int]:
    waiting = {id(probe): probe for probe in probes}
    good: set[int] = set()
    while waiting and clock() < deadline:
        end = min(deadline, clock() + again_s)
        good |= _one_round(waiting, end, hopeful, clock)
        if not hopeful and clock() < end:
            break
        waiting = {key: probe for key, probe in waiting.items() if key not in good}
    return good


def _one_round(waiting: dict[int, Probe], deadline: float, hopeful: bool, clock: Callable[[], float]) -> set[int]:
    """Ask each once. Without an answer the round lasts until its deadline: asking faster would only be louder."""
    good: set[int] = set()
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        for key, probe in waiting.items():
            for question in _ask(probe):
                opened.enter_context(closing(question))
                selector.register(question, question.events, key)
        while len(good) < len(waiting) and (left_s := deadline - clock()) > 0:
            if not hopeful and not selector.get_map():
                break
            for ready, _ in selector.select(left_s):
                match (news := cast(Question, ready.fileobj)).answered():
                    case True:
                        good.add(ready.data)
                        selector.unregister(news)
                    case False:
                        selector.unregister(news)
    return good


def _ask(probe: Probe) -> Sequence[Question]:
    try:
        return probe.ask()
    except OSError:  # no route now, an address still tentative: the next round tells
        return ()
