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

    from nncp_agent.pending import commit

    with call.logging():
        name = commit(call.store(), call.options.checkpoint)
    call.say(f"committed: checkpoint {name}")
    return OK
