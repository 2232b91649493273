"""What can go wrong above the shared floor, and whose fault it is.

NetworkError (netkernel.errors)
├── InvalidPolicy    the user: every problem of the policy, each with its path; nothing was touched
├── NotSettled       it was done and did not come true: the differences
├── Unreachable      a connectivity check that worked before fails now
├── Busy             another apply runs, or a checkpoint waits for commit or rollback: who holds it
├── StoreBroken      the state directory cannot be written or read: nothing was touched
├── NoWatchdog       nobody would take the change back if we died: nothing was touched
├── NothingPending   there is no checkpoint to commit or roll back
└── Interrupted      a signal ended it

What was rolled back carries `leftovers` (on NetworkError): what is still not as it was; empty when everything is.
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.errors import NetworkError
from netkernel.frozen import Frozen


class Problem(Frozen):
    """One thing wrong with a policy: `bond0: link-aggregation.port: no interface 'eth9'`.

    `path` is what a user would search for (interface name first, then keys); `line` is where it stands in `source`.
    `count` is how many it stands for where not all are listed. `column` counts characters from 1, and `excerpt` shows
    the place with a caret under it, where an expression is wrong.
    """

    path: str
    message: str
    source: str = ""
    line: int | None = None
    count: int = 1
    column: int | None = None
    excerpt: str = ""

    def __str__(self) -> str:
        column = f":{self.column}" if self.line and self.column else ""
        where = f"{self.source}:{self.line}{column}: " if self.line else f"{self.source}: " if self.source else ""
        text = f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"
        return f"{text}\n{self.excerpt}" if self.excerpt else text


class InvalidPolicy(NetworkError):
    """The policy cannot be applied; all of its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotSettled(NetworkError):
    """The host does not look as asked within the time given; one line for each difference."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__("not as asked: " + "; ".join(differences))
        self.differences = tuple(differences)


class Unreachable(NetworkError):
    """A check that worked before the change fails after it; one line for each."""

    def __init__(self, failures: Sequence[str]) -> None:
        super().__init__("no longer reachable: " + "; ".join(failures))
        self.failures = tuple(failures)


class Busy(NetworkError):
    """Somebody else is changing this host's network; the message says who and what to do."""


class StoreBroken(NetworkError):
    """The state directory refuses to keep a promise we must make before touching anything."""


class NoWatchdog(NetworkError):
    """The process that takes a change back when we die did not come up."""


class NothingPending(NetworkError):
    """Commit or rollback without a checkpoint they could mean."""


class Interrupted(NetworkError):
    """SIGINT, SIGTERM or SIGHUP arrived while the host was being changed."""
