"""Say what of B is not so in A, as a network state that would make A like B; print nothing when all of it is.

A and B are policies or network states; what B does not mention is no difference. `-` is stdin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FOUND, OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp diff yesterday.yaml today.yaml
  nncp show | nncp diff - policy.yaml
                                what the host lacks of the policy
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("old", metavar="A", help="the state that is")
    parser.add_argument("new", metavar="B", help="the state that should be")
    forms = ("yaml", "json")
    parser.add_argument("-o", "--output", choices=forms, metavar="FORMAT", default="yaml", help="yaml or json")
    parser.add_argument("--exit-code", action="store_true", help="10 when there are differences")


def run(call: Call) -> int:
    from nncp_agent import diff
    from nncp_agent.cli import files
    from nncp_agent.wire.comparable import comparable

    if call.options.old == call.options.new == "-":
        raise Usage("nncp diff: only one of A and B can be stdin")
    old, new = (comparable(files.documents(call, [path])) for path in (call.options.old, call.options.new))
    found = diff.differences(new, old)
    if found:
        call.write(found, call.options.output)
    return FOUND if found and call.options.exit_code else OK
