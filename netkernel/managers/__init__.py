"""The door to other managers of links: what they hold, by their own word, and what makes them begin anew."""

from __future__ import annotations

import os
from collections.abc import Mapping

from netkernel.files import NETWORK_MANAGER, SYSTEM_BUS
from netkernel.ops import SetManager
from netkernel.records import File, Link, Manager


def is_hosts_namespace(proc: str = "/proc") -> bool:
    """Whether we are where managers are, which number only the host's links.

    Whoever may not see where process 1 is has not left its namespace: both need the same rights.
    """
    try:
        return os.readlink(f"{proc}/self/ns/net") == os.readlink(f"{proc}/1/ns/net")
    except OSError:
        return True


class Managers:
    """Those of the host whose files begin at `root`, and on whose bus (a socket) they and systemd are."""

    def __init__(self, bus: str = SYSTEM_BUS, root: str = "/") -> None:
        self._bus = bus
        self._root = root

    def all(self, links: Mapping[str, Link]) -> tuple[dict[str, Manager], dict[str, File]]:
        """Those that are here, with what they hold of `links`, and the files they are configured by."""
        from netkernel.managers import ifupdown, network_manager, networkd  # late: few look

        managers: dict[str, Manager] = {}
        files = ifupdown.files(self._root)
        for module in (networkd, network_manager):
            if (found := module.look(links, self._bus, self._root)) is not None:
                managers[module.NAME] = found
                files |= module.files(self._root)
        return managers, files

    def set(self, op: SetManager) -> None:
        """Have it begin anew. Raises KernelRefused with what systemd or the manager says."""
        from netkernel.managers import network_manager, networkd

        module = network_manager if op.name == NETWORK_MANAGER else networkd
        module.begin_anew(op, self._bus, self._root)
