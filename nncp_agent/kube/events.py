"""Events: what happens to objects, for people who ask kubectl."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, Final

from nncp_agent.kube import times
from nncp_agent.kube.client import Api, Object
from nncp_agent.kube.errors import Forbidden, Invalid, NotFound
from nncp_agent.kube.resources import EVENTS
from nncp_agent.kube.worker import Worker

MOST_WAITING: Final = 200
"""While the server is away the oldest are lost first."""
MOST_KNOWN: Final = 200
LONGEST: Final = 1000
"""Characters of a message; the server takes 1024 bytes."""
DEFAULT: Final = "default"
"""Where events stand of objects that are in no namespace."""


class Events:
    """Tells events in a thread of its own; the same again is counted instead. `node` is where they come from."""

    def __init__(self, api: Api, component: str, node: str = "") -> None:
        self._api = api
        self._component = component
        self._node = node
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Mapping[str, Any], str, str, str, str]] = deque(maxlen=MOST_WAITING)
        self._known: OrderedDict[tuple[str, ...], tuple[str, str, int]] = OrderedDict()
        self._worker = Worker("events", self._turn)

    def start(self) -> None:
        self._worker.start()

    @property
    def alive(self) -> bool:
        return self._worker.alive

    def stop(self) -> None:
        self._worker.wake()
        self._worker.stop(2.0)

    def tell(self, about: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        """`about` is the object, with kind, name and uid; `kind` is Normal or Warning. Never blocks."""
        with self._lock:
            self._waiting.append((about, kind, reason, message[:LONGEST], times.now()))
        self._worker.wake()

    def _turn(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                each = self._waiting[0]
            try:
                self._send(*each)
            except (Invalid, Forbidden):
                self._drop(each)  # the same will not be taken later either
                raise
            self._drop(each)

    def _drop(self, each: tuple[Mapping[str, Any], str, str, str, str]) -> None:
        with self._lock:
            if self._waiting and self._waiting[0] is each:
                self._waiting.popleft()

    def _send(self, about: Mapping[str, Any], kind: str, reason: str, message: str, now: str) -> None:
        metadata = about.get("metadata") or {}
        namespace = str(metadata.get("namespace") or DEFAULT)
        key = (str(metadata.get("uid")), str(metadata.get("name")), kind, reason, message)
        if (known := self._known.get(key)) is not None:
            name, _, count = known
            try:
                self._api.patch(EVENTS, name, {"count": count + 1, "lastTimestamp": now}, namespace)
            except NotFound:
                del self._known[key]
            else:
                self._remember(key, (name, namespace, count + 1))
                return
        made = self._api.create(EVENTS, self._event(about, kind, reason, message, now, namespace), namespace)
        self._remember(key, (str(made["metadata"]["name"]), namespace, 1))

    def _remember(self, key: tuple[str, ...], value: tuple[str, str, int]) -> None:
        self._known[key] = value
        self._known.move_to_end(key)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _event(
        self, about: Mapping[str, Any], kind: str, reason: str, message: str, now: str, namespace: str
    ) -> Object:
        metadata = about.get("metadata") or {}
        name = str(metadata.get("name") or "")
        involved = {"apiVersion": about.get("apiVersion"), "kind": about.get("kind"), "name": name}
        involved |= {key: metadata[key] for key in ("uid", "namespace", "resourceVersion") if metadata.get(key)}
        source = {"component": self._component, **({"host": self._node} if self._node else {})}
        return {
            "metadata": {"name": f"{name[:200]}.{secrets.token_hex(8)}", "namespace": namespace},
            "involvedObject": involved,
            "type": kind,
            "reason": reason,
            "message": message,
            "source": source,
            "reportingComponent": self._component,
            "reportingInstance": self._node or self._component,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
