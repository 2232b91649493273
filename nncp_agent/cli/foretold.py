"""What would be done, on stdout: one change a line, `!` before those on the way into this host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netkernel.ethtool import PARTS
from netkernel.files import MANAGERS
from nncp_agent.cli import policies, session
from nncp_agent.cli.call import Call

if TYPE_CHECKING:
    from netkernel.host import Host
    from netkernel.ops import Op
    from netkernel.transaction import Kernel
    from nncp_agent.wire import Decoded


def policy(call: Call, decoded: Decoded) -> tuple[Op, ...]:
    """Print what applying it would do, and give that. Raises InvalidPolicy."""
    from functools import partial  # late, as all of it

    from nncp_agent import whole
    from nncp_agent.plan import decide, decide_closely  # late: what cannot be read needs no engine
    from nncp_agent.sections.hardware import needed

    committed, refusals = call.store().committed(), call.refusals()
    with call.kernel() as kernel:
        before = kernel.snapshot(needed(decoded.desired, committed))
        _say_what_waits(call, kernel)
        policies.note(call, decoded, before)
        with policies.located(decoded):
            whole.refuse(decoded, before, committed, refusals)
            decided = partial(
                decide,
                decoded.desired,
                committed=committed,
                refusals=refusals,
                holders=call.world.holders,
                link_files=call.world.link_files,
                precious=_precious(call, before),
                claim=call.claims(),
            )
            decision = decide_closely(decided, before, kernel.snapshot)
    tell(call, decision.ops, decision.important, decoded.located(decision.warnings), decision.irreversible)
    return decision.ops


def uncommitted_back(call: Call, checkpoint: str | None) -> None:
    """Print what `nncp rollback` would do. Raises NothingPending, Busy, StoreBroken."""
    from nncp_agent import pending
    from nncp_agent.important import important

    with call.kernel() as kernel:
        before = kernel.snapshot((*PARTS, MANAGERS))
        ops = pending.foretold(call.store(), kernel, before, checkpoint)
    tell(call, ops, important(ops, before, _precious(call, before)))


def back_to(call: Call, number: int) -> None:
    """Print what `nncp rollback --to number` would do. Raises NetworkError, StoreBroken."""
    from nncp_agent import back
    from nncp_agent.important import important

    with call.kernel() as kernel:
        before = kernel.snapshot((*PARTS, MANAGERS))
        _say_what_waits(call, kernel)
    change = back.back_to(call.store(), number, before)
    marked = important(change.ops, before, _precious(call, before))
    tell(call, change.ops, marked, change.warnings, change.irreversible)


def _say_what_waits(call: Call, kernel: Kernel) -> None:
    """Who plans while a change waits for its commit sees the host with that change, and could not apply now."""
    from nncp_agent import checkpoint

    if busy := checkpoint.waiting(call.store(), checkpoint.Here.find(checkpoint.namespace_of(kernel))):
        call.say(f"note: {busy}")


def _precious(call: Call, before: Host) -> frozenset[str]:
    return session.links(before, session.connection(call.world.environ, call.world.proc))


def tell(
    call: Call,
    ops: Sequence[Op],
    marked: frozenset[int],
    warnings: Iterable[object] = (),
    irreversible: Iterable[str] = (),
) -> None:
    call.warnings(warnings)
    call.warnings(f"cannot be undone: {line}" for line in irreversible)
    for position, op in enumerate(ops):
        call.print(f"! {op}" if position in marked else str(op))
