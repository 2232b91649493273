"""Puts it together: the plugins, the threads, the socket."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cni.bridge.plugin import BridgePlugin
from cni.client import SOCKET
from cni.daemon.crew import Crew
from cni.daemon.desk import Desk, Told
from cni.daemon.gathering import Gathering
from cni.daemon.listener import listening
from cni.daemon.server import PATIENCE_S, Server
from cni.skel import Plugin
from cni.tuning.plugin import TuningPlugin
from netkernel.link_kinds import KINDS
from netkernel.typed import Final

LATE: Final = ("ctypes", "netkernel.digests", "select", "subprocess", "traceback")
"""What plugins load when they need it. A thread that sees a client's files does not find it any more."""
SWITCH_S: Final = 0.0005
"""How long a thread may compute while another wants to: clients are claimed within 50 ms."""


def plugins() -> dict[str, Plugin]:
    """All there are, by the names that clients have for them."""
    return {each.name: each for each in (BridgePlugin(leave=Gathering()), TuningPlugin())}


def _load_all() -> None:
    for module in LATE:
        __import__(module)
    for kind in KINDS:
        KINDS[kind]


@contextmanager
def part(
    environment: Mapping[str, str],
    path: str = SOCKET,
    served: Mapping[str, Plugin] | None = None,
    patience_s: float = PATIENCE_S,
    told: Told | None = None,
) -> Iterator[Server]:
    """A server that is not started yet; its socket is there while the block runs. Raises NoSocket.

    It works in the namespace of the thread that starts it. `told` hears of each call.
    """
    _load_all()
    sys.setswitchinterval(SWITCH_S)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crew = Crew()
    with listening(path, environment) as listener:
        yield Server(listener, Desk(plugins() if served is None else served, crew.aside, told), crew, patience_s)
