"""The node daemon, in the foreground: it keeps this node's policies and serves its CNI plugins.

Policies are the manifests of a directory; what matches this node is applied when it comes and when it is edited, in the
order of what policies need of each other. What became of each is a file below the run directory, in the words of a
NodeNetworkConfigurationEnactment, and what the network of the node is stands in state.yaml there, as a
NodeNetworkState that is written anew when something changes. SIGHUP has it read everything again.

With --kubeconfig or --in-cluster, policies and enactments are objects of a cluster, whose writer (`nncp central`) gives
leave to change this node.

Plugins that do not find it do their work themselves. It ends on SIGTERM, when what it has begun is done; systemd starts
it from deploy/systemd/nncp-daemon.service.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK
from nncp_agent.cli.words import address

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.daemon import Part
    from nncp_agent.metrics.node import NodeMetrics
    from nncp_agent.node_state.watcher import Watcher

EXAMPLES = """\
  nncp daemon                               as a unit of systemd does
  nncp daemon --manifests ./policies        what is in that directory
  nncp daemon --kubeconfig ~/.kube/config   as node `hostname` of that cluster
  nncp daemon --cni-socket /tmp/cni/socket  beside another one
"""


def arguments(parser: ArgumentParser) -> None:
    from cni.client import SOCKET
    from nncp_agent.cli import in_cluster
    from nncp_agent.node_file import USUAL

    add = parser.add_argument
    add("--manifests", metavar="DIR", default="/etc/nncp/policies", help="policies (/etc/nncp/policies)")
    add("--node-file", metavar="FILE", help=f"what this node is: its labels, for selectors ({USUAL})")
    add("--run-dir", metavar="DIR", help="where is told what became of policies (/run/nncp-agent)")
    left_out = "interfaces that the published state lacks, as pods' veths"
    add("--state-exclude", metavar="GLOB", action="append", default=[], help=left_out)
    add("--state-include", metavar="GLOB", action="append", default=[], help="interfaces that it has all the same")
    add(
        "--listen",
        metavar="[ADDRESS]:PORT",
        type=address,
        help="for /healthz, /readyz and /metrics; else nobody may ask",
    )
    add("--log-format", choices=("text", "json"), metavar="FORMAT", default="text", help="text or json")
    in_cluster.arguments(parser)
    add("--cni-socket", metavar="PATH", default=SOCKET, help=f"instead of {SOCKET}")


def run(call: Call) -> int:
    call.needs_root()

    import gc

    from cni.daemon.service import part
    from nncp_agent import daemon
    from nncp_agent.cli import in_cluster, keeping_policies, watching_state

    gc.enable()  # this command is not over soon
    with call.logging_more(), ExitStack() as opened:
        metrics = _metrics(call)
        cni = opened.enter_context(part(os.environ, call.options.cni_socket, told=metrics.called if metrics else None))
        side = in_cluster.side(call)
        others: list[Part] = []
        if side is not None:
            publisher, listeners = in_cluster.publishing(call, side)
            collisions = in_cluster.collisions(side, metrics)
            listeners, others = [*listeners, collisions], [side, collisions]
        else:
            publisher, listeners = watching_state.in_a_file(call, keeping_policies.run_directory(call)), []
        state = watching_state.part(call, publisher, listeners, metrics=metrics)
        policies = keeping_policies.part(call, state, metrics, side)
        parts: list[Part] = [*others, state, policies, cni]
        if metrics is not None:
            parts.append(_doors(call, metrics, state, parts[:]))
        call.say(f"serving CNI plugins at {call.options.cni_socket}")
        call.say(f"keeping the policies of {f'node {side.node}' if side else call.options.manifests}")
        stuck = daemon.run(parts, os.environ, policies.read_again)
    for name in stuck:
        call.error(f"{name}: has not come round for half of the watchdog's time")
    return FAILED if stuck else OK


def _metrics(call: Call) -> NodeMetrics | None:
    if not call.options.listen:
        return None
    from nncp_agent.metrics.node import NodeMetrics  # late: its library takes megabytes

    return NodeMetrics()


def _doors(call: Call, metrics: NodeMetrics, state: Watcher, parts: list[Part]) -> Part:
    from nncp_agent.cli import counting_all

    return counting_all.part(call, metrics, state, parts)
