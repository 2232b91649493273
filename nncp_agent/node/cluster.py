"""Policies from a cluster, and what became of them told there: the doors of the engine of a node that is in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nncp_agent.kube.node_side import NodeSide, ready
from nncp_agent.node.doors import Answer, ThisNode
from nncp_agent.objects import policy as policies
from nncp_agent.objects import slots
from nncp_agent.objects.enactment import name_of, policy_of
from nncp_agent.objects.nmstate import settings
from nncp_agent.objects.policy import Check, Policy

ALWAYS: Final = {"apiServer": Check(), "nodeReadiness": Check()}
"""Checks that a node in a cluster has beside those of every host; the NMState or a policy may switch them off."""


class ClusterSource:
    """Implements `Source`. The node's side is a part of the daemon by itself."""

    def __init__(self, side: NodeSide) -> None:
        self._side = side
        self._read: dict[str, tuple[Any, Policy]] = {}

    def start(self, changed: Callable[[], None]) -> None:
        self._side.when_changed(changed)

    def stop(self) -> None:
        """What was told goes on being written until the node's side ends."""

    def read_again(self) -> None:
        self._side.list_anew()

    def policies(self) -> tuple[Policy, ...] | None:
        """None until all was heard once that decisions are made of, what this node said last included."""
        if not self._side.known:
            return None
        before, self._read = self._read, {}
        for item in self._side.policies.items():
            name = str(item["metadata"]["name"])
            # its status changes with every node, and says nothing that a node goes by
            told = {key: value for key, value in item.items() if key != "status"}
            told["metadata"] = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
            known = before.get(name)
            self._read[name] = known if known and known[0] == told else (told, policies.read(told)[0])
        return tuple(policy for _, policy in self._read.values())

    def node(self) -> ThisNode | None:
        found = self._side.nodes.get(self._side.node)
        if found is None:
            return None
        metadata = found["metadata"]
        return ThisNode(
            self._side.node,
            str(metadata.get("uid") or ""),
            labels=metadata.get("labels") or {},
            annotations=metadata.get("annotations") or {},
            ready=ready(found),
            checks={**ALWAYS, **settings(self._side.settings.items()).checks},
        )


class ClusterReports:
    """Implements `Reports`."""

    def __init__(self, side: NodeSide) -> None:
        self._side = side

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        return {policy: each for each in self._side.reports.standing().values() if (policy := policy_of(each))}

    def tell(self, enactment: dict[str, Any]) -> None:
        self._side.reports.tell(enactment)

    def forget(self, policy: str) -> None:
        self._side.reports.forget(name_of(self._side.node, policy))

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        self._side.event(policy, kind, reason, message)


class ClusterSlots:
    """Implements `Slots`: who waits says so in its enactment, and leave is a Lease that the writer makes."""

    def __init__(self, side: NodeSide) -> None:
        self._side = side

    def ask(self, policy: str, generation: int) -> Answer:
        name = slots.slot_name(policy, self._side.node)
        found = self._side.leases.get(name, self._side.namespace)
        slot = slots.read(found) if found is not None else None
        if slot is None or slot.generation != generation:
            return Answer.WAITING
        if slot.is_aborted:
            return Answer.ABORTED
        return Answer.GRANTED if self._side.held.hold(name) else Answer.WAITING

    def give_back(self, policy: str, generation: int, failed: bool) -> None:
        """The enactment says how it ended, and the writer takes the Lease away when it has seen that."""
        self._side.held.let_go(slots.slot_name(policy, self._side.node))
