"""Says which bridges pods cannot ask for, because their names cannot be those of resources."""

from __future__ import annotations

import logging

from netkernel.host import Host
from nncp_agent.objects import node_status

log = logging.getLogger(__name__)


class Unnameable:
    """A listener of the watcher; each name is said once while there is such a bridge."""

    def __init__(self) -> None:
        self._said: frozenset[str] = frozenset()

    def seen(self, host: Host) -> None:
        found = frozenset(node_status.unnameable(node_status.bridges(host)))
        for name in sorted(found - self._said):
            log.warning("bridge %s: no resource can have this name, so no pod can ask for it", ascii(name))
        self._said = found
