"""List every apply that is kept: when, what, and what came of it; with N all about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.history import Entry

EXAMPLES = """\
  nncp history                  the list, oldest first
  nncp history 3                its plan, warnings, checks, timing
  nncp rollback --to 3          take back what was applied after it
"""
FORMATS = ("table", "yaml", "json")
HEADERS = ("N", "WHEN", "OUTCOME", "CHANGES", "TOOK", "WHAT")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("number", metavar="N", nargs="?", type=int, help="one apply in full")
    parser.add_argument("-o", "--output", choices=FORMATS, metavar="FORMAT", help="table, yaml or json")


def run(call: Call) -> int:
    from nncp_agent import history

    store, form = call.store(), call.options.output
    if call.options.number is not None:
        entry = history.document(history.entry(store, call.options.number))
        call.write(entry, form if form != "table" else "yaml")
        return OK
    entries = history.entries(store)
    if form in ("yaml", "json"):
        call.write([history.document(entry) for entry in entries], form)
        return OK
    from nncp_agent.cli import table

    call.world.stdout.write(
        table.render(HEADERS, {"": [_row(entry) for entry in entries]}, call.style(), expendable=("TOOK", "CHANGES"))
    )
    if not entries:
        call.say("nothing was applied yet")
    return OK


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.number),
        entry.time.replace("+00:00", "Z"),
        entry.outcome,
        str(len(entry.plan)),
        f"{sum(entry.seconds.values()):.1f} s",
        ", ".join(entry.policies) or entry.command,
    )
