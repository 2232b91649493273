"""Conditions of enactments and policies: kubernetes-nmstate's types, reasons and messages, as tables.

kubectl's Status column shows the first type whose status is True, so the order of types is part of the meaning. One
oddity is not kept: there, Aborted has the reason SuccessfullyConfigured when a node failed; here all five conditions of
an enactment have one reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen

Condition = dict[str, Any]

TRUE: Final = "True"
FALSE: Final = "False"
UNKNOWN: Final = "Unknown"
_WORDS: Final = {"T": TRUE, "F": FALSE, "U": UNKNOWN}
_LETTERS: Final[Mapping[Any, str]] = {TRUE: "T", FALSE: "F"}

ENACTMENT_TYPES: Final = ("Available", "Failing", "Progressing", "Pending", "Aborted")
POLICY_TYPES: Final = ("Available", "Degraded", "Progressing", "Ignored")
DRIFTED: Final = "Drifted"
CONFLICT: Final = "Conflict"
ALSO: Final = (DRIFTED, CONFLICT)
"""Our own types of enactments. They stand last, so the Status column goes on showing what it did."""


class Row(Frozen):
    """What all conditions are in one state of an enactment or a policy; `message` where nobody has a better one.

    `statuses` has a letter for each type in its order: T, F or U. `also` is the type that tells the message beside the
    leading one.
    """

    name: str
    statuses: str
    reason: str
    message: str = ""
    also: str = ""


PENDING: Final = Row(
    "Pending", "FFFTF", "MaxUnavailableLimitReached", "Waiting for progressing nodes to finish", "Progressing"
)
PROGRESSING: Final = Row("Progressing", "UUTFF", "ConfigurationProgressing", "Applying desired state")
RETRYING: Final = Row("Retrying", "FTTFF", "Retrying")
FAILED: Final = Row("Failed", "FTFFF", "FailedToConfigure")
ABORTED: Final = Row("Aborted", "FFFFT", "ConfigurationAborted")
AVAILABLE: Final = Row("Available", "TFFFF", "SuccessfullyConfigured", "successfully reconciled")
UNSAID: Final = Row("Unsaid", "UUUUU", "")
"""Nothing is known about this generation."""
ROWS: Final = (PENDING, PROGRESSING, RETRYING, FAILED, ABORTED, AVAILABLE)
_BY_LETTERS: Final = {row.statuses: row for row in ROWS}
FINAL: Final = (FAILED, ABORTED, AVAILABLE)
"""States that a node leaves only for another generation."""

POLICY_IGNORED: Final = Row("Ignored", "FFFT", "NoMatchingNode", "Policy does not match any node")
POLICY_DEGRADED: Final = Row("Degraded", "FTFF", "FailedToConfigure")
POLICY_PROGRESSING: Final = Row("Progressing", "UUTF", "ConfigurationProgressing")
POLICY_AVAILABLE: Final = Row("Available", "TFFF", "SuccessfullyConfigured")
POLICY_ROWS: Final = (POLICY_IGNORED, POLICY_DEGRADED, POLICY_PROGRESSING, POLICY_AVAILABLE)


def conditions(
    row: Row,
    message: str,
    now: str,
    old: Iterable[Mapping[str, Any]] = (),
    *,
    reason: str = "",
    drifted: str = "",
    conflict: str = "",
) -> list[Condition]:
    """All conditions of a row. `now` is a time in RFC 3339; `old` are those that stood there before.

    A heartbeat is always now, a transition only when the status is another. `drifted` and `conflict` say what is so;
    where one has never been so, its condition is not there.
    """
    types = ENACTMENT_TYPES if len(row.statuses) == len(ENACTMENT_TYPES) else POLICY_TYPES
    before = {each.get("type"): each for each in old}
    made = []
    for type_, letter in zip(types, row.statuses, strict=True):
        says = letter == "T" or type_ == row.also
        words = (message or row.message) if says else ""
        made.append(_condition(type_, _WORDS[letter], reason or row.reason, words, now, before))
    for type_, words in ((DRIFTED, drifted), (CONFLICT, conflict)):
        if words or type_ in before:
            made.append(
                _condition(type_, TRUE if words else FALSE, type_ if words else f"No{type_}", words, now, before)
            )
    return made


def status(conditions: Iterable[Mapping[str, Any]], type_: str) -> str:
    """True, False or Unknown; a condition that is not there is Unknown."""
    return next((str(each.get("status")) for each in conditions if each.get("type") == type_), UNKNOWN)


def row_of(conditions: Sequence[Mapping[str, Any]]) -> Row:
    """The row that conditions of an enactment were made of, whoever made them; UNSAID when it is none."""
    found = {each.get("type"): each.get("status") for each in conditions}
    return _BY_LETTERS.get("".join([_LETTERS.get(found.get(each), "U") for each in ENACTMENT_TYPES]), UNSAID)


def leading(conditions: Iterable[Mapping[str, Any]]) -> str:
    """What kubectl shows in its Status column: the first type that is True; empty when none is."""
    return next((str(each.get("type")) for each in conditions if each.get("status") == TRUE), "")


def without_times(conditions: Iterable[Mapping[str, Any]]) -> list[Condition]:
    """What conditions say, for comparing: two that differ in times only say the same."""
    times = ("lastHeartbeatTime", "lastTransitionTime")
    return [{key: each for key, each in condition.items() if key not in times} for condition in conditions]


def condition(
    type_: str, status: str, reason: str, message: str, now: str, old: Iterable[Mapping[str, Any]] = ()
) -> Condition:
    """One of them; `old` are all that stood there before."""
    return _condition(type_, status, reason, message, now, {each.get("type"): each for each in old})


def _condition(
    type_: str, status: str, reason: str, message: str, now: str, before: Mapping[Any, Mapping[str, Any]]
) -> Condition:
    old = before.get(type_, {})
    since = old.get("lastTransitionTime") if old.get("status") == status else None
    made = {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now,
        "lastTransitionTime": since or now,
    }
    # Old servers make null of an empty text in a JSON Patch, and then refuse it.
    return {key: value for key, value in made.items() if value}
