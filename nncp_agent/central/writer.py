"""The one writer of a cluster: looks at everything, decides, writes, for as long as it is elected."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from nncp_agent.central.act import Hands
from nncp_agent.central.decide import decide
from nncp_agent.central.gauges import counted, gauges, text
from nncp_agent.central.view import LOOK_S, Sources, View
from nncp_agent.kube.client import Api
from nncp_agent.kube.lease import Elector
from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, PODS, POLICIES, SETTINGS, STATES
from nncp_agent.kube.watch import Reflector, slim
from nncp_agent.kube.worker import Worker
from nncp_agent.objects.enactment import POLICY_LABEL
from nncp_agent.objects.slots import NAMESPACE

log = logging.getLogger(__name__)

ELECTION: Final = "nncp-central"
HANDLER: Final = "component=kubernetes-nmstate-handler"
"""How pods of kubernetes-nmstate are labelled: a cluster that moves over has both for a while."""

TOGETHER: Final = 8
"""Slots written at one time; a server answers one in milliseconds, and a disk takes many at once."""

Object = dict[str, Any]


class Writer:
    """A part of the process (`daemon.Part`). `identity` is the name by which it is elected: of the pod, or the host.

    `with_states` is for metrics that count what is in NodeNetworkStates, which are large.
    """

    name = "central writer"

    def __init__(self, api: Api, identity: str, namespace: str = NAMESPACE, *, with_states: bool = False) -> None:
        self._worker = Worker(self.name, self._turn)
        self._looks = 0
        wake = self._worker.wake
        self.elector = Elector(api, ELECTION, namespace, identity, wake)
        self.sources = Sources(
            policies=Reflector(api, POLICIES, wake),
            enactments=Reflector(api, ENACTMENTS, wake, kept=_enactment),
            nodes=Reflector(api, NODES, wake, kept=_node),
            slots=Reflector(api, LEASES, wake, namespace=namespace, labels=POLICY_LABEL),
            beats=Reflector(api, LEASES, namespace=namespace, labels=f"!{POLICY_LABEL}"),
            pods=Reflector(api, PODS, wake, labels=HANDLER, kept=_pod),
            settings=Reflector(api, SETTINGS, wake),
        )
        self._states = Reflector(api, STATES, kept=counted) if with_states else None
        self.view = View(self.sources)
        self._crew = ThreadPoolExecutor(TOGETHER, "central writes")
        self._hands = Hands(api, self.view, namespace, lambda: self.elector.leads, self._crew.map)

    def start(self) -> None:
        for each in self._reflectors():
            each.start()
        self.elector.start()
        self._worker.start()

    def stop(self) -> None:
        """Lets go of the election last: what was begun is done by then."""
        self._worker.stop()
        self._crew.shutdown()
        self.elector.stop()
        for each in self._reflectors():
            each.stop()

    def looks(self) -> int:
        """Grows with each turn, and while nothing is to be done, too."""
        self._worker.wake()
        return self._looks

    @property
    def is_ready(self) -> bool:
        """Whether it knows what there is."""
        return all(each.synced for each in self._reflectors())

    @property
    def is_alive(self) -> bool:
        """Whether no bug has ended any of it."""
        return self._worker.alive and self.elector.alive and all(each.alive for each in self._reflectors())

    def metrics(self) -> str:
        """Of the cluster, from whoever leads: they would be counted twice from two."""
        if not self.elector.leads:
            return ""
        states = self._states.items() if self._states else ()
        return text(gauges(self.sources.policies.items(), self.sources.enactments.items(), states))

    def _reflectors(self) -> list[Reflector]:
        states = [self._states] if self._states else []
        return [*(each for each in self.sources.all() if isinstance(each, Reflector)), *states]

    def _turn(self) -> float:
        self._looks += 1
        if not self.elector.leads or (world := self.view.world()) is None:
            return LOOK_S
        decided = decide(world)
        self._hands.make(decided.writes)
        if decided.due_s is None:
            return LOOK_S
        return min(LOOK_S, max(0.0, decided.due_s - time.monotonic()))


def _enactment(found: Object) -> Object:
    """What rollouts and metrics need of an enactment; states are most of it."""
    status = found.get("status") or {}
    kept = {key: status[key] for key in ("conditions", "policyGeneration", "features", "deletion") if key in status}
    return {**slim(found), "status": kept}


def _node(found: Object) -> Object:
    metadata = found.get("metadata") or {}
    ready = [each for each in (found.get("status") or {}).get("conditions") or () if each.get("type") == "Ready"]
    kept = {key: metadata[key] for key in ("name", "uid", "labels", "resourceVersion") if key in metadata}
    return {"metadata": kept, "status": {"conditions": ready}}


def _pod(found: Object) -> Object:
    metadata = found.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "namespace", "resourceVersion") if key in metadata}
    return {"metadata": kept, "spec": {"nodeName": (found.get("spec") or {}).get("nodeName")}}
