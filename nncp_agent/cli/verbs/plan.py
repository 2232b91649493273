"""Say what apply would do, one change per line in the order of doing; print nothing when there is nothing to do.

Lines that touch the link of the default route, or the one this SSH session came in by, begin with `!`.
With -v it says first what the policies' captures and templates came to.
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
  nncp plan --exit-code *.yaml || echo "the node has drifted"
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import node

    parser.add_argument("files", metavar="FILE", nargs="*", help="policies or network states, - for stdin")
    parser.add_argument("--exit-code", action="store_true", help="10 when there is something to do")
    parser.add_argument("--claim", action="store_true", help="take over links that another manager holds")
    node.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli import foretold, policies

    ops = foretold.policy(call, policies.understood(call, call.options.files))
    return FOUND if ops and call.options.exit_code else OK
