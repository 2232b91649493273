"""Slots of rollouts: leave for one node to change itself for one generation of a policy, held as a Lease.

The writer makes one when a node that waits may begin, and takes it away when the node's enactment is final. The node
renews it before it begins and while it works, retries included; where it is gone, the node asks again. A node that
may never begin gets one that says so. The Lease is named after policy and node, so there is one at most for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from netkernel.digests import sha256
from netkernel.frozen import Frozen
from nncp_agent.objects.enactment import NODE_LABEL, POLICY_LABEL

KIND: Final = "Lease"
API_VERSION: Final = "coordination.k8s.io/v1"
NAMESPACE: Final = "nncp-agent"
"""Where the agent's Leases are unless somebody says otherwise."""
GENERATION_LABEL: Final = "nmstate.io/generation"
ANSWER_LABEL: Final = "nmstate.io/answer"
ABORTED: Final = "aborted"
GRANTED: Final = "granted"
DURATION_S: Final = 30
"""For so long a node may be silent that holds a slot."""
HEARTBEAT_S: Final = 10
_LONGEST: Final = 253
_BEATS: Final = "nncp-node."


class Slot(Frozen):
    """What a Lease says; `renewed` is its renewTime as it stands there, to see whether it was renewed since."""

    name: str
    policy: str
    node: str
    generation: int
    is_aborted: bool = False
    renewed: str = ""


def slot_name(policy: str, node: str) -> str:
    """The name of the Lease; with a hash where both names together are too long for one."""
    name = f"nncp-slot.{policy}.{node}"
    if len(name) <= _LONGEST:
        return name
    return f"nncp-slot.{sha256(name.encode()).hexdigest()[:32]}"


def heartbeat_name(node: str) -> str:
    """The Lease by which a node's daemon says that it is alive."""
    return f"{_BEATS}{node}"


def heartbeat_of(lease: Mapping[str, Any]) -> str:
    """The node whose daemon renews this Lease to say that it is alive; empty for any other."""
    name = str((lease.get("metadata") or {}).get("name") or "")
    return name.removeprefix(_BEATS) if name.startswith(_BEATS) else ""


def lease(
    policy: str, node: str, generation: int, now: str, *, namespace: str = NAMESPACE, aborted: bool = False
) -> dict[str, Any]:
    """The whole Lease. `now` is in the form of RFC 3339 with microseconds, as Leases have it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": slot_name(policy, node),
            "namespace": namespace,
            "labels": {
                POLICY_LABEL: policy,
                NODE_LABEL: node,
                GENERATION_LABEL: str(generation),
                ANSWER_LABEL: ABORTED if aborted else GRANTED,
            },
        },
        "spec": {
            "holderIdentity": node,
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": now,
            "renewTime": now,
        },
    }


def read(found: Mapping[str, Any]) -> Slot | None:
    """The slot that a Lease is; None for a Lease of another use."""
    metadata: Mapping[str, Any] = found.get("metadata") or {}
    labels: Mapping[str, str] = metadata.get("labels") or {}
    generation = labels.get(GENERATION_LABEL, "")
    if POLICY_LABEL not in labels or NODE_LABEL not in labels or not generation.isdecimal():
        return None
    return Slot(
        name=str(metadata.get("name")),
        policy=labels[POLICY_LABEL],
        node=labels[NODE_LABEL],
        generation=int(generation),
        is_aborted=labels.get(ANSWER_LABEL) == ABORTED,
        renewed=renewed(found),
    )


def renewed(found: Mapping[str, Any]) -> str:
    """When a Lease was renewed, as its holder's clock has it: good for seeing that it was, and for nothing else."""
    spec: Mapping[str, Any] = found.get("spec") or {}
    return f"{spec.get('renewTime') or spec.get('acquireTime') or ''} {spec.get('holderIdentity') or ''}"
