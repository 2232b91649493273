"""The objects of a cluster, as whoever kubectl would be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from nncp_agent.cli.reported.reading import Object
from nncp_agent.cli.words import Options
from nncp_agent.kube import resources
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import Forbidden, NotFound
from nncp_agent.kube.watch import Reflector
from nncp_agent.objects import slots


class Cluster:
    """Implements `Reading`."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def policies(self) -> tuple[Object, ...]:
        return self.api.list(resources.POLICIES).items

    def enactments(self) -> tuple[Object, ...]:
        return self.api.list(resources.ENACTMENTS).items

    def states(self) -> tuple[Object, ...]:
        return self.api.list(resources.STATES).items

    def nodes(self) -> tuple[Object, ...]:
        return self.api.list(resources.NODES).items

    def beats(self) -> Mapping[str, str]:
        """Who may look at policies need not see Leases: then nobody's is known."""
        try:
            leases = self.api.list(resources.LEASES, slots.NAMESPACE).items
        except (Forbidden, NotFound):
            return {}
        return {node: str(each["spec"].get("renewTime") or "") for each in leases if (node := slots.heartbeat_of(each))}

    @contextmanager
    def news(self) -> Iterator[Callable[[float], None]]:
        happened = threading.Event()
        watched = [
            Reflector(self.api, each, happened.set, kept=lambda item: {"metadata": item.get("metadata")})
            for each in (resources.POLICIES, resources.ENACTMENTS)
        ]
        for each in watched:
            each.start()

        def wait(for_s: float) -> None:
            happened.wait(for_s)
            happened.clear()

        try:
            yield wait
        finally:
            for each in watched:
                each.stop()


@contextmanager
def opened(options: Options, environ: Mapping[str, str]) -> Iterator[Cluster]:
    """Raises NoAccess at the first question."""
    api = Api(Access(options.kubeconfig or environ.get("KUBECONFIG") or "", options.context or ""))
    try:
        yield Cluster(api)
    finally:
        api.close()
