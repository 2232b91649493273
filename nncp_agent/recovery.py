"""The end of a checkpoint that its own apply did not bring to an end: finished, taken back, or left to others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import msgspec

from netkernel.errors import NetworkError
from netkernel.transaction import Kernel
from nncp_agent import checkpoint, history
from nncp_agent.checkpoint import Checkpoint, Here, Standing
from nncp_agent.errors import StoreBroken
from nncp_agent.files import COMMITTED
from nncp_agent.store import Committed, Store

if TYPE_CHECKING:
    from netkernel.rewind import Remembered

log = logging.getLogger(__name__)

OpenKernel = Callable[[], AbstractContextManager[Kernel]]


def put_right(store: Store, open_kernel: OpenKernel, here: Here, why: str = "the process that applied it died") -> None:
    """End whatever checkpoint is in the store, as far as nobody else has to decide. Only for the holder of the lock.

    Raises Busy for one that waits for commit or rollback and for one of another network namespace, StoreBroken.
    """
    found = checkpoint.read(store)
    if found is None:
        return
    match standing := checkpoint.standing(found, here, store.committed_by()):
        case Standing.COMMITTED:
            finish(store, found)
        case Standing.GONE:
            log.info("checkpoint %s is of an earlier boot: only files can be left of it to take back", found.id)
            left = _files(found, open_kernel)
            _end(store, found, history.GONE, "the machine was restarted before it was committed", left)
        case Standing.INTERRUPTED | Standing.OVERDUE:
            with open_kernel() as kernel:
                take_back(
                    store, kernel, found, why if standing is Standing.INTERRUPTED else "nobody committed it in time"
                )
        case Standing.PENDING | Standing.ELSEWHERE:
            raise checkpoint.refusal(found, here, standing)


def _files(found: Checkpoint, open_kernel: OpenKernel) -> tuple[str, ...]:
    """Put back what outlives a restart of the machine; gives what is not as it was."""
    from netkernel.undo import undo  # late, as below

    try:
        lasting = remembered(found).lasting()
    except StoreBroken as error:  # at boot that must not cost the host its network
        return (str(error),)
    if not lasting.host.files:
        return ()
    with open_kernel() as kernel:
        return undo(kernel, lasting)


def take_back(store: Store, kernel: Kernel, found: Checkpoint, why: str) -> tuple[str, ...]:
    """Put the host back as `found` remembers it; gives what is not as it was. Only for the holder of the lock.

    Raises NetworkError when not even that could be tried to the end; then the checkpoint stays for the next one.
    """
    from netkernel.undo import undo  # late: nearly always there is nothing to take back

    log.warning("rolling back checkpoint %s: %s", found.id, why)
    leftovers = undo(kernel, remembered(found))
    for line in leftovers:
        log.error("not as it was: %s", line)
    _end(store, found, history.NOT_UNDONE if leftovers else history.ROLLED_BACK, why, leftovers)
    return leftovers


def finish(store: Store, found: Checkpoint) -> None:
    """After the commit point: write the history and forget the checkpoint. Raises StoreBroken."""
    committed = None if found.memory_only else store.read_as(COMMITTED, Committed)
    entry = msgspec.structs.replace(
        found.entry,
        outcome=history.MEMORY_ONLY if found.memory_only else history.COMMITTED,
        committed=committed.state if committed else None,
        remembered=found.remembered,
    )
    if found.record:  # first: whoever dies in between leaves the checkpoint, and is followed by one who does this again
        record(store, entry)
    checkpoint.remove(store)


def remembered(found: Checkpoint) -> Remembered:
    """What the host looked like. Raises StoreBroken when it cannot be read back."""
    from netkernel.rewind import Remembered  # late, as above

    try:
        return Remembered.from_json(bytes(found.remembered))
    except NetworkError as error:
        raise StoreBroken(f"checkpoint {found.id}: {error}; look at the host, then remove {checkpoint.NAME}") from error


def record(store: Store, entry: history.Entry) -> None:
    """Write a history entry; what it tells has happened, so failing to write it down is no failure of it."""
    try:
        history.write(store, entry)
    except StoreBroken as error:
        log.warning("the history lacks this: %s", error)


def _end(store: Store, found: Checkpoint, outcome: str, why: str, leftovers: tuple[str, ...]) -> None:
    checkpoint.remove(store)
    way_back = found.remembered if leftovers else history.NOTHING
    entry = msgspec.structs.replace(found.entry, outcome=outcome, error=why, leftovers=leftovers, remembered=way_back)
    record(store, entry)
