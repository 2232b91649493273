"""The status of a policy, from what its nodes say: kubernetes-nmstate's rows in its order, with what it lacks.

What is told of another generation counts as nothing told. Nodes that are not ready are neither waited for nor counted
as finished: they are skipped, by name. `observedGeneration` says of which generation the conditions speak, which is
what `kubectl wait` looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen, replace
from nncp_agent.objects import conditions
from nncp_agent.objects.conditions import (
    ABORTED,
    AVAILABLE,
    FAILED,
    PENDING,
    POLICY_AVAILABLE,
    POLICY_DEGRADED,
    POLICY_IGNORED,
    POLICY_PROGRESSING,
    RETRYING,
    Row,
)
from nncp_agent.objects.enactment import row_of
from nncp_agent.objects.members import Member, meant
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.rollout import is_understood

Object = Mapping[str, Any]
_NAMED: Final = 3
MOST_NAMES: Final = 50
"""Of nodes, in one list of a status."""


class Summary(Frozen, kw_only=True):
    """Where a policy stands.

    Names of nodes are sorted; `matching` counts nodes with an agent, `finished` and `pending` the ready ones among
    them; `unavailable` are those at work or failed.
    """

    row: Row
    message: str
    generation: int
    matching: int = 0
    ready: int = 0
    finished: int = 0
    available: int = 0
    pending: int = 0
    unavailable: int = 0
    failed: tuple[str, ...] = ()
    aborted: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def summary(
    policy: Policy,
    members: Iterable[Member],
    enactments: Mapping[str, Object],
    *,
    lost: frozenset[str] = frozenset(),
    unavailable: int = 0,
) -> Summary:
    """`enactments` are the policy's, by node; `lost` nodes hold a slot that ran out, and count as failed."""
    matching = sorted(meant(policy, members), key=lambda each: each.name)
    rows = {each.name: row_of(enactments.get(each.name), policy.generation) for each in matching}
    ready = [each.name for each in matching if each.is_ready]
    # One that tries again has failed, too, though it may come right.
    failed = tuple(name for name, row in rows.items() if row in (FAILED, RETRYING) or name in lost)
    aborted = tuple(name for name, row in rows.items() if row is ABORTED and name not in lost)
    available = [name for name, row in rows.items() if row is AVAILABLE]
    done = {*failed, *aborted, *available}
    counted = Summary(
        row=POLICY_AVAILABLE,
        message="",
        generation=policy.generation,
        matching=len(matching),
        ready=len(ready),
        finished=sum(name in done for name in ready),
        available=len(available),
        pending=sum(rows[name] is PENDING for name in ready),
        unavailable=unavailable,
        failed=failed,
        aborted=aborted,
        skipped=tuple(each.name for each in matching if not each.is_ready and each.name not in done),
        silent=tuple(each.name for each in matching if each.is_ready and not each.is_alive and each.name not in done),
    )
    row, message = _told(counted)
    return replace(counted, row=row, message=f"{message}{_besides(policy, counted)}")


def status(told: Summary, now: str, old: Object | None = None) -> dict[str, Any]:
    """The status as it stands in the object. `now` is in the form of RFC 3339."""
    lists = {"failed": told.failed, "aborted": told.aborted, "skipped": told.skipped, "silent": told.silent}
    return {
        "conditions": conditions.conditions(told.row, told.message, now, (old or {}).get("conditions") or ()),
        "observedGeneration": told.generation,
        "unavailableNodeCountMap": {str(told.generation): told.unavailable} if told.unavailable else {},
        "nodes": {
            "matching": told.matching,
            "ready": told.ready,
            "finished": told.finished,
            "available": told.available,
            "pending": told.pending,
            **{key: list(names[:MOST_NAMES]) for key, names in lists.items() if names},
        },
    }


def says_the_same(one: Object | None, other: Object | None) -> bool:
    """Whether two statuses differ at most in the times of their conditions."""
    return _plain(one) == _plain(other)


def names(nodes: Sequence[str]) -> str:
    """Some of them, in words."""
    more = f" and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else ""
    return ", ".join(nodes[:_NAMED]) + more


def _told(told: Summary) -> tuple[Row, str]:
    if not told.matching:
        return POLICY_IGNORED, POLICY_IGNORED.message
    if told.failed or told.aborted:
        aborted = f", {len(told.aborted)} nodes aborted configuration" if told.aborted else ""
        return POLICY_DEGRADED, f"{len(told.failed)}/{told.matching} nodes failed to configure{aborted}"
    if told.finished < told.ready or not told.available:  # all of them skipped is no success
        pending = f", {told.pending} pending" if told.pending else ""
        return POLICY_PROGRESSING, f"Policy is progressing {told.finished}/{told.ready} nodes finished{pending}"
    ignored = f", {len(told.skipped)} nodes ignored due to NotReady state" if told.skipped else ""
    return POLICY_AVAILABLE, f"{told.available}/{told.matching} nodes successfully configured{ignored}"


def _besides(policy: Policy, told: Summary) -> str:
    """What kubernetes-nmstate does not say, behind what it says."""
    words = []
    if told.failed:
        words.append(f"failed: {names(told.failed)}")
    if told.skipped:
        words.append(f"not ready: {names(told.skipped)}")
    if told.silent:
        words.append(f"agent silent: {names(told.silent)}")
    if policy.paused and told.finished < told.ready:
        words.append("paused")
    if not is_understood(policy.max_unavailable):
        words.append(f"maxUnavailable '{policy.max_unavailable}' is neither a number nor a share, 50% counts")
    return f" ({'; '.join(words)})" if words else ""


def _plain(status: Object | None) -> dict[str, Any]:
    found = dict(status or {})
    return {**found, "conditions": conditions.without_times(found.get("conditions") or ())}
