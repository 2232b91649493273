"""NMState objects: in kubernetes-nmstate they install it; here they say what is so in the whole cluster.

What means something without an operator is honoured: how checks are made, and how much is logged. Where pods run is
what the DaemonSet and the Deployment say, so the rest is listed in a condition, for people who bring such an object
along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen, replace
from nncp_agent.objects.conditions import TRUE, Condition, condition
from nncp_agent.objects.policy import BY_KEY, Check

Object = Mapping[str, Any]
_ANY: Final[Object] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: Final[Object] = {"type": "string"}
_TEXTS: Final[Object] = {"type": "object", "additionalProperties": _TEXT}
_TOLERATIONS: Final[Object] = {"type": "array", "items": _ANY}
HONOURED: Final[Object] = {
    "probeConfiguration": {
        "description": "`dns.host` is the name that the check of name servers asks for.",
        "type": "object",
        "properties": {"dns": {"type": "object", "properties": {"host": _TEXT}}},
    },
    "logLevel": {"description": "Of daemons and writer.", "type": "string", "enum": ["info", "debug"]},
    "checks": {**BY_KEY["checks"].schema, "description": "As in policies, for those that say nothing of a check."},
}
WITHOUT_MEANING: Final[Object] = {
    "affinity": _ANY,
    "infraAffinity": _ANY,
    "nodeSelector": _TEXTS,
    "infraNodeSelector": _TEXTS,
    "tolerations": _TOLERATIONS,
    "infraTolerations": _TOLERATIONS,
    "selfSignConfiguration": {
        "type": "object",
        "properties": dict.fromkeys(
            ("caRotateInterval", "caOverlapInterval", "certRotateInterval", "certOverlapInterval"), _TEXT
        ),
    },
    "metricsConfiguration": {"type": "object", "properties": {"bindAddress": _TEXT}},
}
SPEC: Final[Object] = {"type": "object", "properties": {**HONOURED, **WITHOUT_MEANING}}


class Settings(Frozen):
    """What a cluster says of all its nodes. `checks` counts where a policy says nothing; `log_level` empty: not
    stated.
    """

    checks: Mapping[str, Check] = BY_KEY["checks"].default
    log_level: str = ""


def counting(found: Iterable[Object]) -> Object | None:
    """The one that counts: the oldest."""
    return min(found, key=_age, default=None)


def settings(found: Iterable[Object]) -> Settings:
    """What counts of all that there are."""
    spec: Object = (counting(found) or {}).get("spec") or {}
    checks = {
        name: Check(each.get("enabled"), each.get("target"), each.get("timeoutSeconds"))
        for name, each in (spec.get("checks") or {}).items()
        if isinstance(each, Mapping)
    }
    host = ((spec.get("probeConfiguration") or {}).get("dns") or {}).get("host")
    if host and (dns := checks.get("dns", Check())).target is None:
        checks["dns"] = replace(dns, target=str(host))
    return Settings(checks, str(spec.get("logLevel") or ""))


def checks_of(stated: Mapping[str, Check], cluster: Mapping[str, Check]) -> dict[str, Check]:
    """The checks of a policy with the cluster's word where it has none."""
    return {name: _over(stated.get(name, Check()), cluster.get(name, Check())) for name in {*stated, *cluster}}


def statuses(found: Iterable[Object], now: str) -> dict[str, dict[str, Any]]:
    """The status of each NMState, by name. `now` is in the form of RFC 3339."""
    everything = list(found)
    first = counting(everything)
    return {_name(each): {"conditions": _conditions(each, first, now)} for each in everything}


def _conditions(each: Object, first: Object | None, now: str) -> list[Condition]:
    old = (each.get("status") or {}).get("conditions") or ()
    idle = sorted(key for key in each.get("spec") or {} if key in WITHOUT_MEANING)
    if first is not None and each is not first:
        return [
            condition("Available", "False", "NotTheOldest", f"NMState {_name(first)} is older and counts", now, old),
            condition("Degraded", "False", "NotTheOldest", "", now, old),
            condition("Progressing", "False", "NotTheOldest", "", now, old),
            condition("Ignored", TRUE, "NotTheOldest", f"NMState {_name(first)} is older and counts", now, old),
        ]
    made = [
        condition("Available", TRUE, "SuccessfullyDeployed", "", now, old),
        condition("Degraded", "False", "SuccessfullyDeployed", "", now, old),
        condition("Progressing", "False", "SuccessfullyDeployed", "", now, old),
    ]
    if idle:
        words = f"{', '.join(idle)}: without meaning here; the manifests of the agent say where it runs and listens"
        made.append(condition("PartlyIgnored", TRUE, "FieldsWithoutMeaning", words, now, old))
    return made


def _over(stated: Check, below: Check) -> Check:
    return Check(
        below.enabled if stated.enabled is None else stated.enabled,
        below.target if stated.target is None else stated.target,
        below.timeout_s if stated.timeout_s is None else stated.timeout_s,
    )


def _name(found: Object) -> str:
    return str((found.get("metadata") or {}).get("name"))


def _age(found: Object) -> tuple[str, str]:
    return str((found.get("metadata") or {}).get("creationTimestamp") or "~"), _name(found)
