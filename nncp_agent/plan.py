"""The decision: what a policy means on this host and the ops that make it so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from netkernel import settings
from netkernel.errors import KernelRefused
from netkernel.files import MANAGERS
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.ops import CreateLink, DeleteLink, Op
from netkernel.records import Attrs
from nncp_agent import held, judge
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.held import Holders, nobody
from nncp_agent.important import important
from nncp_agent.managers import LinkFiles, no_files
from nncp_agent.model import Interface, NetworkState
from nncp_agent.observe import Present
from nncp_agent.resolve import Resolved, resolve
from nncp_agent.sections import functions
from nncp_agent.target import target

_GUESS: Final = (
    "what the interfaces of its virtual functions are called is a guess here: the rest is planned when they are there"
)


class Decision(Frozen):
    """What was decided, all of it before anything was touched.

    `important` has the positions of ops that touch the default route's link, or one the caller called precious, or
    what lies below one of them. `claims` are links taken over from other managers, `known` is `before` with the leases
    that these have for them as ours. Where `first` stands, that is to be done first, and the rest, whose ops are a
    guess then, to be decided about anew.
    """

    desired: NetworkState
    resolved: Resolved
    before: Host
    target: Host
    ops: tuple[Op, ...]
    warnings: tuple[Problem, ...]
    irreversible: tuple[str, ...]
    important: frozenset[int]
    known: Host
    claims: frozenset[str] = frozenset()
    first: Decision | None = None

    @property
    def merged(self) -> Mapping[str, Interface]:
        """The policy over the present state, for every interface there will be."""
        return self.resolved.merged


def nothing_refused(kind: str, attrs: Attrs) -> Mapping[str, str]:
    """The kernel nobody asked."""
    return {}


def decide(
    desired: NetworkState,
    before: Host,
    committed: NetworkState | None = None,
    *,
    refusals: judge.Refusals = nothing_refused,
    holders: Holders = nobody,
    link_files: LinkFiles = no_files,
    precious: frozenset[str] = frozenset(),
    claim: bool = False,
) -> Decision:
    """What to do so that `before` becomes `desired`. Raises InvalidPolicy with everything that is wrong with it.

    What another manager holds is refused, or with `claim` taken over; how is known once `before` has its files.
    `link_files` is what udev goes by when a link appears; asked only when the plan makes one.
    """
    whole = partial(
        _decided,
        committed=committed or NetworkState(),
        refusals=refusals,
        holders=holders,
        link_files=link_files,
        precious=precious,
        claim=claim,
    )
    if (early := functions.first(desired, before)) is None:
        return whole(desired, before)
    first = whole(early, before)
    rest = whole(desired, functions.imagined(desired, before, first.target))
    said = [Problem(name, _GUESS) for name in sorted(each.name for each in early.interfaces or ())]
    return replace(
        rest,
        before=before,
        ops=(*first.ops, *rest.ops),
        warnings=(*said, *rest.warnings),
        irreversible=tuple(dict.fromkeys((*first.irreversible, *rest.irreversible))),
        important=first.important | {len(first.ops) + position for position in rest.important},
        first=first,
    )


def _decided(
    desired: NetworkState,
    before: Host,
    *,
    committed: NetworkState,
    refusals: judge.Refusals,
    holders: Holders,
    link_files: LinkFiles,
    precious: frozenset[str],
    claim: bool,
) -> Decision:
    resolved = resolve(desired, Present(before, committed), before, committed)
    _refuse(_as_called(judge.problems(resolved, before, refusals), resolved))
    after = target(resolved, before)
    _refuse(judge.conflicts(before, after, resolved))
    ops, lost = _planned(before, after) if after is not before else ((), ())
    holding = holders(before.links) if ops or claim else {}
    taken = held.taken(ops, resolved, holding, before) if claim else frozenset()
    _refuse(_as_called(held.problems(ops, holding), resolved) if not claim else ())
    known = before
    if taken and MANAGERS in before.also:
        from nncp_agent import claims  # late: few plans take anything over

        if (known := claims.as_ours(before, taken)) is not before:
            resolved = resolve(desired, Present(known, committed), known, committed)
            _refuse(_as_called(judge.problems(resolved, known, refusals), resolved))
            after = target(resolved, known)
            _refuse(judge.conflicts(known, after, resolved))
        owns_dns = (desired.dns_resolver or committed.dns_resolver) is not None
        _refuse(_as_called(claims.problems(taken, resolved, before, owns_dns), resolved))
        after = claims.claimed(after, before, taken, owns_dns)
        ops, lost = _planned(before, after)
    beside = _as_called(_of_udev(ops, resolved, before, after, link_files), resolved)
    return Decision(
        desired=resolved.desired,
        resolved=resolved,
        before=before,
        target=after,
        ops=ops,
        warnings=(*_as_called(judge.warnings(resolved, known, after), resolved), *beside),
        irreversible=lost,
        important=important(ops, before, precious),
        claims=taken,
        known=known,
    )


def _of_udev(
    ops: Sequence[Op], resolved: Resolved, before: Host, after: Host, link_files: LinkFiles
) -> Sequence[Problem]:
    """What udev will make of the links that are made. Raises InvalidPolicy where the policy wants something else."""
    made = after.links.keys() - before.links.keys() | {op.name for op in ops if isinstance(op, CreateLink)}
    if not made or not (files := link_files()):
        return ()
    from nncp_agent.judge import udev  # late: many hosts have none, and few plans make a link

    _refuse(_as_called([*udev.problems(files, made, resolved.wanted, before, after)], resolved))
    return [*udev.warnings(files, made, resolved.wanted, after)]


def decide_closely(
    decided: Callable[[Host], Decision], before: Host, look: Callable[[frozenset[str]], Host]
) -> Decision:
    """`decided(before)`; once more with what only /proc/sys tells of a link that is made anew, for it to stay, and with
    the files of managers that are to let go of one.

    `look` gives the host with the parts it is asked for (`Host.also`). Raises as both do.
    """
    decision = decided(before)
    also = frozenset({MANAGERS} if decision.claims else ())
    if decision.first is None and any(
        isinstance(op, DeleteLink) and op.name in decision.target.links for op in decision.ops
    ):
        from netkernel.rewind import touch  # late: few plans make anything anew

        losing = touch(before, decision.ops).losing & decision.target.links.keys()
        also |= settings.parts(losing)
    return decided(look(before.also | also)) if also - before.also else decision


def _planned(before: Host, after: Host) -> tuple[tuple[Op, ...], tuple[str, ...]]:
    """The ops from one to the other, and what of them cannot be undone."""
    from netkernel.reconcile import (
        Unplannable,
        irreversible,
        reconcile,
    )  # late: a host that is as wanted needs no model

    try:
        ops = reconcile(before, after)
    except Unplannable as unplannable:
        refused = unplannable.__cause__
        if not isinstance(refused, KernelRefused):
            raise
        # what no judge foresaw and the model of the kernel knows is news for the user, too, before anything is touched
        raise InvalidPolicy([Problem("", f"the kernel would not take this: {refused}")]) from unplannable
    return ops, irreversible(before, ops) if ops else ()


def problems(
    desired: NetworkState, before: Host, committed: NetworkState, refusals: judge.Refusals = nothing_refused
) -> list[Problem]:
    """What `decide` would refuse, for a `desired` that will not be decided about."""
    resolved = resolve(desired, Present(before, committed), before, committed)
    return _as_called(judge.problems(resolved, before, refusals), resolved)


def _as_called(problems: Sequence[Problem], resolved: Resolved) -> list[Problem]:
    """`problems` under the names that the policy has for interfaces it knows by their MAC addresses."""
    found = []
    for problem in problems:
        name, colon, inner = problem.path.partition(": ")
        if own := resolved.called.get(name):
            problem = Problem(f"{own}{colon}{inner}", f"{problem.message} ({own} is {name} here)")
        found.append(problem)
    return found


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidPolicy(problems)
