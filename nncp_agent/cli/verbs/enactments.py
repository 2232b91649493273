"""What became of policies on nodes: on this one, or with --cluster on those of the cluster that kubectl would ask.

ALSO says what is so beside the status: the node has drifted from the policy, or another policy contradicts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp enactments               on this node
  nncp enactments bond1 --cluster
                                of one policy, on all nodes
  nncp enactments --cluster --of-node worker-3 -o yaml
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli.reported import reading

    parser.add_argument("policies", metavar="POLICY", nargs="*", help="only those of these policies")
    parser.add_argument("--of-node", metavar="NODE", help="only those of this node")
    reading.forms(parser)
    reading.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli.reported import reading, tables
    from nncp_agent.objects.enactment import node_of, policy_of

    policies, node = call.options.policies, call.options.of_node
    with reading.opened(call) as there:
        found = [
            each
            for each in there.enactments()
            if (not policies or policy_of(each) in policies) and (not node or node_of(each) == node)
        ]
    reading.tell(call, found, lambda: tables.enactments(found, tables.now(), call.style()))
    return OK
