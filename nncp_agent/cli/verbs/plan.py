"""Say what apply would do, one change per line in the order of doing; print nothing when there is nothing to do.

Lines that touch the link of the default route, or the one this SSH session came in by, begin with `!`.
With -v it says first what the policies' captures and templates came to.

With the name of a node after --node it says what would change there, from the state that its daemon tells the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FOUND, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp plan bond1.yaml br1.yaml all files are one change, in any order
  nncp show | nncp plan -       nothing: the host is as it is
  nncp plan --node worker-3 bond1.yaml
                                on another node, from its NodeNetworkState
  nncp plan --exit-code *.yaml || echo "the node has drifted"
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import node

    parser.add_argument("files", metavar="FILE", nargs="*", help="policies or network states, - for stdin")
    parser.add_argument("--exit-code", action="store_true", help="10 when there is something to do")
    parser.add_argument("--claim", action="store_true", help="take over links that another manager holds")
    node.arguments(parser, "; or a node of the cluster")
    parser.add_argument("--kubeconfig", metavar="FILE", help="where the node is, instead of $KUBECONFIG")
    parser.add_argument("--context", metavar="CONTEXT", help="where the node is: this context")


def run(call: Call) -> int:
    from nncp_agent.cli import foretold, node, policies

    if call.options.node and node.is_a_name(call.options.node):
        from nncp_agent.cli.reported import elsewhere  # late: it loads the client of Kubernetes

        changes = elsewhere.plan(call, call.options.node, call.options.files)
        return FOUND if changes and call.options.exit_code else OK

    ops = foretold.policy(call, policies.understood(call, call.options.files))
    return FOUND if ops and call.options.exit_code else OK
