"""The node daemon, in the foreground: it serves the CNI plugins of this node, which then need not do all themselves.

Plugins that do not find it do their work themselves. It ends on SIGTERM, when what it has begun is done; systemd starts
it from deploy/systemd/nncp-daemon.service.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp daemon                               as a unit of systemd does
  nncp daemon --cni-socket /tmp/cni/socket  beside another one
"""


def arguments(parser: ArgumentParser) -> None:
    from cni.client import SOCKET

    parser.add_argument("--cni-socket", metavar="PATH", default=SOCKET, help=f"instead of {SOCKET}")


def run(call: Call) -> int:
    call.needs_root()

    import gc

    from cni.daemon.service import part
    from nncp_agent import daemon

    gc.enable()  # this command is not over soon
    with part(os.environ, call.options.cni_socket) as cni:
        call.say(f"serving CNI plugins at {call.options.cni_socket}")
        stuck = daemon.run([cni], os.environ)
    for name in stuck:
        call.error(f"{name}: has not come round for half of the watchdog's time")
    return FAILED if stuck else OK
