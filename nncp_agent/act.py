"""The act: carry out what was decided under the eyes of a watchdog, or leave the host exactly as it was."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.ops import Op
from netkernel.rewind import Remembered, joined
from netkernel.transaction import Kernel, Transaction
from netkernel.undo import undo, way_back
from nncp_agent import checkpoint, history, recovery
from nncp_agent.change import Change
from nncp_agent.checkpoint import Checkpoint, Here, namespace_of, root_of
from nncp_agent.checks.base import Check
from nncp_agent.checks.choice import choose
from nncp_agent.checks.runner import BASELINE_S, answering
from nncp_agent.errors import NotSettled, StoreBroken, Unreachable
from nncp_agent.history import Entry
from nncp_agent.interrupts import Interrupts
from nncp_agent.model import NetworkState
from nncp_agent.options import Options, Outcome, Stopwatch
from nncp_agent.sections.wait_ip import WAIT_S
from nncp_agent.settle import HEARTBEAT_S, READY_S, await_carrier, settle
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_SPARE_S: Final = 120.0
"""Beyond all deadlines of its own: an apply that takes longer hangs, and the watchdog ends it."""
COMES_S: Final = 60.0
"""How long a driver may take to make the interfaces of virtual functions."""


def carry_out(
    change: Change,
    following: NetworkState,
    kernel: Kernel,
    store: Store,
    options: Options,
    here: Here,
    interrupts: Interrupts,
    watch: Stopwatch,
) -> Outcome:
    """Make `change` true and `following` the committed state. Only for the holder of the lock; raises as `apply`."""
    namespace = namespace_of(kernel)
    watch.stage("baseline", "finding out what answers now")
    checks = _answering_now(kernel, change, options, namespace)
    watch.stage("checkpoint")
    back = _WayBack(kernel, way_back(kernel, change.before, change.ops), interrupts)
    point = back.point = _checkpoint(store, options, change, checks, here, back.remembered, root_of(kernel))
    with (
        _on_disk(store, point, following, back, watch),
        options.guard(store, point, namespace),
        Transaction(kernel, back) as transaction,
    ):
        watch.stage("execute", f"executing {len(change.ops)} changes")
        transaction.do(change.ops)
        if change.then is not None:
            change = _continued(change, kernel, store, back, transaction, options, watch)
            point = back.point
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
        self.point: Checkpoint
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
        store.promise(following)
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
                    back.point.entry,
                    outcome=outcome,
                    error=str(error) or type(error).__name__,
                    leftovers=back.leftovers,
                    remembered=back.point.remembered if back.leftovers else history.NOTHING,
                    seconds=watch.seconds,
                ),
            )
        raise


def _continued(
    change: Change,
    kernel: Kernel,
    store: Store,
    back: _WayBack,
    transaction: Transaction,
    options: Options,
    watch: Stopwatch,
) -> Change:
    """Do the rest, once there is what it is about; gives all of it as one change. The way back knows what the rest
    touches, on the disk as well, before it is touched. Raises NotSettled, and as `apply`."""
    watch.stage("functions", "waiting for virtual functions")
    rest = _the_rest(change, kernel, options)
    watch.stage("execute", f"executing {len(rest.ops)} more changes")
    new = rest.before.links.keys() - change.before.links.keys()
    back.remembered = joined(back.remembered, way_back(kernel, rest.before, rest.ops), new)
    entry = back.point.entry
    back.point = msgspec.structs.replace(
        back.point,
        remembered=msgspec.Raw(back.remembered.to_json()),
        entry=msgspec.structs.replace(entry, plan=(*entry.plan, *map(str, rest.ops))),
    )
    if not options.memory_only:
        store.prepare_commit(rest.following, back.point.id)
        store.promise(rest.following)
    checkpoint.write(store, back.point)
    transaction.do(rest.ops)
    return replace(
        rest, before=change.before, ops=(*change.ops, *rest.ops), warnings=change.warnings,
        irreversible=tuple(dict.fromkeys((*change.irreversible, *rest.irreversible))),
    )  # fmt: skip


def _the_rest(change: Change, kernel: Kernel, options: Options) -> Change:
    assert change.then is not None
    clock = _clock(options)
    deadline = clock() + COMES_S
    while True:
        host = kernel.snapshot(change.before.also)
        if isinstance(found := change.then(host), Change):
            return found
        if (left_s := deadline - clock()) <= 0:
            raise NotSettled(found)
        kernel.wait(min(left_s, HEARTBEAT_S))


def _forget(store: Store) -> None:
    """Without hiding the error that brought us here: a checkpoint left over is taken back again, which does nothing."""
    try:
        checkpoint.remove(store)
    except StoreBroken as error:
        log.warning("%s: the next `nncp` will look at it again", error)


def _checkpoint(
    store: Store,
    options: Options,
    change: Change,
    checks: Sequence[Check],
    here: Here,
    remembered: Remembered,
    root: str,
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
    own_s = (COMES_S if change.then else 0) + options.verify_timeout_s + options.check_timeout_s + 2 * READY_S + WAIT_S
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
        root=root,
    )


def _answering_now(kernel: Kernel, change: Change, options: Options, namespace: str | None) -> tuple[Check, ...]:
    """What answers before the change and so must answer after it."""
    chosen: tuple[Check, ...] = ()
    if options.check:
        before, target = change.before, change.target
        servers = partial(_text, os.path.join(root_of(kernel), options.resolv_conf.lstrip("/")))
        chosen = choose(
            before, target, change.asked, kernel.snapshot, servers, namespace,
            gateways=options.gateways, servers=options.name_servers,
        )  # fmt: skip
    candidates = (*chosen, *options.checks)
    good = answering(candidates, BASELINE_S, hopeful=False)
    for check in candidates:
        if check not in good:
            log.warning("%s does not answer now, so it will not be asked afterwards", check.describe())
    return good


def _text(path: str) -> str:
    """Of a file that may not be there."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _settled(kernel: Kernel, change: Change, options: Options, watch: Stopwatch) -> None:
    if options.verify:
        watch.stage("verify", "verifying")
        try:
            settle(change, kernel, change.differences, options.verify_timeout_s, _clock(options), change.awaited)
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
    await_carrier(change, kernel, clock=_clock(options))
    watch.stage("checks", "asking again: " + ", ".join(check.describe() for check in checks))
    good = answering(checks, options.check_timeout_s, clock=_clock(options, time.monotonic))
    if lost := [check.describe() for check in checks if check not in good]:
        raise Unreachable([f"{name}, within {options.check_timeout_s:g} s" for name in lost])


def _clock(options: Options, clock: Callable[[], float] | None = None) -> Callable[[], float]:
    """A clock that is looked at by who waits, and so the moment to ask whether anybody wants it still."""
    tells = clock or options.clock

    def told() -> float:
        options.still_wanted()
        return tells()

    return told


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
