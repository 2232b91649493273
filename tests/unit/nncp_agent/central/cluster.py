"""A cluster in memory: a server whose watches lag, daemons that die, and the writer's own code between them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nncp_agent.central.act import Hands
from nncp_agent.central.decide import decide
from nncp_agent.central.view import Sources, View
from nncp_agent.kube.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound, Unavailable
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, POLICIES, SETTINGS, Resource
from nncp_agent.objects import conditions as c
from nncp_agent.objects import slots
from nncp_agent.objects.enactment import Told, enactment, row_of
from nncp_agent.objects.policy import read
from nncp_agent.objects.rollout import limit

Object = dict[str, Any]
Event = tuple[str, Object | None]


class Server:
    """Objects by resource and name, and everything that ever happened to them. `fails` makes a write fail."""

    def __init__(self, fails: Callable[[], bool] = lambda: False) -> None:
        self.events: dict[str, list[Event]] = {}
        self.objects: dict[str, dict[str, Object]] = {}
        self.writes: list[str] = []
        self._fails = fails
        self._version = 0

    def all(self, resource: Resource) -> dict[str, Object]:
        return self.objects.setdefault(resource.plural, {})

    def put(self, resource: Resource, found: Object) -> Object:
        """As whoever else writes does it, always."""
        self._version += 1
        name = found["metadata"]["name"]
        old = self.all(resource).get(name, {"metadata": {"uid": f"uid-{self._version}"}})
        stays = {"uid": old["metadata"]["uid"], "resourceVersion": str(self._version)}
        made = {**copy.deepcopy(found), "metadata": {**found["metadata"], **stays}}
        self.all(resource)[name] = made
        self.events.setdefault(resource.plural, []).append((name, made))
        return made

    def drop(self, resource: Resource, name: str) -> None:
        if self.all(resource).pop(name, None) is not None:
            self.events.setdefault(resource.plural, []).append((name, None))

    def create(self, resource: Resource, body: Object, namespace: str = "") -> Object:
        self._ask(f"create {resource.plural}")
        if body["metadata"]["name"] in self.all(resource):
            raise AlreadyExists("there already", 409)
        return self.put(resource, body)

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        self._ask(f"delete {resource.plural}")
        found = self.all(resource).get(name)
        if found is None:
            raise NotFound("not there", 404)
        if uid and found["metadata"]["uid"] != uid:
            raise Conflict("another one", 409)
        self.drop(resource, name)

    def operate(
        self, resource: Resource, name: str, body: list[Object], namespace: str = "", *, subresource: str = ""
    ) -> Object:
        self._ask(f"patch {resource.plural}{'/' if subresource else ''}{subresource}")
        found = self.all(resource).get(name)
        if found is None:
            raise NotFound("not there", 404)
        made = copy.deepcopy(found)
        for each in body:
            *way, last = each["path"].strip("/").split("/")
            there = made
            for key in way:
                there = there[key]
            if each["op"] == "test" and there.get(last) != each["value"]:
                raise Invalid("test failed", 422)
            if each["op"] == "add":
                there[last] = each["value"]
        if made["metadata"].get("deletionTimestamp") and not made["metadata"].get("finalizers"):
            self.drop(resource, name)
            return made
        return self.put(resource, made)

    def _ask(self, what: str) -> None:
        if self._fails():
            raise Unavailable("busy", 503)
        self.writes.append(what)


class Watch:
    """What has arrived of a resource's events."""

    synced = True

    def __init__(self, server: Server, resource: Resource, only: Callable[[Object], bool] = lambda _: True) -> None:
        self._server, self._plural, self._only = server, resource.plural, only
        self._place = 0
        self._items: dict[str, Object] = {}

    def items(self) -> tuple[Object, ...]:
        return tuple(self._items[name] for name in sorted(self._items))

    def arrive(self, count: int) -> None:
        """So many more events."""
        events = self._server.events.get(self._plural, [])
        for name, found in events[self._place : self._place + count]:
            if found is not None and self._only(found):
                self._items[name] = found
            else:
                self._items.pop(name, None)
        self._place = min(len(events), self._place + count)

    def list_anew(self) -> None:
        """The watch was lost: everything as it is, at once."""
        self._place = len(self._server.events.get(self._plural, []))
        found = self._server.objects.get(self._plural, {})
        self._items = {name: each for name, each in found.items() if self._only(each)}


@dataclass
class Daemon:
    """A node: `works_on` is the generation it is changing its network for, 0 for none."""

    name: str
    alive: bool = True
    works_on: int = 0
    began: int = 0


