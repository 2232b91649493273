"""Take back what `nncp apply --no-commit` changed; or, with --to, take back every apply after one of the history.

With --to, what those applies touched becomes as it was before them, interfaces that no policy made included; all else
stays."""

from __future__ import annotations

from argparse import ArgumentParser

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import NOT_UNDONE, OK
from nncp_agent.cli.parser import Usage

EXAMPLES = """\
  nncp rollback                 the uncommitted change
  nncp history                  then
  nncp rollback --to 3          as apply 3 left it; checked and verified like any apply
  nncp rollback --to 0          as before the first apply
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import applying

    parser.add_argument("checkpoint", metavar="CHECKPOINT", nargs="?", help="only if it is this one that waits")
    parser.add_argument("--to", metavar="N", type=int, help="take back what was applied after apply N of the history")
    applying.arguments(parser.add_argument_group("with --to, as for apply"))  # type: ignore[arg-type]  # it adds likewise


def run(call: Call) -> int:
    call.needs_root()
    return _pending(call) if call.options.to is None else _earlier(call, call.options.to)


def _pending(call: Call) -> int:
    from nncp_agent.pending import rollback

    with call.logging(), call.kernel() as kernel:
        leftovers = rollback(call.store(), kernel, call.options.checkpoint)
    if leftovers:
        return NOT_UNDONE  # each was logged as it was found
    call.say("rolled back: the host is as it was")
    return OK


def _earlier(call: Call, number: int) -> int:
    from nncp_agent.cli import applying
    from nncp_agent.model import NetworkState
    from nncp_agent.wire import Decoded

    if call.options.checkpoint:
        raise Usage("nncp rollback: a checkpoint or --to, not both")
    return applying.run(call, Decoded(NetworkState()), f"nncp rollback --to {number}", back_to=number)
