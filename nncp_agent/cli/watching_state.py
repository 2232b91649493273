"""The part of the daemon that publishes what this node's network is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nncp_agent import node_file
from nncp_agent.cli.call import Call
from nncp_agent.cli.verbs.version import own
from nncp_agent.errors import InvalidPolicy
from nncp_agent.node_state.doors import Listener, Publisher
from nncp_agent.node_state.sink import StateFile
from nncp_agent.node_state.watcher import Watcher
from nncp_agent.objects.node_state import About, Wanted

if TYPE_CHECKING:
    from nncp_agent.metrics.node import NodeMetrics


def part(
    call: Call, publisher: Publisher, listeners: Iterable[Listener] = (), metrics: NodeMetrics | None = None
) -> Watcher:
    """A watcher that tells `publisher`, and `listeners` what else they want to know of each look."""
    if metrics is not None:
        from nncp_agent.daemon.counting import CountingPublisher  # late: few want metrics

        publisher = counting = CountingPublisher(publisher, metrics)
        listeners = (*listeners, counting)
    wanted = Wanted(tuple(call.options.state_include), tuple(call.options.state_exclude))
    return Watcher(publisher, call.kernel, call.state_directory(), wanted, listeners)


def in_a_file(call: Call, run: str) -> StateFile:
    """The publisher of a node without a cluster."""
    try:
        name = node_file.node(call.options.node_file).name
    except InvalidPolicy:  # whoever keeps the policies says so
        name = os.uname().nodename
    about = About(node=name, version=own())
    return StateFile(run, lambda: about)
