"""Wait until policies have come to their end on all nodes: those of this node's daemon, or of a cluster.

Only what is said of the policy as it is now counts, never what was said of it before it was edited. Prints each
policy's counts when they change, and at the end a line for each node that failed. Exit codes: 0 all are Available,
1 one is Degraded or means no node, 5 not in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  kubectl apply -f bond1.yaml && nncp wait bond1 --cluster
  nncp wait bond1 br1 --timeout 600
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli.reported import reading

    parser.add_argument("policies", metavar="POLICY", nargs="*", help="these; all there are when none is named")
    parser.add_argument("--timeout", metavar="SECONDS", type=int, default=300, help="give up after so long (300)")
    reading.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli.reported import reading, waiting

    with reading.opened(call) as there:
        return waiting.run(call, there, dict.fromkeys(call.options.policies, 0), call.options.timeout)
