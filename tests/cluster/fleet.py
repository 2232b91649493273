"""Many nodes in one process: what their daemons say to the API, without anything behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from nncp_agent.kube.lease import lease
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, POLICIES
from nncp_agent.kube.times import now, now_exactly
from nncp_agent.kube.watch import Reflector
from nncp_agent.objects import conditions as c
from nncp_agent.objects import slots
from nncp_agent.objects.enactment import POLICY_LABEL, Told, enactment
from nncp_agent.objects.policy import Policy, read
from nncp_agent.objects.selectors import matches

AGAIN_S = 0.3
Object = dict[str, Any]
Outcome = Callable[[str, Policy], c.Row | None]
"""What comes of a node's apply; None: it never ends."""


def well(node: str, policy: Policy) -> c.Row:
    return c.AVAILABLE


def labels(node: str) -> dict[str, str]:
    return {"kubernetes.io/hostname": node}


class Fleet:
    """Nodes `n000`, `n001`, … that do what daemons do, between `start` and `stop`."""

    def __init__(
        self, api: Api, count: int, outcome: Outcome = well, namespace: str = slots.NAMESPACE, workers: int = 8
    ) -> None:
        self.nodes = [f"n{number:03}" for number in range(count)]
        self.outcome = outcome
        self.dead: set[str] = set()
        self.most_at_once = 0
        self.at_work: set[tuple[str, str]] = set()
        self._api, self._namespace = api, namespace
        self._said: dict[tuple[str, str], Object] = {}
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._busy: set[tuple[str, str]] = set()
        self._crew = ThreadPoolExecutor(workers)
        self._policies = Reflector(api, POLICIES, self._changed.set)
        self._slots = Reflector(api, LEASES, self._changed.set, namespace=namespace, labels=POLICY_LABEL)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._run, self._beat_all)]

    def register(self) -> None:
        """The Nodes, ready, and a sign of life of each."""
        list(self._crew.map(self._register, self.nodes))

    def start(self) -> None:
        self._policies.start()
        self._slots.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._changed.set()
        for thread in self._threads:
            thread.join()
        self._crew.shutdown()
        self._policies.stop()
        self._slots.stop()

    def look(self) -> None:
        """Somebody lives again."""
        self._changed.set()

    def forget(self) -> None:
        """What was said of policies that are gone."""
        self._said = {}

    def beat(self, node: str) -> None:
        """It is alive."""
        made = lease(slots.heartbeat_name(node), node, slots.DURATION_S)
        self._api.apply(LEASES, made, node, self._namespace)

    def say(self, node: str, policy: Policy, row: c.Row, message: str = "") -> None:
        """The enactment, as the daemon writes it."""
        key = (node, policy.name)
        made = enactment(node, "", policy, Told(row=row, message=message), now(), self._said.get(key))
        name, status = made["metadata"]["name"], [{"op": "add", "path": "/status", "value": made["status"]}]
        for _ in range(2):
            try:
                self._api.operate(ENACTMENTS, name, status, subresource="status")
                self._said[key] = made
                return
            except NotFound:
                try:
                    self._api.create(ENACTMENTS, made)
                except AlreadyExists:
                    continue

    def _register(self, node: str) -> None:
        self._api.create(NODES, {"metadata": {"name": node, "labels": labels(node)}})
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        self._api.patch(NODES, node, {"status": ready}, subresource="status")
        self.beat(node)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._changed.wait()
            self._changed.clear()
            if self._policies.synced and self._slots.synced:
                policies = [read(each)[0] for each in self._policies.items()]
                held = {each["metadata"]["name"]: each for each in self._slots.items()}
                self._all_live(policies, held)

    def _beat_all(self) -> None:
        while not self._ended.wait(slots.HEARTBEAT_S):
            for node in self.nodes:
                if node not in self.dead and not self._ended.is_set():
                    self._crew.submit(self.beat, node)

    def _all_live(self, policies: list[Policy], held: dict[str, Object]) -> None:
        for policy in policies:
            for node in self.nodes:
                key = (node, policy.name)
                if node not in self.dead and key not in self._busy and matches(policy, node, labels(node)):
                    step = self._step(node, policy, held.get(slots.slot_name(policy.name, node)))
                    if step is not None:
                        self._busy.add(key)
                        self._crew.submit(self._take, key, step)

    def _take(self, key: tuple[str, str], step: Callable[[], None]) -> None:
        try:
            step()
        except ApiError:
            self._ended.wait(AGAIN_S)
        finally:
            self._busy.discard(key)
            self._changed.set()

    def _step(self, node: str, policy: Policy, found: Object | None) -> Callable[[], None] | None:
        """What the node does next, if anything."""
        said = self._said.get((node, policy.name))
        is_new = said is None or said["status"]["policyGeneration"] != policy.generation
        row = c.UNSAID if is_new or said is None else c.row_of(said["status"]["conditions"])
        slot = slots.read(found) if found else None
        if row in c.FINAL or row is c.PROGRESSING:
            return None
        if slot is None or slot.generation != policy.generation:
            return None if row is c.PENDING else partial(self.say, node, policy, c.PENDING)
        if slot.is_aborted:
            return partial(self.say, node, policy, c.ABORTED)
        return partial(self._begin, node, policy, slot)

    def _begin(self, node: str, policy: Policy, slot: slots.Slot) -> None:
        if self._renewed(slot):
            self._work(node, policy)

    def _renewed(self, slot: slots.Slot) -> bool:
        try:
            self._api.patch(LEASES, slot.name, {"spec": {"renewTime": now_exactly()}}, self._namespace)
        except (NotFound, Conflict):
            return False
        return True

    def _work(self, node: str, policy: Policy) -> None:
        self.at_work.add((node, policy.name))
        self.most_at_once = max(self.most_at_once, len(self.at_work))
        try:
            self.say(node, policy, c.PROGRESSING)
            row = self.outcome(node, policy)
            while row is not None and not self._ended.is_set():
                try:
                    self.say(node, policy, row, "it did not work" if row is c.FAILED else "")
                    return
                except ApiError:
                    self._ended.wait(AGAIN_S)
        finally:
            self.at_work.discard((node, policy.name))
