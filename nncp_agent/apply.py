"""The act: make the host look like a policy, or leave it exactly as it was."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.rewind import Remembered, remember
from netkernel.transaction import Kernel, Transaction
from netkernel.undo import undo
from nncp_agent import checkpoint, history, lock, recovery
from nncp_agent.back import back_to
from nncp_agent.change import Change
from nncp_agent.checkpoint import Checkpoint, Here, namespace_of
from nncp_agent.checks.base import Check
from nncp_agent.checks.choice import choose
from nncp_agent.checks.runner import BASELINE_S, answering
from nncp_agent.committed import commit as committed_after
from nncp_agent.errors import NotSettled, StoreBroken, Unreachable
from nncp_agent.history import Entry
from nncp_agent.interrupts import Interrupts, as_exceptions
from nncp_agent.model import NetworkState
from nncp_agent.options import Options, Outcome, Stopwatch
from nncp_agent.pending import commit, rollback
from nncp_agent.plan import decide
from nncp_agent.settle import READY_S, await_carrier, settle
from nncp_agent.store import Store, document
from nncp_agent.verify import differences

__all__ = ["Options", "Outcome", "apply", "commit", "go_back", "rollback"]

log = logging.getLogger(__name__)

_SPARE_S: Final = 120.0
"""Beyond all deadlines of its own: an apply that takes longer hangs, and the watchdog ends it."""


def apply(desired: NetworkState, kernel: Kernel, store: Store, *, options: Options | None = None) -> Outcome:
    """Make the host look like `desired`, or leave it as it was.

    Raises InvalidPolicy, Busy, StoreBroken and NoWatchdog before anything is touched; KernelRefused, NotSettled,
    Unreachable and Interrupted after everything was taken back, with what could not be in their `leftovers`.
    """

    def planned(before: Host, committed: NetworkState, options: Options) -> Change:
        decision = decide(desired, before, committed, refusals=options.refusals)
        return Change(
            before=before,
            target=decision.target,
            ops=decision.ops,
            asked=decision.desired,
            following=committed_after(committed, decision.desired),
            differences=partial(differences, decision),
            warnings=decision.warnings,
            irreversible=decision.irreversible,
        )

    return _perform(planned, kernel, store, options or Options())


def go_back(number: int, kernel: Kernel, store: Store, *, options: Options | None = None) -> Outcome:
    """Take back every apply after `number` (0 is before the first), or leave the host as it is.

    Raises NetworkError when the history does not reach back that far, before anything is touched; else as `apply`.
    """

    def planned(before: Host, committed: NetworkState, options: Options) -> Change:
        return back_to(store, number, before)

    return _perform(planned, kernel, store, options or Options())


def _perform(
    planned: Callable[[Host, NetworkState, Options], Change], kernel: Kernel, store: Store, options: Options
) -> Outcome:
    watch, namespace = Stopwatch(options), namespace_of(kernel)
    watch.stage("lock")
    with as_exceptions() as interrupts, lock.held(store, options.command, options.lock_timeout_s):
        here = Here.find(namespace)
        recovery.put_right(store, lambda: nullcontext(kernel), here)
        watch.stage("plan", "planning")
        before, committed = kernel.snapshot(), store.committed()
        change = planned(before, committed, options)
        following = committed if options.memory_only else change.following
        if not change.ops:
            return _nothing_to_do(store, options, change, committed, following)
        watch.stage("baseline", "finding out what answers now")
        checks = _answering_now(kernel, change, options, namespace)
        watch.stage("checkpoint")
        back = _WayBack(kernel, remember(before, change.ops), interrupts)
        point = _checkpoint(store, options, change, checks, here, back.remembered)
        with (
            _on_disk(store, point, following, back, watch),
            options.guard(store, point, namespace),
            Transaction(kernel, back) as transaction,
        ):
            watch.stage("execute", f"executing {len(change.ops)} changes")
            transaction.do(change.ops)
            _settled(kernel, change, options, watch)
            _still_answering(kernel, checks, change, options, watch)
            interrupts.ignore()
            point = _kept(store, point, options, watch)
        return _outcome(store, point, options, change)


class _WayBack:
    """Undo for a Transaction, and how far it came."""

    def __init__(self, kernel: Kernel, remembered: Remembered, interrupts: Interrupts) -> None:
        self._kernel = kernel
        self._interrupts = interrupts
        self.remembered = remembered
        self.began = self.ended = False
        self.leftovers: tuple[str, ...] = (
            "taking it back did not come to its end: the watchdog or the next `nncp` goes on with it",
        )

    def __call__(self, ops: Sequence[Op]) -> tuple[str, ...]:
        self._interrupts.ignore()
        self.began = True
        self.leftovers = undo(self._kernel, self.remembered)
        self.ended = True
        return self.leftovers


@contextmanager
def _on_disk(
    store: Store, point: Checkpoint, following: NetworkState, back: _WayBack, watch: Stopwatch
) -> Iterator[None]:
    """The checkpoint is on the disk before the block and stays there after it, unless everything was taken back."""
    try:
        store.prepare_commit(following, point.id)
        checkpoint.write(store, point)
        yield
    except BaseException as error:
        watch.stage("")
        if isinstance(error, NetworkError) and back.began:
            error.leftovers = back.leftovers
        if back.ended or not back.began:
            _forget(store)
        if back.ended:
            outcome = history.NOT_UNDONE if back.leftovers else history.ROLLED_BACK
            recovery.record(
                store,
                msgspec.structs.replace(
                    point.entry,
                    outcome=outcome,
                    error=str(error) or type(error).__name__,
                    leftovers=back.leftovers,
                    remembered=point.remembered if back.leftovers else history.NOTHING,
                    seconds=watch.seconds,
                ),
            )
        raise


def _forget(store: Store) -> None:
    """Without hiding the error that brought us here: a checkpoint left over is taken back again, which does nothing."""
    try:
        checkpoint.remove(store)
    except StoreBroken as error:
        log.warning("%s: the next `nncp` will look at it again", error)


def _checkpoint(
    store: Store, options: Options, change: Change, checks: Sequence[Check], here: Here, remembered: Remembered
) -> Checkpoint:
    entry = Entry(
        number=history.next_number(store),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        command=options.command,
        policies=options.policies,
        plan=tuple(map(str, change.ops)),
        warnings=tuple(map(str, change.warnings)),
        checks=tuple(check.describe() for check in checks),
    )
    own_s = options.verify_timeout_s + options.check_timeout_s + 2 * READY_S
    return Checkpoint(
        id=checkpoint.new_id(),
        boot=here.boot,
        namespace=here.namespace,
        pid=os.getpid(),
        deadline_s=checkpoint.now_s() + own_s + _SPARE_S,
        remembered=msgspec.Raw(remembered.to_json()),
        entry=entry,
        memory_only=options.memory_only,
        record=options.record,
    )


def _answering_now(kernel: Kernel, change: Change, options: Options, namespace: str | None) -> tuple[Check, ...]:
    """What answers before the change and so must answer after it."""
    try:
        servers = Path(options.resolv_conf).read_text(errors="replace")
    except OSError:
        servers = ""
    chosen: tuple[Check, ...] = ()
    if options.check:
        before, target = change.before, change.target
        chosen = choose(before, target, change.asked, kernel.snapshot, servers, namespace)
    candidates = (*chosen, *options.checks)
    good = answering(candidates, BASELINE_S)
    for check in candidates:
        if check not in good:
            log.warning("%s does not answer now, so it will not be asked afterwards", check.describe())
    return good


def _settled(kernel: Kernel, change: Change, options: Options, watch: Stopwatch) -> None:
    if options.verify:
        watch.stage("verify", "verifying")
        try:
            settle(change, kernel, change.differences, options.verify_timeout_s, options.clock)
        except NotSettled as error:
            if not options.keep_unsettled:
                raise
            log.warning("%s", error)


def _still_answering(
    kernel: Kernel, checks: Sequence[Check], change: Change, options: Options, watch: Stopwatch
) -> None:
    if not checks:
        return
    watch.stage("carrier", "waiting for carrier")
    await_carrier(change, kernel, clock=options.clock)
    watch.stage("checks", "asking again: " + ", ".join(check.describe() for check in checks))
    good = answering(checks, options.check_timeout_s)
    if lost := [check.describe() for check in checks if check not in good]:
        raise Unreachable([f"{name}, within {options.check_timeout_s:g} s" for name in lost])


def _kept(store: Store, point: Checkpoint, options: Options, watch: Stopwatch) -> Checkpoint:
    """The commit point, or the beginning of the wait for it."""
    watch.stage("")
    point = msgspec.structs.replace(point, entry=msgspec.structs.replace(point.entry, seconds=watch.seconds))
    if options.commit:
        store.commit(point.id)
        return point
    point = msgspec.structs.replace(point, stage="pending", deadline_s=checkpoint.now_s() + options.timeout_s)
    checkpoint.write(store, point)
    return point


def _outcome(store: Store, point: Checkpoint, options: Options, change: Change) -> Outcome:
    """Nothing here may fail any more: what happened has happened."""
    if options.commit:
        try:
            recovery.finish(store, point)
        except StoreBroken as error:
            log.warning("%s: committed; the next `nncp` tidies up", error)
    elif options.record:
        recovery.record(store, msgspec.structs.replace(point.entry, outcome=history.PENDING))
    return Outcome(
        ops=change.ops,
        warnings=change.warnings,
        irreversible=change.irreversible,
        checks=point.entry.checks,
        committed=options.commit and not options.memory_only,
        checkpoint=None if options.commit else point.id,
        history=point.entry.number if options.record else 0,
        seconds=point.entry.seconds,
    )


def _nothing_to_do(
    store: Store, options: Options, change: Change, committed: NetworkState, following: NetworkState
) -> Outcome:
    """The host is as wanted. What is committed may still change: from now on it is wanted, also after a restart."""
    outcome = Outcome(warnings=change.warnings, irreversible=change.irreversible, committed=options.commit)
    if following == committed or not options.commit:
        return outcome
    number = history.next_number(store)
    store.save_committed(following)
    entry = Entry(
        number=number,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        command=options.command,
        policies=options.policies,
        warnings=tuple(map(str, change.warnings)),
        outcome=history.COMMITTED,
        committed=document(following),
    )
    recovery.record(store, entry)
    return replace(outcome, history=number)