@dataclass
class Cluster:
    """Everything, stepped by chance. `fails` and `dies` are probabilities of an apply and of a moment."""

    chance: random.Random
    count: int
    max_unavailable: int | str = 2
    fails: float = 0.0
    dies: float = 0.0
    refuses: float = 0.0
    now_s: float = 1000.0
    second: int = 0
    daemons: list[Daemon] = field(default_factory=list)
    statuses: list[Object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(lambda: self.chance.random() < self.refuses)
        self.daemons = [Daemon(f"n{number:03}") for number in range(self.count)]
        for daemon in self.daemons:
            ready = {"type": "Ready", "status": "True"}
            self.server.put(NODES, {"metadata": {"name": daemon.name, "labels": {}}, "status": {"conditions": [ready]}})
            self._beat(daemon)
        self.edit()
        self.start_writer()

    @property
    def generation(self) -> int:
        found: int = self._policy()["metadata"]["generation"]
        return found

    def edit(self) -> None:
        """A new generation of the policy; the first makes it."""
        old = self.server.all(POLICIES).get("bond1", {})
        generation = old.get("metadata", {}).get("generation", 0) + 1
        made = {
            **old,
            "apiVersion": "nmstate.io/v1",
            "kind": "NodeNetworkConfigurationPolicy",
            "metadata": {**old.get("metadata", {}), "name": "bond1", "generation": generation},
            "spec": {"maxUnavailable": self.max_unavailable},
        }
        self.server.put(POLICIES, made)

    def start_writer(self) -> None:
        """As after a restart, and when another one was elected: it lists everything, and remembers nothing."""

        def is_slot(lease: Object) -> bool:
            return "nmstate.io/policy" in lease["metadata"].get("labels", {})

        sources = Sources(
            policies=Watch(self.server, POLICIES),
            enactments=Watch(self.server, ENACTMENTS),
            nodes=Watch(self.server, NODES),
            slots=Watch(self.server, LEASES, is_slot),
            beats=Watch(self.server, LEASES, lambda lease: not is_slot(lease)),
            pods=Watch(self.server, Resource("", "v1", "pods", "Pod", True)),
            settings=Watch(self.server, SETTINGS),
        )
        self.watches: list[Watch] = [each for each in sources.all() if isinstance(each, Watch)]
        for watch in self.watches:
            watch.list_anew()
        self.view = View(sources, lambda: self.now_s, self._wall)
        self.hands = Hands(self.server, self.view, slots.NAMESPACE, lambda: True)

    def write(self) -> None:
        """One turn of the writer."""
        world = self.view.world()
        assert world is not None
        with suppress(ApiError):
            self.hands.make(decide(world).writes)
        status = self.server.all(POLICIES).get("bond1", {}).get("status")
        if status is not None and (not self.statuses or self.statuses[-1] is not status):
            self.statuses.append(status)

    def step(self) -> None:
        """Something happens."""
        self.now_s += self.chance.choice([0.05, 0.2, 1.0])
        for watch in self.watches:
            watch.arrive(self.chance.choice([0, 0, 1, 3, 1000]))
        for daemon in self.chance.sample(self.daemons, min(3, self.count)):
            self.live(daemon)
        if self.chance.random() < 0.5:
            self.write()

    def settle(self, steps: int) -> None:
        """Until nothing is left to do, with all daemons alive."""
        self.dies = self.refuses = 0.0
        for daemon in self.daemons:
            daemon.alive = True
        for _ in range(steps):
            self.now_s += 1.0
            for watch in self.watches:
                watch.arrive(10**6)
            for daemon in self.daemons:
                self.live(daemon)
            self.write()

    def live(self, daemon: Daemon) -> None:
        """One moment of a daemon."""
        if not daemon.alive:
            if self.chance.random() < 0.1:
                daemon.alive = True  # what it had begun was rolled back on the host
                daemon.works_on = 0
                self._beat(daemon)
            return
        if self.chance.random() < self.dies:
            daemon.alive = False
            return
        self._beat(daemon)
        row, lease = row_of(self.said(daemon), self.generation), self.lease(daemon)
        slot = slots.read(lease) if lease else None
        if daemon.works_on:
            self._go_on(daemon)
        elif row in c.FINAL:
            return
        elif slot is not None and slot.generation == self.generation:
            if slot.is_aborted:
                self.say(daemon, c.ABORTED)
            else:
                self._renew(lease)
                daemon.works_on, daemon.began = self.generation, self.second
                if self.chance.random() < 0.8:  # else it is told too late
                    self.say(daemon, c.PROGRESSING)
        elif row is not c.PENDING:
            self.say(daemon, c.PENDING)

    def said(self, daemon: Daemon) -> Object | None:
        return self.server.all(ENACTMENTS).get(f"{daemon.name}.bond1")

    def lease(self, daemon: Daemon) -> Object | None:
        return self.server.all(LEASES).get(slots.slot_name("bond1", daemon.name))

    def say(self, daemon: Daemon, row: c.Row, generation: int = 0) -> None:
        policy = read({**self._policy(), "metadata": {"name": "bond1", "generation": generation or self.generation}})[0]
        made = enactment(daemon.name, "", policy, Told(row=row), self._wall(), self.said(daemon))
        self.server.put(ENACTMENTS, made)

    def unavailable(self) -> set[str]:
        """Nodes that work, for whatever generation, died while they worked for the present one, or failed it."""
        return {
            daemon.name
            for daemon in self.daemons
            if (daemon.works_on and (daemon.alive or daemon.works_on == self.generation))
            or row_of(self.said(daemon), self.generation) is c.FAILED
        }

    def allowed(self) -> int:
        return limit(self.max_unavailable, self.count)

    def _go_on(self, daemon: Daemon) -> None:
        lease = self.lease(daemon)
        if lease is not None:
            self._renew(lease)
        if self.chance.random() < 0.4:
            generation, daemon.works_on = daemon.works_on, 0
            if generation == self.generation:
                self.say(daemon, c.FAILED if self.chance.random() < self.fails else c.AVAILABLE)

    def _renew(self, lease: Object | None) -> None:
        assert lease is not None
        self.server.put(LEASES, {**lease, "spec": {**lease["spec"], "renewTime": f"{self._wall()} {self._tick()}"}})

    def _beat(self, daemon: Daemon) -> None:
        name = slots.heartbeat_name(daemon.name)
        spec = {"holderIdentity": daemon.name, "leaseDurationSeconds": 30, "renewTime": f"{self._tick()}"}
        self.server.put(LEASES, {"metadata": {"name": name}, "spec": spec})

    def _policy(self) -> Object:
        return self.server.all(POLICIES)["bond1"]

    def _tick(self) -> int:
        self.second += 1
        return self.second

    def _wall(self) -> str:
        """A clock that jumps, also back."""
        return f"2026-01-{self.chance.randint(1, 28):02}T03:04:05Z"
