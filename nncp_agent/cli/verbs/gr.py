"""Print the state that would take FILE back: what it adds made absent, what it changes or removes as it is now.

Taken before FILE is applied, and applied after it. `nncp rollback` needs no such file and remembers more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp gr bond1.yaml > back.yaml && nncp apply bond1.yaml
  nncp apply back.yaml          as before
  nncp gr bond1.yaml --current yesterday.yaml
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a policy or a network state, - for stdin")
    parser.add_argument("-c", "--current", metavar="FILE", help="the state to go back to, instead of this host's")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-s", "--show-secrets", action="store_true", help="macsec keys as they are, not hidden")


def run(call: Call) -> int:
    from nncp_agent.cli import asked
    from nncp_agent.revert import revert
    from nncp_agent.shown import secrets

    current = asked.state_of(call, call.options.current, include_secrets=call.options.show_secrets)
    back = revert(asked.comparable(call, [call.options.file]), current)
    for interface in back.get("interfaces", ()):
        if secrets.HIDDEN in secrets.of(interface).values():
            call.warn(
                f"{interface['name']}: its keys are hidden, so whoever applies this keeps those of then; -s has them"
            )
    call.write(back, "json" if call.options.json else "yaml")
    return OK
