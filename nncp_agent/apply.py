"""The front door: decide what a policy changes on this host and see to it that it is done, or find nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache, partial

from netkernel.ethtool import PARTS
from netkernel.files import MANAGERS
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import WriteFile
from netkernel.transaction import Kernel
from nncp_agent import history, lock, recovery
from nncp_agent.change import Change
from nncp_agent.checkpoint import Here, namespace_of
from nncp_agent.committed import following
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.history import Entry
from nncp_agent.interrupts import as_exceptions
from nncp_agent.managers import udev
from nncp_agent.model import NetworkState
from nncp_agent.options import Options, Outcome, Stopwatch
from nncp_agent.plan import Decision, decide, decide_closely
from nncp_agent.sections import functions, wait_ip
from nncp_agent.sections.hardware import needed
from nncp_agent.shown.hostname import file_of
from nncp_agent.store import Store, document
from nncp_agent.verify import differences

__all__ = ["Options", "Outcome", "apply", "go_back", "perform"]


def apply(
    desired: NetworkState | Callable[[], NetworkState],
    kernel: Kernel,
    store: Store,
    *,
    options: Options | None = None,
) -> Outcome:
    """Make the host look like `desired`, or leave it as it was.

    What depends on the host (captures) is asked for once nobody else can change it any more.
    Raises InvalidPolicy, Busy, StoreBroken and NoWatchdog before anything is touched; KernelRefused, NotSettled,
    Unreachable and Interrupted after everything was taken back, with what could not be in their `leftovers`.
    """

    @cache
    def asked() -> NetworkState:
        return desired() if callable(desired) else desired

    def planned(before: Host, committed: NetworkState, options: Options) -> Change:
        decided = partial(
            decide,
            asked(),
            committed=committed,
            refusals=options.refusals,
            holders=options.holders,
            link_files=options.link_files,
            claim=options.claim,
        )

        def rest(host: Host) -> Change | tuple[str, ...]:
            if missing := _missing(asked(), host, options):
                return missing
            return _change(decide_closely(decided, host, kernel.snapshot), committed, options)

        decision = decide_closely(decided, before, kernel.snapshot)
        if decision.first is None:
            return _change(decision, committed, options)
        whole = _change(decision, committed, options)
        return replace(_change(decision.first, committed, options), warnings=whole.warnings, then=rest)

    return perform(planned, lambda committed: needed(asked(), committed), kernel, store, options or Options())


def _change(decision: Decision, committed: NetworkState, options: Options) -> Change:
    return Change(
        before=decision.before,
        target=decision.target,
        ops=decision.ops,
        asked=decision.desired,
        following=following(committed, decision.desired, decision.known, decision.claims),
        differences=partial(differences, decision),
        awaited=partial(wait_ip.awaited, decision.resolved.wanted, decision.merged),
        warnings=(*decision.warnings, *_lasting(decision, options)),
        irreversible=decision.irreversible,
    )


def _missing(desired: NetworkState, host: Host, options: Options) -> tuple[str, ...]:
    """Which interfaces of virtual functions are not there, or have no name yet that stays: udev gives it to them."""
    found, problems = functions.links(desired, host)
    if problems or not options.link_files():
        return tuple(map(str, problems))
    links = {link: host.links[link] for link in found.values()}
    seen = udev.applied(links)
    return tuple(f"{word}: udev has not looked at {link}" for word, link in found.items() if link not in seen)


def _lasting(decision: Decision, options: Options) -> Iterator[Problem]:
    """Warnings about what outlives a restart though nothing is to be kept. Raises InvalidPolicy for the host's name,
    of which only the running one does not (nmstate.md 4.4)."""
    if decision.claims and options.memory_only and options.record:
        words = "is claimed from its manager by files, which stay over a restart, when nothing else would configure it"
        raise InvalidPolicy([Problem(name, words) for name in sorted(decision.claims)])
    if not options.memory_only or not options.record:  # what is restored at boot is kept already
        return
    name = decision.desired.hostname
    for op in decision.ops:
        if isinstance(op, WriteFile) and name is not None and op.path == file_of(decision.before)[0]:
            words = f"{op.path} is a file, and nothing is to be kept; wanted hostname.running"
            raise InvalidPolicy([Problem("hostname.config", words)])
        if isinstance(op, WriteFile):
            yield Problem("dns-resolver", f"{op.path} is a file, and stays so over a restart")


def go_back(number: int, kernel: Kernel, store: Store, *, options: Options | None = None) -> Outcome:
    """Take back every apply after `number` (0 is before the first), or leave the host as it is.

    Raises NetworkError when the history does not reach back that far, before anything is touched; else as `apply`.
    """

    def planned(before: Host, committed: NetworkState, options: Options) -> Change:
        from nncp_agent.back import back_to  # late: an apply needs none of it

        return back_to(store, number, before)

    return perform(planned, lambda _: (*PARTS, MANAGERS), kernel, store, options or Options())


def perform(
    planned: Callable[[Host, NetworkState, Options], Change],
    also: Callable[[NetworkState], Collection[str]],
    kernel: Kernel,
    store: Store,
    options: Options,
) -> Outcome:
    """Carry out what is `planned` once nobody else can change the host any more; `also` is what to look at besides.

    Raises as `apply`, and whatever `planned` does.
    """
    watch, namespace = Stopwatch(options), namespace_of(kernel)
    watch.stage("lock")
    with as_exceptions() as interrupts, lock.held(store, options.command, options.lock_timeout_s):
        here = Here.find(namespace)
        recovery.put_right(store, lambda: nullcontext(kernel), here)
        watch.stage("plan", "planning")
        committed = store.committed()
        before = kernel.snapshot(also(committed))
        change = planned(before, committed, options)
        following = committed if options.memory_only else change.following
        if not change.ops:
            return _nothing_to_do(store, options, change, committed, following)
        from nncp_agent import act  # late: most applies find nothing to do and end before this

        return act.carry_out(change, following, kernel, store, options, here, interrupts, watch)


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
