"""The one writer of a cluster, in the foreground: the status of policies, and whose turn it is.

Nodes say what became of each policy in enactments of their own; this reads them all, and writes each policy's status,
gives slots to as many nodes as `maxUnavailable` allows, and clears away enactments of policies and nodes that are gone.
Of several that run, one is elected and the others wait. Without any, nodes that have a slot go on, and others wait.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK
from nncp_agent.cli.words import address

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.central.writer import Writer
    from nncp_agent.daemon import Part
    from nncp_agent.kube.client import Api

EXAMPLES = """\
  nncp central --in-cluster         as its Deployment does
  nncp central --context lab        from here, for the cluster of a kubeconfig
  nncp central --in-cluster --listen :8089 --webhooks :8443
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import api_server

    api_server.arguments(parser)
    add = parser.add_argument
    add("--log-format", choices=("text", "json"), metavar="FORMAT", default="text", help="text or json")
    add("--identity", metavar="NAME", default=os.uname().nodename, help="in the election, like no other (host name)")
    add(
        "--listen",
        metavar="[ADDRESS]:PORT",
        type=address,
        help="for /healthz, /readyz and /metrics; else nobody may ask",
    )
    add(
        "--webhooks",
        metavar="[ADDRESS]:PORT",
        type=address,
        help="for API servers to ask; deploy/webhooks has the rest",
    )


def run(call: Call) -> int:
    import gc

    from nncp_agent import daemon
    from nncp_agent.central.writer import Writer
    from nncp_agent.cli import api_server
    from nncp_agent.kube.client import Api

    gc.enable()  # this command is not over soon
    options = call.options
    api = Api(api_server.access(options))
    writer = Writer(api, options.identity, options.namespace, with_states=options.listen is not None)
    parts: list[Part] = [writer]
    with call.logging_more():
        if options.listen:
            parts.append(_health(writer, options.listen))
        if options.webhooks:
            parts += _webhooks(api, writer, options.webhooks, options.namespace)
        call.say(f"writing for the cluster when elected, as {options.identity}")
        stuck = daemon.run(parts, os.environ)
    for name in stuck:
        call.error(f"{name}: has not come round for half of the watchdog's time")
    return FAILED if stuck else OK


def _health(writer: Writer, where: tuple[str, int]) -> Part:
    from nncp_agent.metrics.serving import Doors, health

    return Doors("health and metrics", where, health(lambda: writer.is_ready, lambda: writer.is_alive, writer.metrics))


def _webhooks(api: Api, writer: Writer, where: tuple[str, int], namespace: str) -> list[Part]:
    from nncp_agent.central.definitions import networks
    from nncp_agent.central.keys import Keys
    from nncp_agent.central.serving import webhooks
    from nncp_agent.metrics.serving import Doors

    doors = Doors("webhooks", where, webhooks(networks(api)), tls=True)
    return [doors, Keys(api, namespace, lambda: writer.elector.leads, doors.use)]
