"""The parts of the daemon that a node in a cluster has, as its options say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.kube.access import Access
    from nncp_agent.kube.node_side import NodeSide
    from nncp_agent.metrics.node import NodeMetrics
    from nncp_agent.node.doors import Changed
    from nncp_agent.node.turn import Doors
    from nncp_agent.node_state.collisions import Collisions
    from nncp_agent.node_state.doors import Listener, Publisher


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--kubeconfig", metavar="FILE", default="", help="a cluster instead of a directory, as this file says")
    add("--context", metavar="NAME", default="", help="of the kubeconfig, instead of its current one")
    add("--in-cluster", action="store_true", help="a cluster instead of a directory, as its pods are told")
    add("--node-name", metavar="NAME", default="", help="this node's in the cluster ($NODE_NAME, or the host name)")
    add("--namespace", metavar="NAME", default="", help="where the agent's Leases are (nncp-agent)")
    marker = "auto, or off: bridges are then no resources of the Node, as while bridge-marker runs here"
    add("--bridge-marker", choices=("auto", "off"), metavar="WORD", default="auto", help=marker)


def access(call: Call) -> Access | None:
    """None for a daemon without a cluster."""
    if not (call.options.kubeconfig or call.options.context or call.options.in_cluster):
        return None
    from nncp_agent.kube.access import Access

    return Access(call.options.kubeconfig, call.options.context, call.options.in_cluster)


def side(call: Call) -> NodeSide | None:
    """All that the daemon has to do with the cluster; None without one."""
    if (found := access(call)) is None:
        return None
    from socket import gethostname

    from nncp_agent.kube.client import Api
    from nncp_agent.kube.node_side import NodeSide
    from nncp_agent.objects.slots import NAMESPACE

    name = call.options.node_name or call.world.environ.get("NODE_NAME") or gethostname().lower()
    return NodeSide(Api(found), name, call.options.namespace or NAMESPACE, call.world.environ)


def publishing(call: Call, side: NodeSide) -> tuple[Publisher, list[Listener]]:
    """Who publishes the state of this node, and who else wants to know of each look."""
    from nncp_agent.cli.verbs.version import own
    from nncp_agent.kube.states import NodeStatusWriter, StatePublisher
    from nncp_agent.node_state.bridges import Unnameable

    tells_bridges = call.options.bridge_marker != "off"
    listeners: list[Listener] = [NodeStatusWriter(side, tells_bridges)]
    if tells_bridges:
        listeners.append(Unnameable())
    return StatePublisher(side, own()), listeners


def collisions(side: NodeSide, metrics: NodeMetrics | None) -> Collisions:
    """Who looks for MAC addresses that two on this node have; a part of the daemon, and a listener."""
    from nncp_agent.kube.guests import ClusterGuests
    from nncp_agent.node_state.collisions import Collisions

    guests = ClusterGuests(side.api, side.node, side.uid, side.events)
    if metrics is None:
        return Collisions(guests)
    from nncp_agent.daemon import counting

    return Collisions(guests, counting.collisions(metrics))


def doors(side: NodeSide, changed: Changed) -> Doors:
    """Between which the engine stands on this node."""
    from nncp_agent.kube.checks import ApiServer
    from nncp_agent.node.cluster import ClusterReports, ClusterSlots, ClusterSource
    from nncp_agent.node.turn import Doors

    check = ApiServer(side.api.access)
    return Doors(ClusterSource(side), ClusterReports(side), ClusterSlots(side), changed, api_server=check)
