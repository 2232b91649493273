"""NodeNetworkConfigurationEnactments, what became of a policy on a node, in kubernetes-nmstate's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.objects import conditions
from nncp_agent.objects.conditions import Row
from nncp_agent.objects.policy import Policy

KIND: Final = "NodeNetworkConfigurationEnactment"
API_VERSION: Final = "nmstate.io/v1beta1"
POLICY_LABEL: Final = "nmstate.io/policy"
NODE_LABEL: Final = "nmstate.io/node"

Object = Mapping[str, Any]


class Told(Frozen, kw_only=True):
    """What a node says of a policy's present generation.

    `desired` is the state with captures and templates resolved, `captured` what each capture found, `features` what of
    the language it uses, `retries` how often it was tried again. `differences` are lines of drift, `plan` the ops in
    words, `timings` the seconds of each phase; `deletion` is "Removed" or "Restored" once that is done.
    """

    row: Row
    message: str = ""
    reason: str = ""
    desired: Mapping[str, Any] | None = None
    captured: Mapping[str, Any] | None = None
    features: Sequence[str] = ()
    retries: int = 0
    drifted: str = ""
    conflict: str = ""
    differences: Sequence[str] = ()
    plan: Sequence[str] = ()
    timings: Mapping[str, float] | None = None
    deletion: str = ""


def name_of(node: str, policy: str) -> str:
    """What the enactment is called."""
    return f"{node}.{policy}"


def enactment(node: str, uid: str, policy: Policy, told: Told, now: str, old: Object | None = None) -> dict[str, Any]:
    """The whole object. `uid` is that of the Node, empty without a cluster; `old` is the object as it stands there."""
    before: Object = (old or {}).get("status") or {}
    metadata: dict[str, Any] = {
        "name": name_of(node, policy.name),
        "labels": {POLICY_LABEL: policy.name, NODE_LABEL: node},
    }
    if uid:
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid}]
    # Conditions of another generation say nothing about this one, so none of their times is kept.
    same = before.get("policyGeneration") == policy.generation
    status: dict[str, Any] = {
        "policyGeneration": policy.generation,
        "conditions": conditions.conditions(
            told.row,
            told.message,
            now,
            (before.get("conditions") or ()) if same else (),
            reason=told.reason,
            drifted=told.drifted,
            conflict=told.conflict,
        ),
        "retryCount": {str(policy.generation): told.retries} if told.retries else {},
    }
    stated = {
        "desiredState": told.desired,
        "capturedStates": told.captured,
        "features": list(told.features),
        "differences": list(told.differences),
        "plan": list(told.plan),
        "timings": told.timings,
        "deletion": told.deletion,
    }
    status |= {key: value for key, value in stated.items() if value}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "status": status}


def node_of(enactment: Object) -> str:
    """The node it is of; its label says so, else its name does."""
    metadata: Object = enactment.get("metadata") or {}
    label = (metadata.get("labels") or {}).get(NODE_LABEL)
    return str(label or _without(str(metadata.get("name") or ""), policy_of(enactment)))


def policy_of(enactment: Object) -> str:
    """The policy it is about; empty when its label is missing: a name alone does not say where it begins."""
    metadata: Object = enactment.get("metadata") or {}
    return str((metadata.get("labels") or {}).get(POLICY_LABEL) or "")


def generation_of(enactment: Object) -> int:
    """The generation of the policy it speaks of; 0 when it says none."""
    found = (enactment.get("status") or {}).get("policyGeneration")
    return found if isinstance(found, int) else 0


def conditions_of(enactment: Object) -> Sequence[Object]:
    """Its conditions, as they stand."""
    return (enactment.get("status") or {}).get("conditions") or ()


def row_of(enactment: Object | None, generation: int) -> Row:
    """How far the node is with this generation; UNSAID when it speaks of another."""
    if enactment is None or generation_of(enactment) != generation:
        return conditions.UNSAID
    return conditions.row_of(conditions_of(enactment))


def message_of(enactment: Object) -> str:
    """What its leading condition says."""
    return next(
        (str(each.get("message") or "") for each in conditions_of(enactment) if each.get("status") == "True"), ""
    )


def says_the_same(one: Object, other: Object) -> bool:
    """Whether two differ at most in the times of their conditions: then there is no need to write."""
    return _plain(one) == _plain(other)


def _plain(enactment: Object) -> tuple[Any, ...]:
    status: Object = enactment.get("status") or {}
    rest = {key: value for key, value in status.items() if key not in ("conditions", "timings") and value}
    return node_of(enactment), policy_of(enactment), conditions.without_times(conditions_of(enactment)), rest


def _without(name: str, policy: str) -> str:
    return name.removesuffix(f".{policy}") if policy else name
