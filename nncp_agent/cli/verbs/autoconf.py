"""Make the VLANs that switches announce over LLDP, on a bond where several NICs see the same one.

Where nobody listens yet (`lldp: {enabled: true}`), this command does, for as long as a switch may take to speak.
Prints the state that is applied; look at it first with --dry-run.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK, UNREADABLE

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from netkernel.host import Host

EXAMPLES = """\
  nncp autoconf --dry-run
  nncp autoconf eth2,eth3
"""
WAIT_S = 31.0
"""A switch speaks every 30 s (msgTxInterval, IEEE 802.1AB-2016 9.2.5.7)."""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("nics", metavar="NAME", nargs="*", help="only these NICs, also with commas between them")
    parser.add_argument("-d", "--dry-run", action="store_true", help="only print the state")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, default=WAIT_S,
        help=f"listen for so long at most, by default {WAIT_S:g}; 0: only ask who listens already",
    )  # fmt: skip


def run(call: Call) -> int:
    from netkernel.documents import Document
    from nncp_agent import shown, wire
    from nncp_agent.cli import applying
    from nncp_agent.from_lldp import autoconf

    with call.kernel() as kernel:
        host = kernel.overview(())
    only = [name for word in call.options.nics for name in word.split(",") if name]
    unknown = set(only) - host.links.keys()
    if unknown:
        call.error(f"no interface '{min(unknown)}'")
        return UNREADABLE
    host = _listened(call, host, only)
    desired = autoconf({"interfaces": list(shown.interfaces(host))}, only)
    if not desired:
        call.say("no neighbour announces a VLAN: nothing to do")
    elif not call.options.dry_run:
        call.needs_root()
        decoded = wire.decode([Document(desired)])
        applying.run(call, decoded, "nncp autoconf", report=lambda call, outcome, decoded: None)
    call.write(desired, "yaml")
    return OK


def _listened(call: Call, host: Host, only: Collection[str]) -> Host:
    """The host with the neighbours of NICs that have said nothing so far, as far as they speak in time."""
    from netkernel.frozen import replace
    from netkernel.records import LLDP, Client

    silent = [name for name in sorted(host.links) if _may_hear(host, name) and (not only or name in only)]
    if not silent or call.options.wait <= 0:
        return host
    if not call.world.may_configure:
        call.warn("nobody listens on " + ", ".join(silent) + ", and to do so needs root (CAP_NET_RAW)")
        return host
    call.say(f"listening on {', '.join(silent)} for at most {call.options.wait:g} s")
    try:
        heard = call.world.hear(silent, call.options.wait)
    except OSError as error:
        call.warn(f"nobody can listen: {error.strerror}")
        return host
    clients = (Client(name, LLDP) for name in heard if host.client(name, LLDP) is None)
    return replace(host, heard={**host.heard, **heard}, clients=(*host.clients, *clients))


def _may_hear(host: Host, name: str) -> bool:
    """A NIC with carrier of which nothing has been heard."""
    link = host.links[name]
    return link.kind in ("", "veth") and link.type == 1 and link.carrier and name not in host.heard
