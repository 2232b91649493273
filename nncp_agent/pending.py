"""The two ends of an apply that was left uncommitted: keep it, or take it back. Any process may do so."""

from __future__ import annotations

from contextlib import nullcontext

from netkernel.host import Host
from netkernel.ops import Op
from netkernel.reconcile import reconcile
from netkernel.rewind import rewind
from netkernel.transaction import Kernel
from nncp_agent import checkpoint, lock, recovery
from nncp_agent.checkpoint import Checkpoint, Here, Standing, namespace_of
from nncp_agent.errors import NothingPending
from nncp_agent.interrupts import as_exceptions
from nncp_agent.store import Store


def commit(store: Store, checkpoint_id: str | None = None, *, command: str = "nncp commit") -> str:
    """Keep what the pending checkpoint (the one called `checkpoint_id`) changed; gives its name.

    Raises NothingPending, Busy, StoreBroken.
    """
    with as_exceptions() as interrupts, lock.held(store, command):
        found = _found(store, checkpoint_id)
        interrupts.ignore()
        match checkpoint.standing(found, Here(found.boot, found.namespace, checkpoint.now_s()), store.committed_by()):
            case Standing.COMMITTED:
                recovery.finish(store, found)
                raise NothingPending(f"checkpoint {found.id} is committed already")
            case Standing.INTERRUPTED:
                raise NothingPending(f"checkpoint {found.id} was interrupted half-way: `nncp rollback` takes it back")
        if found.boot != Here.find().boot:
            raise NothingPending(f"checkpoint {found.id} is of an earlier boot: what it changed is gone")
        store.commit(found.id)
        recovery.finish(store, found)
        return found.id


def rollback(
    store: Store, kernel: Kernel, checkpoint_id: str | None = None, *, command: str = "nncp rollback"
) -> tuple[str, ...]:
    """Take back what the pending checkpoint (the one called `checkpoint_id`) changed; gives what is not as it was.

    Raises NothingPending, Busy, StoreBroken, NetworkError.
    """
    with as_exceptions() as interrupts, lock.held(store, command):
        found, here = _found(store, checkpoint_id), Here.find(namespace_of(kernel))
        match standing := checkpoint.standing(found, here, store.committed_by()):
            case Standing.COMMITTED | Standing.GONE:
                recovery.put_right(store, lambda: nullcontext(kernel), here)
                raise _ended(found, standing)
            case Standing.ELSEWHERE:
                raise checkpoint.refusal(found, here, standing)
        interrupts.ignore()
        return recovery.take_back(store, kernel, found, command)


def foretold(store: Store, kernel: Kernel, now: Host, checkpoint_id: str | None = None) -> tuple[Op, ...]:
    """What `rollback` would do on `now`. Raises NothingPending, Busy, StoreBroken."""
    found, here = _found(store, checkpoint_id), Here.find(namespace_of(kernel))
    match standing := checkpoint.standing(found, here, store.committed_by()):
        case Standing.COMMITTED | Standing.GONE:
            raise _ended(found, standing)
        case Standing.ELSEWHERE:
            raise checkpoint.refusal(found, here, standing)
    return reconcile(now, rewind(now, recovery.remembered(found)), exact=True)


def _ended(found: Checkpoint, standing: Standing) -> NothingPending:
    how = "committed already" if standing is Standing.COMMITTED else "of an earlier boot and gone with it"
    return NothingPending(f"checkpoint {found.id} is {how}")


def _found(store: Store, checkpoint_id: str | None) -> Checkpoint:
    found = checkpoint.read(store)
    if found is None:
        raise NothingPending("no checkpoint is pending")
    if checkpoint_id not in (None, found.id):
        raise NothingPending(f"no checkpoint {checkpoint_id} is pending; {found.id} is")
    return found
