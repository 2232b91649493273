"""What stands in a policy's `spec`, in one table: who reads policies, checks them or publishes a schema goes by it.

The first four are kubernetes-nmstate's; the others are our own, and without them a policy means what it means there.
Each has its structural OpenAPI schema as a CustomResourceDefinition states it, and is read by that schema, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from nncp_agent.wire.report import Path, Report, meant, shown

Schema = Mapping[str, Any]


class Field(NamedTuple):
    """One key of a spec. `default` is what it means when it is not stated; `about` stands in the CRD and the manual."""

    key: str
    schema: Schema
    default: Any
    about: str
    is_ours: bool = True


TEXT: Final[Schema] = {"type": "string"}
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
NAMES: Final[Schema] = {"type": "array", "items": {"type": "string", "maxLength": 253}, "maxItems": 5000}
_REQUIREMENT: Final[Schema] = {
    "type": "object",
    "required": ["key", "operator"],
    "properties": {
        "key": TEXT,
        "operator": {"type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
        "values": {"type": "array", "items": TEXT},
    },
}
_SELECTOR: Final[Schema] = {
    "type": "object",
    "properties": {"matchLabels": TEXTS, "matchExpressions": {"type": "array", "items": _REQUIREMENT}},
}
_CHECK: Final[Schema] = {
    "type": "object",
    "properties": {
        "enabled": {"type": "boolean"},
        "target": {"type": "string", "maxLength": 253},
        "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 480},
    },
}
CHECKS: Final = ("gateway", "dns", "apiServer", "nodeReadiness")
"""What must answer after a change as it did before, in the order in which it is asked."""

FIELDS: Final = (
    Field(
        "nodeSelector",
        {**TEXTS, "maxProperties": 256},
        {},
        "Labels a node must have, all of them, for the policy to mean it. Without any it means every node.",
        is_ours=False,
    ),
    Field(
        "maxUnavailable",
        {"x-kubernetes-int-or-string": True},
        None,
        "How many nodes may be at work or have failed at one time: a number, or a share like 10%, rounded up, at least "
        "one. Not stated, or not understood: 50%.",
        is_ours=False,
    ),
    Field(
        "capture",
        TEXTS,
        {},
        "Expressions that find parts of a node's present state, for templates in desiredState to speak of.",
        is_ours=False,
    ),
    Field(
        "desiredState",
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {},
        "The network state the nodes should have, in nmstate's words.",
        is_ours=False,
    ),
    Field("paused", {"type": "boolean"}, False, "Nodes do nothing about the policy while this is true."),
    Field(
        "priority",
        {"type": "integer", "minimum": -1000000, "maximum": 1000000},
        0,
        "Where two policies of a node say different things, the higher one counts.",
    ),
    Field("nodeNames", NAMES, [], "Names of nodes; when there are any, the policy means no others."),
    Field("labelSelector", _SELECTOR, {}, "A label selector as Deployments have it; a node must fit it, too."),
    Field("canaries", NAMES, [], "Names of nodes that go first: no others begin before all of them have finished."),
    Field(
        "checks",
        {"type": "object", "properties": dict.fromkeys(CHECKS, _CHECK)},
        {},
        "What a node must still reach after the change, or it is taken back. A check that did not answer before the "
        "change is not asked after it.",
    ),
    Field(
        "driftPolicy",
        {"type": "string", "enum": ["Report", "Repair"]},
        "Report",
        "What a node does when somebody else changes what the policy states: tell, or put it right.",
    ),
    Field(
        "deletionPolicy",
        {"type": "string", "enum": ["Retain", "Remove", "Restore"]},
        "Retain",
        "What deleting the policy does to its nodes: nothing, removing what it made, or putting back what was there.",
    ),
)
BY_KEY: Final = {field.key: field for field in FIELDS}


def read(spec: Mapping[str, Any], path: Path, report: Report) -> dict[str, Any]:
    """Every field but the state and captures, which have readers of their own; what is unfit counts as not stated."""
    for key in spec:
        if key not in BY_KEY:
            report.unknown(path, key, BY_KEY)
    values = {}
    for field in FIELDS:
        if field.key in ("capture", "desiredState"):
            continue
        value = spec.get(field.key)
        fits = value is not None and is_fit(field.schema, value, (*path, field.key), report)
        values[field.key] = value if fits else field.default
    return values


def is_fit(schema: Schema, value: Any, path: Path, report: Report) -> bool:
    """Whether a value is what its schema wants; the report has every place where it is not."""
    if schema.get("x-kubernetes-int-or-string"):
        return _is(
            isinstance(value, int | str) and not isinstance(value, bool), "a number or text", value, path, report
        )
    match schema.get("type"):
        case "object":
            return _is_object(schema, value, path, report)
        case "array":
            if not isinstance(value, list | tuple):
                return _is(False, "a list", value, path, report)
            return all([is_fit(schema["items"], each, (*path, place), report) for place, each in enumerate(value)])
        case "boolean":
            return _is(isinstance(value, bool), "true or false", value, path, report)
        case "integer":
            low, high = schema["minimum"], schema["maximum"]
            fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            return _is(fits, f"a number from {low} to {high}", value, path, report)
    if isinstance(value, str) and value not in schema.get("enum", (value,)):
        report.problem(path, f"found {shown(value)}, {meant(value, schema['enum'])}")
        return False
    return _is(isinstance(value, str), "text", value, path, report)


def _is_object(schema: Schema, value: Any, path: Path, report: Report) -> bool:
    inner, known = schema.get("additionalProperties"), schema.get("properties", {})
    if not isinstance(value, Mapping):
        return _is(False, "a mapping of text to text" if inner else "a mapping", value, path, report)
    if inner and not all(isinstance(each, str) for each in value.values()):
        return _is(False, "a mapping of text to text", value, path, report)
    fits = True
    for key in schema.get("required", ()):
        if key not in value:
            report.problem((*path, key), "missing")
            fits = False
    for key, each in value.items():
        if inner is None and key not in known:
            report.unknown(path, key, known)
            fits = False
        elif key in known and each is not None:
            fits &= is_fit(known[key], each, (*path, key), report)
    return fits


def _is(fits: bool, wanted: str, value: Any, path: Path, report: Report) -> bool:
    if not fits:
        report.problem(path, f"found {shown(value)}, wanted {wanted}")
    return fits
