"""Leases: a word that somebody is there, which is true for as long as it is said again."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from nncp_agent.kube import times
from nncp_agent.kube.client import Api, Object
from nncp_agent.kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from nncp_agent.kube.resources import LEASES
from nncp_agent.kube.worker import Worker

log = logging.getLogger(__name__)

DURATION_S: Final = 30
RENEW_S: Final = 10.0
LEADS_S: Final = 15
"""A leader is followed by another when it has not said for so long that it is there."""


def lease(name: str, holder: str, duration_s: int, labels: Mapping[str, str] | None = None) -> Object:
    """One that says that `holder` is there now."""
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name, **({"labels": dict(labels)} if labels else {})},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": duration_s, "renewTime": times.now_exactly()},
    }


def holder_of(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def duration_of(lease: Object) -> float:
    return float((lease.get("spec") or {}).get("leaseDurationSeconds") or DURATION_S)


def renewed_of(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("renewTime") or "")


class Freshness:
    """Whether leases are still renewed, by this process's own clock: whatever clock their holders go by, and however it
    jumps, what counts is for how long we have not seen a renewal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}

    def expired(self, lease: Object) -> bool:
        """Call it with the lease as it is now, and again. Its first sight counts as a renewal."""
        return self.left_s(lease) <= 0

    def left_s(self, lease: Object) -> float:
        """How long it holds if it is not renewed; negative when it does not any more."""
        metadata = lease.get("metadata") or {}
        key, renewed, now = (str(metadata.get("name")), str(metadata.get("uid"))), renewed_of(lease), self._clock()
        before, since = self._seen.get(key, (None, now))
        if renewed != before:
            since = now
            self._seen[key] = (renewed, now)
        return since + duration_of(lease) - now

    def forget_all_but(self, leases: Mapping[str, Object] | tuple[Object, ...]) -> None:
        """Those that are gone need no memory."""
        items = leases.values() if isinstance(leases, Mapping) else leases
        there = {(str(each["metadata"]["name"]), str(each["metadata"].get("uid"))) for each in items}
        self._seen = {key: value for key, value in self._seen.items() if key in there}


class Heartbeat:
    """Renews one lease for as long as it runs; `labels` tell what it is for.

    `lost` is called when the server has forgotten ours: it has another store.
    """

    def __init__(
        self,
        api: Api,
        name: str,
        namespace: str,
        holder: str,
        labels: Mapping[str, str] | None = None,
        *,
        lost: Callable[[], None] = lambda: None,
        annotations: Callable[[], Mapping[str, str]] = dict,
        every_s: float = RENEW_S,
        duration_s: int = DURATION_S,
    ) -> None:
        self._api = api
        self._name = name
        self._namespace = namespace
        self._holder = holder
        self._labels = labels
        self._lost = lost
        self._annotations = annotations
        self._every_s = every_s
        self._duration_s = duration_s
        self._uid = ""
        self._worker = Worker(f"lease {name}", self._renew)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    @property
    def alive(self) -> bool:
        return self._worker.alive

    def _renew(self) -> float:
        body = lease(self._name, self._holder, self._duration_s, self._labels)
        body["metadata"]["annotations"] = dict(self._annotations())
        uid = str(self._api.apply(LEASES, body, self._holder, self._namespace)["metadata"].get("uid"))
        if self._uid and uid != self._uid:
            self._lost()
        self._uid = uid
        return self._every_s * random.uniform(0.9, 1.0)


class Elector:
    """Has one lease, or waits for it. `changed` is called from its thread when `leads` is another.

    `leads` is false from two thirds of the lease's time without a renewal, so before anybody else can have it.
    """

    def __init__(
        self,
        api: Api,
        name: str,
        namespace: str,
        identity: str,
        changed: Callable[[], None] = lambda: None,
        *,
        duration_s: int = LEADS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._changed = changed
        self._duration_s = duration_s
        self._clock = clock
        self._freshness = Freshness(clock)
        self._until = 0.0
        self._led = False
        self._lock = threading.Lock()
        self._worker = Worker(f"election {name}", self._turn)
        self.start = self._worker.start

    @property
    def alive(self) -> bool:
        return self._worker.alive

    @property
    def leads(self) -> bool:
        return self._clock() < self._until

    def stop(self) -> None:
        """Gives it back, so that the next need not wait for its end."""
        self._worker.stop()
        if self.leads:
            self._until = 0.0
            self._give_back()
        self._tell()

    def _turn(self) -> float:
        began = self._clock()
        try:
            if self._take():
                self._until = began + self._duration_s * 2 / 3
        finally:
            self._tell()
        return self._duration_s / (5 if self.leads else 8) * random.uniform(0.8, 1.0)

    def _take(self) -> bool:
        """Whether it is ours, for another while."""
        wanted = lease(self._name, self._identity, self._duration_s)
        try:
            found = self._api.get(LEASES, self._name, self._namespace)
        except NotFound:
            try:
                self._api.create(LEASES, wanted, self._namespace)
            except AlreadyExists:
                return False
            return True
        holder = holder_of(found)
        if holder not in ("", self._identity) and not self._freshness.expired(found):
            return False
        body: dict[str, Any] = {**found, "spec": {**(found.get("spec") or {}), **wanted["spec"]}}
        if holder != self._identity:
            body["spec"]["leaseTransitions"] = int(body["spec"].get("leaseTransitions") or 0) + 1
        try:
            self._api.replace(LEASES, body, self._namespace)
        except Conflict:
            return False
        return True

    def _give_back(self) -> None:
        given = {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}
        try:
            self._api.patch(LEASES, self._name, given, self._namespace)
        except ApiError as error:
            log.info("%s: not given back, it ends by itself: %s", self._name, error)

    def _tell(self) -> None:
        with self._lock:
            leads = self.leads
            news, self._led = leads != self._led, leads
        if news:
            log.info("%s: %s", self._name, "this one writes" if leads else "another one writes, or nobody")
            self._changed()
