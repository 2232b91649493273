"""Bring the committed state back, as the boot unit does: part by part, with the links that are there.

A dead NIC costs only what needs it. The kernel argument nncp=off skips it all.
"""

from __future__ import annotations

from argparse import ArgumentParser

from nncp_agent.cli.applying import seconds
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, NOT_UNDONE, OK

EXAMPLES = """\
  nncp restore                  once
  nncp restore --wait 30        and for half a minute what appears late
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--wait", metavar="SECONDS", type=seconds, default=0.0, help="for links that appear late")


def run(call: Call) -> int:
    call.needs_root()

    from nncp_agent.cli import progress
    from nncp_agent.options import Options
    from nncp_agent.restore import restore

    with progress.shown_on(call.world.stderr) as shown, call.logging(shown), call.kernel() as kernel:
        options = Options(command="nncp restore", progress=call.stages(shown), refusals=call.refusals())
        restored = restore(call.store(), kernel, options=call.world.adapt(options), wait_s=call.options.wait)
    for outcome in restored.outcomes:
        call.warnings(outcome.warnings)
        for op in outcome.ops:
            call.print(str(op))
    if any(error.leftovers for _, error in restored.failures):
        return NOT_UNDONE
    return FAILED if restored.failures else OK
