"""The part of the daemon that says how it is: metrics and health, to who asks at --listen."""

from __future__ import annotations

from collections.abc import Sequence

from nncp_agent.cli.call import Call
from nncp_agent.daemon import Part
from nncp_agent.daemon.counting import Liveness
from nncp_agent.metrics.node import NodeMetrics
from nncp_agent.metrics.serving import Doors, health
from nncp_agent.node_state.watcher import Watcher


def part(call: Call, metrics: NodeMetrics, state: Watcher, parts: Sequence[Part]) -> Doors:
    """Alive are we while all `parts` come round, and ready once the state of the node was told."""
    alive = Liveness(parts)
    pages = health(lambda: state.has_published, alive.is_alive, metrics.text)
    call.say("serving /healthz, /readyz and /metrics")
    return Doors("health and metrics", call.options.listen, pages)
