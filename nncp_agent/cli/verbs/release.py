"""Give addresses from DHCP back to their servers, which may lend them to others then.

They go off the interfaces, and no client asks for others until the next apply or the next start of the machine: what is
committed stays as it is. Nothing else releases an address: after a restart or a rollback it is to be the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp release eth1             before its cable goes elsewhere
  nncp release --family 6 eth1  only what DHCPv6 gave
  nncp apply eth1.yaml          ask for addresses again
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="interfaces")
    parser.add_argument("--family", choices=("4", "6"), metavar="4|6", help="only what DHCP of this family gave")


def run(call: Call) -> int:
    if not call.options.names:
        raise Usage("nncp release: of which interfaces? (nncp release eth1)")
    call.needs_root()

    from nncp_agent.give_back import FAMILIES, give_back

    families = FAMILIES if call.options.family is None else (int(call.options.family),)
    with call.logging(), call.kernel() as kernel:
        done = give_back(call.store(), kernel, call.options.names, families, command="nncp release")
    for line in done:
        call.print(line)
    return OK
