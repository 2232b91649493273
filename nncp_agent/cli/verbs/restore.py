"""Bring the committed state back, as the boot unit does: part by part, with the links that are there.

A dead NIC costs only what needs it. The kernel argument nncp=off skips it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.applying import seconds
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, NOT_UNDONE, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.options import Outcome
    from nncp_agent.restore import Restored

EXAMPLES = """\
  nncp restore                  once
  nncp restore --wait 30        and for half a minute what appears late
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--wait", metavar="SECONDS", type=seconds, default=0.0, help="for links that appear late")


def _summary(restored: Restored) -> str:
    if restored.skipped or restored.failures:
        return ""  # said already
    if not restored.outcomes and not restored.missing:
        return "nothing is committed"
    changes = sum(len(outcome.ops) for outcome in restored.outcomes)
    return f"restored with {changes} changes" if changes else "nothing to restore: the host is as committed"


def run(call: Call) -> int:
    call.needs_root()

    from nncp_agent.cli import progress, scripts
    from nncp_agent.options import Options
    from nncp_agent.restore import restore

    with progress.shown_on(call.world.stderr) as shown, call.logging(shown), call.kernel() as kernel:
        options = Options(command="nncp restore", progress=call.stages(shown), refusals=call.refusals())

        def tell(outcome: Outcome) -> None:
            """As it happens: what is late may be so by half a minute."""
            shown.clear()
            call.warnings(outcome.warnings)
            for op in outcome.ops:
                call.print(str(op))
            call.world.stdout.flush()
            scripts.run(call, kernel, outcome, before)

        before = scripts.remembered(call, kernel)
        restored = restore(call.store(), kernel, options=call.world.adapt(options), wait_s=call.options.wait, tell=tell)
    if line := _summary(restored):
        call.say(line)
    if any(error.leftovers for _, error in restored.failures):
        return NOT_UNDONE
    return FAILED if restored.failures else OK
