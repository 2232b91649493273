"""At boot: the committed state, part by part, with the links that exist; late ones join when they appear."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.transaction import Kernel
from nncp_agent import lock, recovery
from nncp_agent.apply import apply
from nncp_agent.checkpoint import Here, namespace_of
from nncp_agent.components import components, needed, possible
from nncp_agent.errors import StoreBroken
from nncp_agent.model import NetworkState, stated
from nncp_agent.options import Options, Outcome
from nncp_agent.settle import HEARTBEAT_S, awaiting_carrier
from nncp_agent.store import Store

log = logging.getLogger(__name__)

COMMAND_LINE: Final = "/proc/cmdline"
OFF: Final = "nncp=off"
MEMORY: Final = "/run"
_LOOKS: Final = 3


class Restored(Frozen, kw_only=True):
    """What came of it. `missing` are the links that did not appear in time; `failures` by the part's interfaces."""

    outcomes: tuple[Outcome, ...] = ()
    failures: tuple[tuple[str, NetworkError], ...] = ()
    missing: frozenset[str] = frozenset()
    skipped: bool = False


def restore(
    store: Store,
    kernel: Kernel,
    *,
    options: Options | None = None,
    wait_s: float = 0.0,
    command_line: str = COMMAND_LINE,
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[Outcome], None] = lambda outcome: None,
    memory: str = MEMORY,
) -> Restored:
    """Take back what was left half-way, then make the host look as committed; wait `wait_s` for links that are late,
    and for the carrier of what stands on links that have it.

    `tell` hears of each part as it comes back. A full or read-only disk does not cost the node its network: the way
    back is then kept below `memory`. Raises Busy, and StoreBroken when it cannot be read what was committed; what goes
    wrong in one part is in `failures` and costs the others nothing.
    """
    options = replace(
        options or Options(command="nncp restore"), check=False, memory_only=True, record=False, keep_unsettled=True
    )
    if OFF in Path(command_line).read_text(errors="replace").split():
        log.warning("not restoring: the kernel was started with %s", OFF)
        return Restored(skipped=True)
    broken = _put_right(store, kernel, options)
    committed = store.committed()
    if broken:
        if committed == NetworkState():
            raise broken
        log.error("%s", broken)
    with ExitStack() as spares:

        def spare() -> Store:
            return spares.enter_context(_in_memory(committed, memory))

        parts = _Parts(kernel, spare() if broken else store, spare, options, components(committed), tell)
        deadline = clock() + wait_s
        parts.restore()
        if parts.missing and wait_s:
            log.warning("%s: not there; waiting %g s", ", ".join(sorted(parts.missing)), wait_s)
        while (parts.missing or parts.dark) and (left_s := deadline - clock()) > 0:
            kernel.wait(min(left_s, HEARTBEAT_S))
            parts.restore()
    for name in sorted(parts.missing):
        log.warning("%s: not there", name)
    return Restored(outcomes=tuple(parts.outcomes), failures=tuple(parts.failures.items()), missing=parts.missing)


def _put_right(store: Store, kernel: Kernel, options: Options) -> StoreBroken | None:
    """End what an earlier apply left; gives why that cannot be seen or written down. Raises Busy."""
    try:
        with lock.held(store, options.command, options.lock_timeout_s):
            recovery.put_right(store, lambda: nullcontext(kernel), Here.find(namespace_of(kernel)))
            store.keep_promises()
    except StoreBroken as error:
        return error
    return None


@contextmanager
def _in_memory(committed: NetworkState, memory: str) -> Iterator[Store]:
    """A state directory for as long as this takes: what it keeps is of no use after a restart."""
    from tempfile import TemporaryDirectory  # late: hardly ever needed

    with TemporaryDirectory(prefix="nncp-restore-", dir=memory) as directory:
        log.warning("keeping the way back in %s", directory)
        store = Store(directory)
        store.save_committed(committed)
        yield store


class _Begun(Frozen):
    """The host as it was when restoring began: who had carrier then is expected to get it again."""

    before: Host
    ops: tuple[Op, ...] = ()


class _Parts:
    """The parts of the committed state, and what each lacked when it was last tried."""

    def __init__(
        self,
        kernel: Kernel,
        store: Store,
        spare: Callable[[], Store],
        options: Options,
        parts: tuple[NetworkState, ...],
        tell: Callable[[Outcome], None],
    ) -> None:
        self._kernel = kernel
        self._store = store
        self._spare = spare
        self._options = options
        self._parts = parts
        self._needed = needed(parts)
        self._tell = tell
        self._lacked: dict[int, frozenset[str]] = {}
        self._begun = _Begun(before=kernel.snapshot())
        self.dark: tuple[str, ...] = ()
        self.outcomes: list[Outcome] = []
        self.failures: dict[str, NetworkError] = {}

    @property
    def missing(self) -> frozenset[str]:
        """Every link that some part lacked."""
        return frozenset().union(*self._lacked.values())

    def restore(self) -> None:
        """Try each part that was not tried yet or no longer lacks what it lacked then."""
        host = self._kernel.snapshot(self._needed)
        for number, part in enumerate(self._parts):
            now_possible, lacking = possible(part, host)
            if self._lacked.get(number) == lacking:
                continue
            self._lacked[number] = lacking
            if now_possible not in (NetworkState(), NetworkState(interfaces=())):
                self._apply(now_possible, _name(part))
        names = [each.name for part in self._parts for each in part.interfaces or ()]
        self.dark = awaiting_carrier(self._begun, self._kernel.snapshot(), names)

    def _apply(self, part: NetworkState, name: str) -> None:
        try:
            outcome = self._applied(part)
        except NetworkError as error:
            log.error("%s: not restored: %s", name, error)
            self.failures[name] = error
            return
        self.failures.pop(name, None)
        self.outcomes.append(outcome)
        self._tell(outcome)

    def _applied(self, part: NetworkState) -> Outcome:
        try:
            return self._looked_at(part)
        except StoreBroken as error:
            log.error("%s", error)
            self._store = self._spare()
            return self._looked_at(part)

    def _looked_at(self, part: NetworkState) -> Outcome:
        """At boot others, too, move the host after it was observed (drivers, udev): a refusal is worth another look."""
        for _ in range(_LOOKS - 1):
            try:
                return apply(part, self._kernel, self._store, options=self._options)
            except KernelRefused as error:
                log.warning("%s: looking again", error)
        return apply(part, self._kernel, self._store, options=self._options)


def _name(part: NetworkState) -> str:
    names = ", ".join(interface.name for interface in part.interfaces or ())
    return names or next(iter(stated(part))).replace("_", "-")
