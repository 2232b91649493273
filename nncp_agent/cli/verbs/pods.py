"""Show what CNI has attached on this node: pod, network, bridge, VLAN, MAC, addresses, and frames dropped as spoofed.

Pods have their names where the runtime or `nncp attach` remembers them; else the id of the sandbox stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.pods.attached import Attachment

EXAMPLES = """\
  nncp pods
  nncp pods -o json | jq '.[] | select(.dropped > 0)'
"""
FORMATS = ("table", "yaml", "json")
HEADERS = ("POD", "INTERFACE", "NETWORK", "BRIDGE", "VLAN", "MAC", "ADDRESSES", "PORT", "DROPPED")
EXPENDABLE = ("PORT", "MAC", "NETWORK")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=FORMATS, metavar="FORMAT", help="table, yaml or json")


def run(call: Call) -> int:
    from netkernel.nftables import Nftables
    from netkernel.place import Place
    from nncp_agent.attaching import memory
    from nncp_agent.pods import attached, runtimes

    call.needs_root()
    with Place() as place, Nftables() as door:
        found = attached.attached(place, door, runtimes.calls(), memory.names(call.store()))
    form = call.options.output
    if form in ("yaml", "json"):
        call.write([each.plain for each in found], form)
        return OK

    from nncp_agent.cli import table

    rows = {"": [_row(each) for each in found]}
    call.world.stdout.write(table.render(HEADERS, rows, call.style(), expendable=EXPENDABLE))
    if not found:
        call.say("nothing is attached")
    return OK


def _row(each: Attachment) -> tuple[str | list[str], ...]:
    vlans = [*([str(each.vlan)] if each.vlan else []), *(f"+{vlan}" for vlan in each.trunk)]
    dropped = "" if each.dropped is None else str(each.dropped)
    pod = each.pod if "/" in each.pod else each.pod[:12]
    return (
        pod,
        each.interface,
        each.network,
        each.bridge,
        " ".join(vlans),
        each.mac,
        list(each.addresses),
        each.port,
        dropped,
    )
