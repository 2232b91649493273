"""All that a node's daemon has to do with a cluster: what it hears of, what it writes, and that it is alive.

It hears of every policy, and else only of what is its own: its Node, its state, its enactments, its slots. So what it
receives does not grow with the cluster. All that it writes is its own, too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from nncp_agent.kube import times
from nncp_agent.kube.client import Api, Object
from nncp_agent.kube.errors import NotFound
from nncp_agent.kube.events import Events
from nncp_agent.kube.lease import Heartbeat
from nncp_agent.kube.mirror import Mirror
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, PODS, POLICIES, SETTINGS, STATES
from nncp_agent.kube.watch import Reflector
from nncp_agent.kube.worker import Worker
from nncp_agent.objects import node_status, slots
from nncp_agent.objects.enactment import NODE_LABEL

COMPONENT: Final = "nmstate-handler"
"""Events come from where kubernetes-nmstate's come from."""
INSTALLATION: Final = {
    "COMPONENT": "app.kubernetes.io/component",
    "PART_OF": "app.kubernetes.io/part-of",
    "VERSION": "app.kubernetes.io/version",
    "MANAGED_BY": "app.kubernetes.io/managed-by",
}
"""Labels of all that the daemon makes, from the environment it was given, as kubernetes-nmstate has them."""
CHECKED_ANNOTATION: Final = "nmstate.io/last-checked"
"""On the node's Lease: when its state was last looked at. A quiet node and a frozen one differ in it."""
RENEW_S: Final = slots.DURATION_S / 3


class _Thread(Protocol):
    @property
    def alive(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> object: ...


class NodeSide:
    """A part of the daemon. `node` is the name of the Node, `namespace` where Leases are."""

    name = "cluster"

    def __init__(
        self, api: Api, node: str, namespace: str = slots.NAMESPACE, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.api: Final = api
        self.node: Final = node
        self.namespace: Final = namespace
        mine, named = f"{NODE_LABEL}={node}", f"metadata.name={node}"
        self.nodes: Final = Reflector(api, NODES, fields=named)
        self.policies: Final = Reflector(api, POLICIES)
        self.enactments: Final = Reflector(api, ENACTMENTS, labels=mine)
        self.leases: Final = Reflector(api, LEASES, namespace=namespace, labels=mine)
        self.states: Final = Reflector(api, STATES, fields=named)
        self.settings: Final = Reflector(api, SETTINGS)
        app, marker = node_status.MARKER_LABEL
        self.markers: Final = Reflector(api, PODS, labels=f"{app}={marker}", fields=f"spec.nodeName={node}")
        self.events: Final = Events(api, f"{node}.{COMPONENT}", node)
        labels = {label: environment[name] for name, label in INSTALLATION.items() if environment.get(name)}
        self.reports: Final = Mirror(api, ENACTMENTS, self.enactments, self.uid, labels)
        self.published: Final = Mirror(api, STATES, self.states, self.uid, labels)
        self.nodes.when_changed(self.reports.again)
        self.nodes.when_changed(self.published.again)
        self.held: Final = Held(api, namespace)
        name = slots.heartbeat_name(node)
        self._looked = ""
        self._looks = 0
        self._heart = Heartbeat(
            api, name, namespace, node, {NODE_LABEL: node}, lost=self.list_anew, annotations=self._annotations
        )
        self._reflectors = [
            *(self.nodes, self.policies, self.enactments, self.leases, self.states, self.settings, self.markers),
        ]
        self._others: list[_Thread] = [self.events, self.reports, self.published, self.held, self._heart]

    def start(self) -> None:
        for each in (*self._reflectors, *self._others):
            each.start()

    def stop(self) -> None:
        """What was told and is not yet written is tried for a little longer."""
        ending = [threading.Thread(target=each.stop) for each in self._others]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        for each in self._reflectors:
            each.stop()
        self.api.close()

    def looks(self) -> int:
        """Threads that wait for a server are well; one that a bug has ended is not."""
        self._looks += all(each.alive for each in (*self._reflectors, *self._others))
        return self._looks

    @property
    def known(self) -> bool:
        """Whether all that decisions are made of was heard at least once."""
        return all(each.synced for each in (self.nodes, self.policies, self.enactments, self.leases))

    def when_changed(self, changed: Callable[[], None]) -> None:
        """Of what decisions are made of."""
        for each in (self.nodes, self.policies, self.enactments, self.leases, self.settings, self.held):
            each.when_changed(changed)

    def serve(self, thread: _Thread) -> None:
        """Start and stop this one, too. Before `start`."""
        self._others.append(thread)

    def looked(self) -> None:
        """The state of this node was looked at, and is as published; the next heartbeat says when."""
        self._looked = times.now()

    def _annotations(self) -> Mapping[str, str]:
        return {CHECKED_ANNOTATION: self._looked} if self._looked else {}

    def list_anew(self) -> None:
        for each in self._reflectors:
            each.list_anew()

    def uid(self) -> str:
        """The Node's; "" while it is not known."""
        node = self.nodes.get(self.node)
        return str(node["metadata"].get("uid") or "") if node else ""

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        about = self.policies.get(policy) or POLICIES.whole({"metadata": {"name": policy}})
        self.events.tell(about, kind, reason, message)


class Held:
    """Renews the slots that this node works under, as long as it says so.

    A slot is ours when it was renewed once: what is remembered of it may be over by now.
    """

    def __init__(self, api: Api, namespace: str, every_s: float = RENEW_S) -> None:
        self._api = api
        self._namespace = namespace
        self._every_s = every_s
        self._lock = threading.Lock()
        self._names: dict[str, bool] = {}
        self._listeners: list[Callable[[], None]] = []
        self._worker = Worker("renew slots", self._renew)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    @property
    def alive(self) -> bool:
        return self._worker.alive

    def when_changed(self, changed: Callable[[], None]) -> None:
        self._listeners.append(changed)

    def hold(self, name: str) -> bool:
        """Whether it is ours; renewed at once, and again and again."""
        with self._lock:
            if name in self._names:
                return self._names[name]
            self._names[name] = False
        self._worker.wake()
        return False

    def let_go(self, name: str) -> None:
        """Its lease is the writer's to take away."""
        with self._lock:
            self._names.pop(name, None)

    def _renew(self) -> float | None:
        with self._lock:
            names = sorted(self._names)
        for name in names:
            try:
                renewed = {"spec": {"renewTime": times.now_exactly()}}
                self._api.patch(LEASES, name, renewed, self._namespace)
            except NotFound:
                self.let_go(name)
            else:
                self._confirm(name)
        return self._every_s if names else None

    def _confirm(self, name: str) -> None:
        with self._lock:
            news = self._names.get(name) is False
            if news:
                self._names[name] = True
        for listener in self._listeners if news else ():
            listener()


def ready(node: Object) -> bool | None:
    """What the kubelet says of its node; None where nobody says."""
    conditions: list[Mapping[str, Any]] = (node.get("status") or {}).get("conditions") or []
    said = next((each.get("status") for each in conditions if each.get("type") == "Ready"), None)
    return None if said is None else said == "True"
