"""Make the VLANs that switches announce over LLDP, on a bond where several NICs see the same one.

The NICs must listen (`lldp: {enabled: true}`). Prints the state that is applied; look at it first with --dry-run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK, UNREADABLE

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp autoconf --dry-run
  nncp autoconf eth2,eth3
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("nics", metavar="NAME,…", nargs="?", default="", help="only these NICs")
    parser.add_argument("-d", "--dry-run", action="store_true", help="only print the state")


def run(call: Call) -> int:
    from netkernel.documents import Document
    from nncp_agent import wire
    from nncp_agent.cli import applying, asked
    from nncp_agent.from_lldp import autoconf

    state = asked.present(call)
    only = [name for name in call.options.nics.split(",") if name]
    unknown = set(only) - {each["name"] for each in state["interfaces"]}
    if unknown:
        call.error(f"no interface '{min(unknown)}'")
        return UNREADABLE
    desired = autoconf(state, only)
    if not desired:
        call.say("no neighbour announces a VLAN: nothing to do")
    elif not call.options.dry_run:
        call.needs_root()
        decoded = wire.decode([Document(desired)])
        applying.run(call, decoded, "nncp autoconf", report=lambda call, outcome, decoded: None)
    call.write(desired, "yaml")
    return OK
