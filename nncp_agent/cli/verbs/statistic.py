"""Say which shapes and features the states use, in nmstate's words: what sits on what, and what is special about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp statistic bond1.yaml br1.yaml
  nncp show | nncp statistic -
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="*", help="policies or network states, - for stdin")
    parser.add_argument("-c", "--current", metavar="FILE", help="the state they come on top of, instead of this host's")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(call: Call) -> int:
    from nncp_agent.cli import asked
    from nncp_agent.statistic import statistic

    desired = asked.comparable(call, call.options.files)
    current = asked.state_of(call, call.options.current)
    call.write(statistic(desired, current), "json" if call.options.json else "yaml")
    return OK
