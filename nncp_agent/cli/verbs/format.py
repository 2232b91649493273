"""Print a policy or a network state in canonical order and words, for whoever compares files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp format bond1.yaml
  nncp show | nncp format -
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="a policy or a network state, - for stdin")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(call: Call) -> int:
    from nncp_agent.canonical import canonical
    from nncp_agent.cli import files

    for position, document in enumerate(files.documents(call, [call.options.file])):
        if position:
            call.print("---")
        call.write(canonical(document), "json" if call.options.json else "yaml")
    return OK
