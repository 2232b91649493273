"""Policies count again: ends `nncp pause`, and what was applied by hand against a policy no longer stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp resume
"""


def arguments(parser: ArgumentParser) -> None:
    """It takes none of its own."""


def run(call: Call) -> int:
    call.needs_root()

    from nncp_agent.node import holds

    was = holds.resume(call.store())
    call.say("the pause is over" if was else "policies count again")
    return OK
