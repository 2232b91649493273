"""Have the daemon leave this node as it is for a while: nothing is applied, repaired or removed.

What policies would do is still told. Links that come late wait as well. `nncp resume` ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp pause --for 2h           until two hours from now
  nncp pause                    until `nncp resume`
"""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 366 * 86400


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--for", dest="span_s", metavar="TIME", type=span_s, help="90s, 30m, 2h, 1d, or 1h30m")


def span_s(text: str) -> float:
    """Seconds of `1h30m`; a number alone is seconds. Raises ArgumentTypeError."""
    import re  # late: few ask

    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    found = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not 0 < found <= _LONGEST_S:
        from argparse import ArgumentTypeError  # late: it is argparse that asks

        raise ArgumentTypeError(f"'{text}': wanted a time like 90s, 30m, 2h or 1h30m, at most a year")
    return found


def run(call: Call) -> int:
    call.needs_root()

    import time

    from nncp_agent.node import holds

    span = call.options.span_s
    pause = holds.Pause(time.time() + span if span else None)
    holds.pause(call.store(), pause.until)
    call.say(holds.words(pause))
    return OK
