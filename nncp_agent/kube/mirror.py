"""Objects of ours that stand in a cluster as they were told, whatever happens to the server or to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from netkernel.errors import NetworkError
from nncp_agent.kube.client import Api, Object
from nncp_agent.kube.errors import AlreadyExists, NotFound
from nncp_agent.kube.resources import Resource
from nncp_agent.kube.watch import Reflector
from nncp_agent.kube.worker import Worker

LAST_WORDS_S: Final = 3.0
"""At the end one goes on for so long with what was not yet written."""


class Mirror:
    """`tell` and `forget` never block: a thread writes, the last word on each object wins, and is repeated until it is
    there. What somebody deletes, or the server loses, is made again.

    The resource has a status of its own. `there` shows what the server has, and is started by its owner. `owner` is the
    uid of the Node that objects belong to, "" while nobody knows it; `labels` are given to each object.
    """

    def __init__(
        self,
        api: Api,
        resource: Resource,
        there: Reflector,
        owner: Callable[[], str] = lambda: "",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._api = api
        self._resource = resource
        self._there = there
        self._owner = owner
        self._labels = dict(labels or {})
        self._lock = threading.Lock()
        self._wanted: dict[str, Object | None] = {}
        self._due: dict[str, int] = {}
        self._seen: set[str] = set()
        self._lists = 0
        self._owned_by = ""
        self._told = 0
        self._worker = Worker(f"write {resource.plural}", self._turn)
        there.when_changed(self._compare)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """What is not yet written is tried for a little longer."""
        deadline = time.monotonic() + LAST_WORDS_S
        idle = threading.Event()
        while self._worker.alive and self._is_due() and time.monotonic() < deadline:
            idle.wait(0.01)
        self._worker.stop(LAST_WORDS_S)

    @property
    def alive(self) -> bool:
        return self._worker.alive

    def tell(self, item: Object) -> None:
        self._want(str(item["metadata"]["name"]), item)

    def forget(self, name: str) -> None:
        """Delete it; absent is success."""
        self._want(name, None)

    def standing(self) -> dict[str, Object]:
        """What the server has, with what was told and may be on its way over it."""
        found = {str(item["metadata"]["name"]): item for item in self._there.items()}
        with self._lock:
            for name, item in self._wanted.items():
                if item is None:
                    found.pop(name, None)
                else:
                    found[name] = item
        return found

    def again(self) -> None:
        """The owner may be another one."""
        self._compare()

    def _is_due(self) -> bool:
        with self._lock:
            return bool(self._due)

    def _want(self, name: str, item: Object | None) -> None:
        with self._lock:
            self._wanted[name] = item
            self._mark(name)
        self._worker.wake()

    def _mark(self, name: str) -> None:
        self._told += 1
        self._due[name] = self._told

    def _compare(self) -> None:
        """After news of what is there. What was there and is not, or was not in a whole list, has to be made again."""
        owner = self._owner()
        with self._lock:
            lists, listed_anew = self._there.lists, self._there.lists != self._lists
            self._lists = lists
            is_other = bool(owner) and owner != self._owned_by
            for name, item in self._wanted.items():
                if item is None:
                    continue
                if (there := self._there.get(name)) is not None:
                    self._seen.add(name)
                elif name in self._seen or listed_anew:
                    self._seen.discard(name)
                    self._mark(name)
                if is_other and there is not None:
                    self._mark(name)
            self._owned_by = owner or self._owned_by
            due = bool(self._due)
        if due:
            self._worker.wake()

    def _turn(self) -> None:
        """Write all that is due, in the order of telling. Raises ApiError; what is not written stays due."""
        while True:
            with self._lock:
                if not self._due:
                    return
                name = min(self._due, key=self._due.__getitem__)
                number, item = self._due[name], self._wanted[name]
            try:
                self._write(name, item)
            except NetworkError:
                self._last_in_line(name, number)
                raise
            with self._lock:
                if self._due.get(name) == number:
                    del self._due[name]
                    if item is None and self._wanted.get(name, item) is None:
                        self._wanted.pop(name, None)

    def _last_in_line(self, name: str, number: int) -> None:
        """One that the server does not take must not keep others from being written."""
        with self._lock:
            if self._due.get(name) == number:
                self._mark(name)

    def _write(self, name: str, item: Object | None) -> None:
        if item is None:
            with suppress(NotFound):
                self._api.delete(self._resource, name)
            return
        body = self._dressed(item)
        there = self._there.get(name)
        if there is None:
            self._make(body)
        elif not _has(there, body):
            self._api.patch(self._resource, name, {"metadata": body["metadata"]})
        try:
            self._write_status(name, body)
        except NotFound:
            self._make(body)
            self._write_status(name, body)

    def _make(self, body: Object) -> None:
        try:
            self._api.create(self._resource, {key: value for key, value in body.items() if key != "status"})
        except AlreadyExists:
            self._api.patch(self._resource, body["metadata"]["name"], {"metadata": body["metadata"]})

    def _write_status(self, name: str, body: Object) -> None:
        status = [{"op": "add", "path": "/status", "value": body.get("status") or {}}]
        self._api.operate(self._resource, name, status, subresource="status")

    def _dressed(self, item: Object) -> Object:
        """With the labels of this installation, and owned by the Node as it is now."""
        metadata: dict[str, Any] = {
            **item["metadata"],
            "labels": {**self._labels, **(item["metadata"].get("labels") or {})},
        }
        if (uid := self._owner()) and (owners := metadata.get("ownerReferences")):
            metadata["ownerReferences"] = [{**each, "uid": uid} for each in owners]
        return {**self._resource.whole(item), "metadata": metadata}


def _has(there: Object, body: Object) -> bool:
    """Whether what is there has these labels and owners, whatever else it has."""
    old, new = there["metadata"], body["metadata"]
    labels = old.get("labels") or {}
    return all(labels.get(key) == value for key, value in new["labels"].items()) and (
        old.get("ownerReferences") or []
    ) == (new.get("ownerReferences") or [])
