"""Objects as they stand in a cluster or below a run directory."""

from __future__ import annotations

from typing import Any

from netkernel.documents import Document
from nncp_agent.objects import conditions
from nncp_agent.objects.conditions import Row
from nncp_agent.objects.enactment import Told, enactment
from nncp_agent.objects.policy import Policy

LONG_AGO, LATER = "2026-11-25T10:00:00Z", "2026-11-25T12:00:00Z"


def policy(
    name: str, row: Row | None = None, message: str = "", *, generation: int = 1, observed: int = 1, **spec: Any
) -> Any:
    """One with a status, if `row` is given."""
    made: dict[str, Any] = {
        "apiVersion": "nmstate.io/v1",
        "kind": "NodeNetworkConfigurationPolicy",
        "metadata": {"name": name, "generation": generation, "creationTimestamp": LONG_AGO},
        "spec": {"desiredState": {}, **spec},
    }
    if row:
        made["status"] = {"observedGeneration": observed, "conditions": conditions.conditions(row, message, LATER)}
    return made


def report(node: str, name: str, row: Row, message: str = "", *, generation: int = 1, drifted: str = "") -> Any:
    about = Policy(name=name, generation=generation, desired=Document({}))
    return enactment(node, "", about, Told(row=row, message=message, drifted=drifted), LATER)


def node(name: str, ready: str = "True", **capacity: str) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "capacity": capacity},
    }


def state(name: str, *interfaces: str) -> Any:
    shown = [{"name": each, "type": "ethernet", "state": "up"} for each in interfaces]
    return {
        "apiVersion": "nmstate.io/v1beta1",
        "kind": "NodeNetworkState",
        "metadata": {"name": name},
        "status": {"currentState": {"interfaces": shown}, "lastSuccessfulUpdateTime": LATER},
    }
