"""How to apply, and what came of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from netkernel.frozen import Frozen
from netkernel.ops import Op
from netkernel.records import Attrs
from nncp_agent import lock
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.errors import Problem
from nncp_agent.held import Holders, nobody
from nncp_agent.managers import LinkFiles, no_files
from nncp_agent.plan import nothing_refused
from nncp_agent.settle import VERIFY_S
from nncp_agent.store import Store

if TYPE_CHECKING:  # checks need much of the standard library, and most applies find nothing to do
    from nncp_agent.checks.base import Check

log = logging.getLogger(__name__)

CHECK_S: Final = 120.0
"""How long checks may take: LACP and spanning tree may need most of it before the first frame passes."""
RESOLV_CONF: Final = "/etc/resolv.conf"
PENDING_S: Final = 60.0
"""How long an uncommitted change waits for its commit (nmstate's default, nmstate.md 5.6)."""

Guard = Callable[[Store, Checkpoint, str | None], AbstractContextManager[None]]


def _guarding(store: Store, point: Checkpoint, namespace: str | None) -> AbstractContextManager[None]:
    from nncp_agent.watchdog.start import guarding  # late: most applies find nothing to do

    return guarding(store, point, namespace)


def _wanted() -> None:
    """Whoever asked for it waits for it."""


class Options(Frozen, kw_only=True):
    """How to apply. Times are in seconds; `checks` are those a user added to the gateways and name servers.

    `still_wanted` is called while waiting and raises Interrupted when nobody wants the change any more; it goes back.
    `refusals` asks the kernel what it would refuse (`netkernel.probe.refusals`), `holders` which links other managers
    hold, `link_files` what udev goes by (`nncp_agent.managers`); with `claim` links are taken over. `progress` gets one
    line for each stage as it begins. `keep_unsettled` reports what did not come true and keeps the rest. The last three
    are seams.
    """

    verify: bool = True
    commit: bool = True
    check: bool = True
    gateways: bool = True  # of what is checked
    name_servers: bool = True  # likewise
    memory_only: bool = False
    timeout_s: float = PENDING_S
    verify_timeout_s: float = VERIFY_S
    check_timeout_s: float = CHECK_S
    lock_timeout_s: float = lock.PATIENCE_S
    checks: Sequence[Check] = ()
    command: str = "nncp"
    policies: tuple[str, ...] = ()
    record: bool = True  # in the history
    keep_unsettled: bool = False
    refusals: Callable[[str, Attrs], Mapping[str, str]] = nothing_refused
    holders: Holders = nobody
    link_files: LinkFiles = no_files
    claim: bool = False
    still_wanted: Callable[[], None] = _wanted
    progress: Callable[[str], None] = log.info
    guard: Guard = _guarding
    clock: Callable[[], float] = time.monotonic
    resolv_conf: str = RESOLV_CONF


class Outcome(Frozen, kw_only=True):
    """What an apply did. `checkpoint` is set while it waits for a commit; `history` is its number there, 0 for none.

    `checks` says what answered before and after; `seconds` how long each stage took.
    """

    ops: tuple[Op, ...] = ()
    warnings: tuple[Problem, ...] = ()
    irreversible: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    committed: bool = False
    checkpoint: str | None = None
    history: int = 0
    seconds: Mapping[str, float] = {}


class Stopwatch:
    """Seconds by stage; each stage ends where the next begins."""

    def __init__(self, options: Options) -> None:
        self._clock = options.clock
        self._progress = options.progress
        self._began = self._clock()
        self._stage = ""
        self.seconds: dict[str, float] = {}

    def stage(self, name: str, line: str = "") -> None:
        """Begin stage `name` and tell `line` to whoever watches."""
        now = self._clock()
        if self._stage:
            self.seconds[self._stage] = round(now - self._began, 4)
        self._stage, self._began = name, now
        if line:
            self._progress(line)
