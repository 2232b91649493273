"""Take back what `nncp attach` did: all of a network namespace, or the networks and interfaces named.

The configuration it was attached by was remembered, so the definition may be gone, and the namespace, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp detach --netns demo
  nncp detach net1 --netns demo
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("networks", metavar="NAD", nargs="*", help="definitions or interfaces; without any all of them")
    add("--netns", metavar="NETNS", help="the network namespace, by name or path")
    add("--pod", metavar="NS/NAME", help="whose it is, by default default/NETNS")


def run(call: Call) -> int:
    from netkernel import netns
    from nncp_agent.attaching import attach
    from nncp_agent.cli import pods_of
    from nncp_agent.cli.words import Usage

    options = call.options
    if not options.netns:
        raise Usage("nncp detach: --netns is missing")
    call.needs_root()
    of_pod = pods_of.pod(call, options.netns)
    wanted = options.networks or [each.interface for each in of_pod.interfaces]
    which = set()
    for name in wanted:
        found = [
            each.interface
            for each in of_pod.interfaces
            if name in (each.interface, each.definition, each.definition.partition("/")[2])
        ]
        if not found:
            there = ", ".join(f"{each.interface} ({each.definition})" for each in of_pod.interfaces)
            raise Usage(f"nncp detach: {of_pod.pod} has no {name}; it has {there or 'nothing that nncp attached'}")
        which.update(found)
    after = attach.detach(call.store(), of_pod, which, netns=of_pod.netns, environ=call.world.environ)
    if not after.interfaces and of_pod.is_ours:
        netns.remove(of_pod.netns)
    call.say(f"detached {', '.join(sorted(which))}" if which else "nothing was attached")
    return OK
