"""The writer's writes, one request each. One that fails keeps no other from being made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from nncp_agent.central.view import View
from nncp_agent.central.world import Grant, Hold, Sweep, TakeBack, Tell, TellSettings, Write
from nncp_agent.kube.errors import AlreadyExists, ApiError, Conflict, Forbidden, Invalid, NotFound
from nncp_agent.kube.resources import ENACTMENTS, LEASES, POLICIES, SETTINGS, Resource
from nncp_agent.kube.times import now_exactly
from nncp_agent.objects import slots

log = logging.getLogger(__name__)

Object = dict[str, Any]
Step = Callable[[Write], ApiError | None]


class Door(Protocol):
    """What is used of `kube.client.Api`."""

    def create(self, resource: Resource, body: Object, namespace: str = "") -> Object: ...
    def operate(
        self, resource: Resource, name: str, body: list[Object], namespace: str = "", *, subresource: str = ""
    ) -> Object: ...
    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None: ...


class Hands:
    """Makes writes, and tells the view of them.

    `together` maps a function over writes that have nothing to do with each other, as an executor's `map` does.
    """

    def __init__(
        self,
        door: Door,
        view: View,
        namespace: str,
        may: Callable[[], bool],
        together: Callable[[Step, Iterable[Write]], Iterable[ApiError | None]] = map,
    ) -> None:
        self._door, self._view, self._namespace, self._may = door, view, namespace, may
        self._together = together

    def make(self, writes: Sequence[Write]) -> None:
        """For as long as this one leads: slots that go back, slots that are given, the rest in order. Raises the last
        ApiError that may not come again.
        """
        back = [each for each in writes if isinstance(each, TakeBack)]
        given = [each for each in writes if isinstance(each, Grant)]
        rest = [each for each in writes if not isinstance(each, TakeBack | Grant)]
        failed = [*self._together(self._tried, back), *self._together(self._tried, given), *map(self._tried, rest)]
        for error in reversed(failed):
            if error is not None:
                raise error

    def _tried(self, write: Write) -> ApiError | None:
        """What may be better the next time."""
        if not self._may():
            return None
        try:
            self._make(write)
        except (Conflict, NotFound) as error:
            # We looked at something older than what is there; the watch brings it, and with it the next decision.
            log.info("%s: %s", write, error)
        except (Forbidden, Invalid) as error:
            log.warning("%s: %s", write, error)
            return error
        except ApiError as error:
            return error
        return None

    def _make(self, write: Write) -> None:
        match write:
            case Grant():
                self._grant(write)
            case TakeBack():
                self._take_back(write.lease)
            case Tell():
                made = self._operate(POLICIES, write.policy, write.uid, "/status", write.status, "status")
                self._view.wrote_policy(write.policy, made, write.written)
            case TellSettings():
                made = self._operate(SETTINGS, write.name, "", "/status", write.status, "status")
                self._view.wrote_settings(write.name, made)
            case Sweep():
                self._door.delete(ENACTMENTS, write.enactment, uid=self._view.uid_of(write.enactment))
            case Hold():
                self._hold(write)

    def _grant(self, write: Grant) -> None:
        body = slots.lease(
            write.policy,
            write.node,
            write.generation,
            now_exactly(),
            namespace=self._namespace,
            aborted=write.aborted,
        )
        name = body["metadata"]["name"]
        try:
            self._view.wrote_slot(name, self._door.create(LEASES, body, self._namespace))
        except AlreadyExists:
            log.info("%s: is there already", name)

    def _take_back(self, lease: str) -> None:
        with suppress(NotFound):
            self._door.delete(LEASES, lease, self._namespace, uid=self._view.uid_of(lease))
        self._view.wrote_slot(lease, None)

    def _hold(self, write: Hold) -> None:
        same = {"op": "test", "path": "/metadata/resourceVersion", "value": write.version}
        change = {"op": "add", "path": "/metadata/finalizers", "value": list(write.finalizers)}
        self._view.wrote_policy(write.policy, self._door.operate(POLICIES, write.policy, [same, change]), None)

    def _operate(self, resource: Resource, name: str, uid: str, path: str, value: Any, subresource: str) -> Object:
        same = [{"op": "test", "path": "/metadata/uid", "value": uid}] if uid else []
        change = {"op": "add", "path": path, "value": value}
        return self._door.operate(resource, name, [*same, change], subresource=subresource)
