"""Print the network state that a policy with captures and templates comes to, on this host or on one given as a file.

Nothing is changed, and no node need be there: with --current and --node it can be tried out anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp policy uplink-bridge.yaml
  nncp policy uplink-bridge.yaml -c worker-3-shown.yaml --node worker-3.yaml
  nncp policy uplink-bridge.yaml -o captured.yaml
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import node

    parser.add_argument("file", metavar="FILE", help="a policy, - for stdin")
    parser.add_argument("-c", "--current", metavar="FILE", help="the state to capture from, instead of this host's")
    parser.add_argument("-a", "--captured", metavar="FILE", help="what was captured earlier, with -o: capture nothing")
    parser.add_argument("-o", "--output-captured", metavar="FILE", help="write what is captured to this file")
    parser.add_argument("--json", action="store_true", help="as JSON")
    node.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli import asked, captures

    options = call.options
    known = captures.read(call, options.captured) if options.captured else {}
    resolution = asked.resolved_with(call, [options.file], options.current, known)
    if options.output_captured:
        captures.write(resolution.captures, known, options.output_captured, as_json=options.json)
    for position, state in enumerate(asked.states(resolution)):
        if position:
            call.print("---")
        call.write(state, "json" if options.json else "yaml")
    return OK
