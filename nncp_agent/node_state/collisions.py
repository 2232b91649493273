"""Watches for MAC addresses that two on this node have, and tells both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from netkernel.host import Host
from nncp_agent.objects import mac_collisions
from nncp_agent.objects.mac_collisions import Collision, Holder, Use


class Guests(Protocol):
    """The pods and VMs on this node, in a cluster."""

    def start(self, changed: Callable[[], None]) -> None:
        """Begin to listen; `changed` is for any thread and cheap."""

    def stop(self) -> None: ...
    def node(self) -> Holder | None:
        """This node; None: not known yet."""

    def pods(self) -> Sequence[Mapping[str, Any]] | None:
        """None: not known."""

    def machines(self) -> Sequence[Mapping[str, Any]] | None:
        """VirtualMachineInstances; empty where there is no KubeVirt, None: not known."""

    def event(self, holder: Holder, reason: str, message: str) -> None:
        """A warning about that object. Never blocks."""


class Collisions:
    """A listener of the watcher, and a part of the daemon. `count` is told all there are, whenever they are others."""

    name = "guests"

    def __init__(self, guests: Guests, count: Callable[[Sequence[Collision]], None] = lambda found: None) -> None:
        self._guests = guests
        self._count = count
        self._host: Host | None = None
        self._known: Sequence[Collision] = ()
        self._lock = threading.Lock()
        self._looks = 0

    def start(self) -> None:
        self._guests.start(self._look)

    def stop(self) -> None:
        self._guests.stop()

    def looks(self) -> int:
        """It has no thread that could be stuck: others call it."""
        self._looks += 1
        return self._looks

    def seen(self, host: Host) -> None:
        self._host = Host(links=host.links)
        self._look()

    def _look(self) -> None:
        with self._lock:
            uses = self._uses()
            if uses is None:
                return
            found = mac_collisions.collisions(uses)
            if found == self._known:
                return
            self._known, before = found, self._known
        self._count(found)
        told = {(each.mac, holder) for each in before for holder in each.holders}
        for each in found:
            for holder in each.holders:
                if (each.mac, holder) not in told:
                    self._guests.event(holder, mac_collisions.REASON, each.told_to(holder))

    def _uses(self) -> Iterable[Use] | None:
        pods, machines, node = self._guests.pods(), self._guests.machines(), self._guests.node()
        if self._host is None or pods is None or machines is None or node is None:
            return None
        return [
            *mac_collisions.of_host(self._host, node.name, node.uid),
            *(use for pod in pods for use in mac_collisions.of_pod(pod)),
            *(use for machine in machines for use in mac_collisions.of_machine(machine)),
        ]
