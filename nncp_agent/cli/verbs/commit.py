"""Keep what `nncp apply --no-commit` changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp apply --no-commit node.yaml && ssh node true && nncp commit
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", nargs="?", help="only if it is this one that waits")


def run(call: Call) -> int:
    call.needs_root()

    from nncp_agent import notes
    from nncp_agent.cli import scripts
    from nncp_agent.pending import commit

    before = notes.read(call.state_directory())
    with call.logging():
        name = commit(call.store(), call.options.checkpoint)
    scripts.run_new(call, before)
    call.say(f"committed: checkpoint {name}")
    return OK
