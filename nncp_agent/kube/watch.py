"""What an API server has of one resource, kept up to date by a list and the watch that follows it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from nncp_agent.kube import errors
from nncp_agent.kube.backoff import Backoff
from nncp_agent.kube.client import Api, Object
from nncp_agent.kube.errors import Gone
from nncp_agent.kube.resources import Resource
from nncp_agent.kube.stream import Stream
from nncp_agent.kube.worker import Worker

log = logging.getLogger(__name__)

WATCH_S: Final = range(240, 480)
"""A watch is asked for so long, by chance: servers restart, and their watchers spread by and by."""
EARLY: Final = 0.9
"""A watch that ends before this part of its time was ended by a server that goes, and what comes after it may be one
with another store, whose versions mean nothing to us."""
Key = tuple[str, str]


def slim(item: Object) -> Object:
    """Without what nobody here reads: who set which field is often half of an object."""
    metadata = item.get("metadata") or {}
    return {**item, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


class Reflector:
    """Runs a thread of its own between `start` and `stop`. Values it hands out are never changed afterwards.

    `labels` and `fields` are selectors, so that no more is sent than somebody wants. `changed` is called from its
    thread whenever `items` may be others; it must be cheap. `kept` is what is remembered of each object.
    While the server is away, the last that was known stands.
    """

    def __init__(
        self,
        api: Api,
        resource: Resource,
        changed: Callable[[], None] = lambda: None,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        kept: Callable[[Object], Object] = slim,
        backoff: Backoff | None = None,
    ) -> None:
        self._api = api
        self._resource = resource
        self._listeners = [changed]
        self._namespace = namespace
        self._selectors: Mapping[str, str] = {"labels": labels, "fields": fields}
        self._kept = kept
        self._lock = threading.Lock()
        self._items: dict[Key, Object] = {}
        self._synced = threading.Event()
        self._anew = threading.Event()
        self._stream: Stream | None = None
        self._version = ""
        self._lists = 0
        self._worker = Worker(f"watch {resource.plural}", self._turn, backoff)

    def when_changed(self, changed: Callable[[], None]) -> None:
        """One more who is told, from the next change on."""
        self._listeners.append(changed)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Returns when its thread is through."""
        self._worker.stopping.set()
        self._cut()
        self._worker.stop()

    @property
    def alive(self) -> bool:
        return self._worker.alive

    @property
    def synced(self) -> bool:
        """Whether `items` has ever been what the server has."""
        return self._synced.is_set()

    @property
    def lists(self) -> int:
        """How often all was listed: what is missing after the next one is really not there."""
        return self._lists

    def wait_until_synced(self, within_s: float) -> bool:
        return self._synced.wait(within_s)

    def items(self) -> tuple[Object, ...]:
        """By namespace and name."""
        with self._lock:
            return tuple(self._items[key] for key in sorted(self._items))

    def get(self, name: str, namespace: str = "") -> Object | None:
        with self._lock:
            return self._items.get((namespace, name))

    def list_anew(self) -> None:
        """Somebody has seen a server that does not know what it should: believe nothing that is remembered."""
        self._anew.set()
        self._worker.wake()
        self._cut()

    def _turn(self) -> float:
        """A list where one is due, and one watch."""
        try:
            if not self._version or self._anew.is_set():
                self._anew.clear()
                self._list()
            self._watch()
        except Gone as gone:
            log.info("%s: %s", self._resource.plural, gone)
            self._version = ""
        except errors.ApiError:
            self._version = ""
            raise
        return 0.0

    def _list(self) -> None:
        listing = self._api.list(self._resource, self._namespace, **self._selectors)
        found = {_key(item): self._kept(item) for item in listing.items}
        with self._lock:
            self._items = found
            self._lists += 1
        self._version = listing.version
        self._synced.set()
        self._tell()

    def _watch(self) -> None:
        for_s, began = random.choice(WATCH_S), time.monotonic()
        try:
            with self._api.watch(
                self._resource,
                self._namespace,
                version=self._version,
                for_s=for_s,
                opened=self._opened,
                **self._selectors,
            ) as events:
                for event in events:
                    self._take(str(event.get("type")), event.get("object") or {})
                    self._worker.well()
        finally:
            self._stream = None
        if time.monotonic() - began < for_s * EARLY and not (self._anew.is_set() or self._worker.stopping.is_set()):
            raise errors.Unavailable("the watch ended early")

    def _take(self, kind: str, item: Object) -> None:
        if kind == "ERROR":
            raise errors.of(int(item.get("code") or 0), item)
        version = str((item.get("metadata") or {}).get("resourceVersion") or "")
        self._version = version or self._version
        if kind in ("ADDED", "MODIFIED", "DELETED"):
            with self._lock:
                if kind == "DELETED":
                    self._items.pop(_key(item), None)
                else:
                    self._items[_key(item)] = self._kept(self._resource.whole(item))
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _opened(self, stream: Stream) -> None:
        self._stream = stream
        if self._worker.stopping.is_set() or self._anew.is_set():
            stream.end()

    def _cut(self) -> None:
        if (stream := self._stream) is not None:
            stream.end()


def _key(item: Object) -> Key:
    metadata = item.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
