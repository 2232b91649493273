"""What a unit of systemd is told by its process (sd_notify(3), sd_watchdog_enabled(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


class Unit:
    """The unit this process is; where it is none, nobody is told anything.

    `watchdog_s`: how often it must be told WATCHDOG=1; None when nobody minds.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        minds = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        stated = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(stated) / 1e6 if minds and stated.isdecimal() and int(stated) else None

    def tell(self, words: str) -> None:
        """A manager that cannot be reached is no reason to stop serving."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
            there.setblocking(False)
            there.connect(address)
            there.send(words.encode())
