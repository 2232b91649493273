"""Nodes, whether their daemons are alive, and how policies do on them: this one, or with --cluster all of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp nodes --cluster
  nncp nodes --context prod worker-3 -o yaml
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli.reported import reading

    parser.add_argument("nodes", metavar="NODE", nargs="*", help="only these")
    reading.forms(parser)
    reading.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli.reported import reading, tables

    with reading.opened(call) as there:
        found, complete = reading.named(there.nodes(), call.options.nodes, call)
        states, reports, beats = there.states(), there.enactments(), there.beats()
    reading.tell(call, found, lambda: tables.nodes(found, states, reports, beats, tables.now(), call.style()))
    return OK if complete else FAILED
