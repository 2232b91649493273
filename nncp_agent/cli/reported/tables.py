"""Policies, enactments and nodes in tables: the words of their conditions, how old they are, who is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from nncp_agent.cli import table
from nncp_agent.cli.terminal import Style
from nncp_agent.objects.conditions import leading
from nncp_agent.objects.enactment import conditions_of, message_of, node_of, policy_of

Object = Mapping[str, Any]

POLICIES: Final = ("NAME", "STATUS", "REASON", "AGE", "MESSAGE")
ENACTMENTS: Final = ("NODE", "POLICY", "STATUS", "REASON", "SINCE", "ALSO", "MESSAGE")
NODES: Final = ("NAME", "READY", "AGENT", "POLICIES", "FAILING", "INTERFACES", "STATE CHANGED", "BRIDGES")
SILENT_S: Final = 30
"""A daemon renews its Lease every ten seconds."""
_ALARMING: Final = ("Failing", "Degraded", "Aborted", "no", "none")
_ALSO: Final = ("Drifted", "Conflict")
BRIDGE: Final = "bridge.network.kubevirt.io/"


def policies(objects: Iterable[Object], now: datetime, style: Style) -> str:
    """One row for each policy, in the order given."""
    rows = []
    for each in objects:
        said = (each.get("status") or {}).get("conditions") or ()
        rows.append(
            (
                each["metadata"]["name"],
                _status(each, said),
                _of(said, "reason"),
                age(each["metadata"].get("creationTimestamp"), now),
                _of(said, "message"),
            )
        )
    return _table(POLICIES, rows, style, ("MESSAGE",))


def enactments(objects: Iterable[Object], now: datetime, style: Style) -> str:
    """One row for each, by node and policy; ALSO has what is true beside the leading condition."""
    rows = []
    for each in sorted(objects, key=lambda each: (node_of(each), policy_of(each))):
        said = conditions_of(each)
        first = _first(said)
        also = [str(other["type"]) for other in said if other.get("status") == "True" and other.get("type") in _ALSO]
        rows.append(
            (
                node_of(each),
                policy_of(each),
                leading(said),
                str(first.get("reason") or ""),
                age(first.get("lastTransitionTime"), now),
                ", ".join(word for word in also if word != leading(said)),
                message_of(each),
            )
        )
    return _table(ENACTMENTS, rows, style, ("MESSAGE", "SINCE"))


def nodes(
    objects: Iterable[Object],
    states: Iterable[Object],
    reports: Sequence[Object],
    beats: Mapping[str, str],
    now: datetime,
    style: Style,
) -> str:
    """One row for each node: whether it is ready and its daemon alive, how its policies do, what it has."""
    by_name = {each["metadata"]["name"]: each for each in states}
    rows = []
    for each in objects:
        name = each["metadata"]["name"]
        own = [report for report in reports if node_of(report) == name]
        words = [leading(conditions_of(report)) for report in own]
        status = (by_name.get(name) or {}).get("status") or {}
        interfaces = (status.get("currentState") or {}).get("interfaces")
        rows.append(
            (
                name,
                _ready(each),
                _agent(beats.get(name), bool(status), now),
                f"{words.count('Available')}/{len(words)}" if words else "",
                ", ".join(policy_of(report) for report, word in zip(own, words, strict=True) if word in _ALARMING),
                str(len(interfaces)) if interfaces is not None else "",
                age(status.get("lastSuccessfulUpdateTime"), now),
                ", ".join(_bridges(each)),
            )
        )
    return _table(NODES, rows, style, ("BRIDGES", "STATE CHANGED"))


def age(time: object, now: datetime) -> str:
    """How long ago a time in RFC 3339 was, as kubectl says it: 45s, 12m, 5h, 3d."""
    try:
        seconds = int((now - datetime.fromisoformat(str(time))).total_seconds())
    except (ValueError, TypeError):
        return ""
    seconds = max(seconds, 0)
    for unit, size, least in (("d", 86400, 2 * 86400), ("h", 3600, 2 * 3600), ("m", 60, 120)):
        if seconds >= least:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def now() -> datetime:
    return datetime.now(UTC)


def _table(headers: Sequence[str], rows: Sequence[table.Row], style: Style, expendable: Sequence[str]) -> str:
    def paint(header: str, text: str) -> str:
        is_bad = header == "FAILING" or (header in ("STATUS", "READY", "AGENT") and text.split(" ")[0] in _ALARMING)
        return style.alarming(text) if is_bad and text else text

    return table.render(headers, {"": rows}, style, paint, expendable)


def _status(policy: Object, said: Sequence[Object]) -> str:
    """A policy that was edited since is not what its conditions say it is."""
    word = leading(said)
    observed = (policy.get("status") or {}).get("observedGeneration")
    is_old = isinstance(observed, int) and observed != policy["metadata"].get("generation", observed)
    paused = " (paused)" if (policy.get("spec") or {}).get("paused") else ""
    return ("" if is_old else word) + paused


def _first(said: Iterable[Object]) -> Object:
    return next((each for each in said if each.get("status") == "True"), {})


def _of(said: Iterable[Object], key: str) -> str:
    return str(_first(said).get(key) or "")


def _ready(node: Object) -> str:
    said = (node.get("status") or {}).get("conditions") or ()
    return {"True": "yes", "False": "no"}.get(
        next((str(each.get("status")) for each in said if each.get("type") == "Ready"), ""), ""
    )


def _agent(beat: str | None, has_state: bool, now: datetime) -> str:
    """A node without a heartbeat may have one that nobody here may see; its state says that there was one."""
    if beat is None:
        return "" if has_state else "none"
    try:
        silent_s = (now - datetime.fromisoformat(beat)).total_seconds()
    except (ValueError, TypeError):
        return "none"
    return "alive" if silent_s < SILENT_S else f"no, silent for {age(beat, now)}"


def _bridges(node: Object) -> list[str]:
    capacity = (node.get("status") or {}).get("capacity") or {}
    return sorted(key.removeprefix(BRIDGE) for key in capacity if key.startswith(BRIDGE))
