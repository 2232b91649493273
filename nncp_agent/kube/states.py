"""The state of this node in a cluster: its NodeNetworkState, and what its Node says of its network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from netkernel.host import Host
from nncp_agent.kube import times
from nncp_agent.kube.errors import Conflict, Invalid, NotFound
from nncp_agent.kube.node_side import NodeSide
from nncp_agent.kube.resources import NODES
from nncp_agent.kube.worker import Worker
from nncp_agent.objects import node_state, node_status
from nncp_agent.objects.node_state import About
from nncp_agent.objects.node_status import NodeStatus


class StatePublisher:
    """Implements `node_state.doors.Publisher`. The node's side is started and stopped by somebody else."""

    def __init__(self, side: NodeSide, version: str) -> None:
        self._side = side
        self._version = version
        self._asked = ""
        self._uid = ""
        self._was_there = False

    def start(self, refresh: Callable[[], None]) -> None:
        def look() -> None:
            if self._is_wanted():
                refresh()

        self._side.states.when_changed(look)
        self._side.nodes.when_changed(look)

    def stop(self) -> None:
        """What was told goes on being written until the node's side ends."""

    def about(self) -> About | None:
        if not (self._side.states.synced and self._side.nodes.synced):
            return None
        uid = self._side.uid()
        return About(node=self._side.node, uid=uid, version=self._version) if uid else None

    def published(self) -> Mapping[str, Any] | None:
        return self._side.published.standing().get(self._side.node)

    def tell(self, state: dict[str, Any]) -> None:
        self._side.published.tell(state)

    def beat(self) -> None:
        """The node's Lease says it."""
        self._side.looked()

    def _is_wanted(self) -> bool:
        """A new look: the label is another one, the object is gone, or the node is one we did not know."""
        there, uid = self._side.states.get(self._side.node), self._side.uid()
        asked = node_state.refresh_of(there) if there is not None else ""
        wanted = (uid != self._uid) or (there is None and self._was_there) or (bool(asked) and asked != self._asked)
        self._uid, self._asked, self._was_there = uid, asked, there is not None
        return wanted


class NodeStatusWriter:
    """Implements `node_state.doors.Listener`: what is seen of bridges and links, the Node says; and says it again when
    it does not any more."""

    def __init__(self, side: NodeSide, tells_bridges: bool = True) -> None:
        """Without `tells_bridges` nothing is said of bridges, as nothing is while bridge-marker runs on the node."""
        self._side = side
        self._tells_bridges = tells_bridges
        self._lock = threading.Lock()
        self._wanted: NodeStatus | None = None
        self._worker = Worker("write node status", self._turn)
        side.nodes.when_changed(self._worker.wake)
        side.markers.when_changed(self._worker.wake)
        side.serve(self._worker)

    def seen(self, host: Host) -> None:
        status = node_status.status(host, self._tells_bridges)
        with self._lock:
            news, self._wanted = status != self._wanted, status
        if news:
            self._worker.wake()

    def _turn(self) -> float | None:
        node = self._side.nodes.get(self._side.node)
        with self._lock:
            wanted = self._wanted
        if node is None or wanted is None or not self._side.markers.synced:
            return None
        patch = node_status.patch(node, wanted, times.now(), node_status.marker_runs(self._side.markers.items()))
        if patch:
            try:
                self._side.api.operate(NODES, self._side.node, patch, subresource="status")
            except (Conflict, Invalid, NotFound):
                """Somebody was faster; the news of that wakes us up."""
        return None
