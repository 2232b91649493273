"""The pods and VMs of this node in a cluster, as far as their MAC addresses go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from nncp_agent.kube.backoff import Backoff
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import PODS, Resource
from nncp_agent.kube.watch import Reflector
from nncp_agent.objects import mac_collisions
from nncp_agent.objects.mac_collisions import MACHINE, Holder

MACHINES: Final = Resource("kubevirt.io", "v1", "virtualmachineinstances", MACHINE, namespaced=True)
NODE_LABEL: Final = "kubevirt.io/nodeName"
"""By which KubeVirt says where a VM runs."""
_WITHOUT_KUBEVIRT_S: Final = (2.0, 600.0)
"""How often is asked whether it is there: at first soon, then so that thousands of nodes cost the API nothing."""
_VERSIONS: Final = {"Pod": "v1", "Node": "v1", MACHINE: MACHINES.api_version}

Object = dict[str, Any]


class Telling(Protocol):
    """Who makes Events."""

    def tell(self, about: Mapping[str, Any], kind: str, reason: str, message: str) -> None: ...


class ClusterGuests:
    """Implements `node_state.collisions.Guests`. `uid` is that of the Node, empty while it is not known.

    Where there is no KubeVirt, or we may not see its VMs, there are none.
    """

    def __init__(self, api: Api, node: str, uid: Callable[[], str], events: Telling) -> None:
        self._node = node
        self._uid = uid
        self._events = events
        self._pods = Reflector(api, PODS, fields=f"spec.nodeName={node}", kept=kept_pod)
        seldom = Backoff(*_WITHOUT_KUBEVIRT_S)
        self._machines = Reflector(api, MACHINES, labels=f"{NODE_LABEL}={node}", kept=kept_machine, backoff=seldom)

    def start(self, changed: Callable[[], None]) -> None:
        for each in (self._pods, self._machines):
            each.when_changed(changed)
            each.start()

    def stop(self) -> None:
        for each in (self._pods, self._machines):
            each.stop()

    def node(self) -> Holder | None:
        return Holder("Node", "", self._node, uid) if (uid := self._uid()) else None

    def pods(self) -> Sequence[Mapping[str, Any]] | None:
        return self._pods.items() if self._pods.synced else None

    def machines(self) -> Sequence[Mapping[str, Any]] | None:
        return self._machines.items()

    def event(self, holder: Holder, reason: str, message: str) -> None:
        metadata = {"name": holder.name, "uid": holder.uid}
        if holder.namespace:
            metadata["namespace"] = holder.namespace
        about = {"apiVersion": _VERSIONS[holder.kind], "kind": holder.kind, "metadata": metadata}
        self._events.tell(about, "Warning", reason, message)


def kept_pod(pod: Object) -> Object:
    """What is remembered of one: a node has hundreds, and each is kilobytes."""
    metadata: Object = pod.get("metadata") or {}
    label, annotation = mac_collisions.LAUNCHER[0], mac_collisions.STATUS
    return {
        "metadata": {
            **_named(metadata),
            "labels": _only(metadata.get("labels"), label),
            "annotations": _only(metadata.get("annotations"), annotation),
        },
        "status": _only(pod.get("status"), "phase"),
    }


def kept_machine(machine: Object) -> Object:
    """Likewise: its interfaces, asked for and there."""
    domain: Object = (machine.get("spec") or {}).get("domain") or {}
    return {
        "metadata": _named(machine.get("metadata") or {}),
        "spec": {"domain": {"devices": _only(domain.get("devices"), "interfaces")}},
        "status": _only(machine.get("status"), "phase", "interfaces"),
    }


def _named(metadata: Object) -> Object:
    return _only(metadata, "name", "namespace", "uid", "resourceVersion")


def _only(found: Mapping[str, Any] | None, *keys: str) -> Object:
    return {key: found[key] for key in keys if key in found} if found else {}
