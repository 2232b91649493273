"""Policies and how they do: those of this node's daemon, or with --cluster of the cluster that kubectl would ask.

The same where $KUBECONFIG is set, and as `kubectl nncp policies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp policies                 on this node
  nncp policies --cluster       everywhere
  nncp policies bond1 -o yaml
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli.reported import reading

    parser.add_argument("policies", metavar="POLICY", nargs="*", help="only these")
    reading.forms(parser)
    reading.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli.reported import reading, tables

    with reading.opened(call) as there:
        found, complete = reading.named(there.policies(), call.options.policies, call)
    reading.tell(call, found, lambda: tables.policies(found, tables.now(), call.style()))
    return OK if complete else FAILED
