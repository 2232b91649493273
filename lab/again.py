"""Failures asked once more, by themselves: a suite of real kernels, machines and guests on two cores has bad moments.

Who passes then is named as unsteady in the last lines, with what it said the first time above: a test to mend, not
one to trust. What fails twice has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

MOST: Final = 5
"""More failures than that are no bad moment."""
FAILED: Final = ("failed", "errors")


def worth_asking(status: int, found: Mapping[str, str]) -> tuple[str, ...]:
    """The tests to ask again; none where all is well, or where more is wrong than a few tests."""
    failed = tuple(sorted(node for node, what in found.items() if what in FAILED))
    unfinished = "began" in found.values()
    return failed if status == 1 and not unfinished and len(failed) <= MOST else ()


def ask(failed: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Runs them by themselves, says what became of them, gives the exit status of the whole."""
    print(f"lab: {len(failed)} failed among all; once more, by themselves", flush=True)
    if status := run(failed):
        return status
    for node in failed:
        print(f"lab: UNSTEADY, failed among all and passed by itself: {node}")
    return 0
