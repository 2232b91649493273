"""Take back what `nncp apply --no-commit` changed; or, with --to, take back every apply after one of the history.

With --to, what those applies touched becomes as it was before them, interfaces that no policy made included; all else
stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import NOT_UNDONE, OK
from nncp_agent.cli.words import Options, Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp rollback                 the uncommitted change
  nncp history                  then
  nncp rollback --to 3 --dry-run
                                what that would do, one change per line
  nncp rollback --to 3          as apply 3 left it; verified like any apply
  nncp rollback --to 0          as before the first apply
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import applying

    parser.add_argument("checkpoint", metavar="CHECKPOINT", nargs="?", help="only if it is this one that waits")
    parser.add_argument("--to", metavar="N", type=int, help="take back what was applied after apply N of the history")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done")
    applying.arguments(parser.add_argument_group("with --to, as for apply"))  # type: ignore[arg-type]  # it adds likewise


def run(call: Call) -> int:
    _check(call.options)
    number: int | None = call.options.to
    if call.options.dry_run:
        return _foretold(call, number)
    call.needs_root()
    return _pending(call) if number is None else _earlier(call, number)


def _check(options: Options) -> None:
    if options.checkpoint and options.to is not None:
        raise Usage("nncp rollback: a checkpoint or --to, not both")
    flags = ("no_commit", "timeout", "no_verify", "no_check", "check", "check_timeout", "memory_only")
    stray = [f"--{flag.replace('_', '-')}" for flag in flags if getattr(options, flag)]
    if stray and options.to is None:
        raise Usage(f"nncp rollback: {', '.join(stray)} goes with --to N: an uncommitted change is just taken back")


def _foretold(call: Call, number: int | None) -> int:
    from nncp_agent.cli import foretold

    if number is None:
        foretold.uncommitted_back(call, call.options.checkpoint)
    else:
        foretold.back_to(call, number)
    return OK


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

    return applying.run(call, Decoded(NetworkState()), f"nncp rollback --to {number}", back_to=number)
