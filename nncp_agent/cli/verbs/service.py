"""Apply the policies in a folder that were not applied yet, each by itself, in order of their names: for a boot unit.

A file that was applied is renamed to end in .applied; where nmstate.conf in the folder says so (`[service]`,
`keep_state_file_after_apply = true`), it stays and a copy ends in .applied: then it is applied again once it changes.
What fails is reported, and the others are still tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp service                  what is in /etc/nncp/service
  nncp service -c /etc/nmstate  what nmstate would have applied
"""
FOLDER = "/etc/nncp/service"


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import node

    parser.add_argument("-c", "--config", metavar="DIR", default=FOLDER, help=f"the folder, instead of {FOLDER}")
    node.arguments(parser)


def run(call: Call) -> int:
    from nncp_agent.cli import folder, outcome

    call.needs_root()
    failed = 0
    for path in folder.waiting(call.options.config, call.say):
        code = outcome(call, lambda call, path=path: _apply(call, path))  # type: ignore[misc]  # bound at once
        if code == OK:
            folder.applied(path, call.options.config)
            call.say(f"applied {path}")
        else:
            call.error(f"{path}: not applied")
            failed += 1
    return FAILED if failed else OK


def _apply(call: Call, path: str) -> int:
    from nncp_agent.cli import applying, policies

    return applying.run(call, policies.understood(call, [path]), f"nncp service {path}")
