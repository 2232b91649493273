"""Say whether policies are right: keys, types, ranges, ports claimed twice, loops, MTUs and the rest.

No host is asked: interfaces that the files do not make are taken to be there. Nothing is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp validate *.yaml          in a pipeline; 0 when all is well, 3 when not
  nncp draft bond1 --ports eth2,eth3 | nncp validate
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import node

    parser.add_argument("files", metavar="FILE", nargs="*", help="policies or network states, - for stdin")
    node.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli import policies

    decoded = policies.unasked(call, call.options.files)
    if decoded is None:
        call.print("valid as far as can be told without a host: its captures say what the rest is")
        return OK

    from nncp_agent import whole
    from nncp_agent.cli.imagine import imagine  # late: what cannot be read needs no engine
    from nncp_agent.plan import decide

    policies.note(call, decoded, None)
    host = imagine(decoded.desired)
    with policies.located(decoded):
        whole.refuse(decoded, host)
        decision = decide(decoded.desired, host)
    call.warnings(decoded.located(decision.warnings))
    interfaces = len(decoded.desired.interfaces or ())
    routes = len((decoded.desired.routes.config if decoded.desired.routes else None) or ())
    call.print(f"valid: {policies.count(interfaces, 'interface')}, {policies.count(routes, 'route')}")
    return OK
