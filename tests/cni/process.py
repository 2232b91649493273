"""`nncp daemon` as a process of its own, and the delegates it calls, which a test can hold."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.cni.ways import SERVED

TREE: Final = Path(__file__).parents[2]
WAIT_S: Final = 60.0


class Daemon:
    """Started, and ready as it tells systemd."""

    def __init__(self, folder: Path, *wrapped: str, **environment: str) -> None:
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = f"\0{folder}/{os.getpid()}/{id(self)}"
        self._told.bind(address)
        self._told.settimeout(WAIT_S)
        command = [*wrapped, sys.executable, "-m", "nncp_agent", "daemon", "--cni-socket"]
        self.process = subprocess.Popen(
            [*command, str(folder / SERVED / "socket")],
            cwd=TREE,
            env={**os.environ, "NOTIFY_SOCKET": "@" + address[1:], **environment},
            stderr=None,
        )
        assert self.told() == "READY=1"

    def told(self) -> str:
        """The next words to systemd."""
        return self._told.recv(1024).decode()

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit status, once it has ended as asked."""
        self.tell(signal.SIGTERM)
        status = self.process.wait(WAIT_S)
        self._put_away()
        return status

    def die(self) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)
        self._put_away()

    def _put_away(self) -> None:
        self._told.close()
        if self.process.stderr:
            self.process.stderr.close()


class Delegate:
    """An IPAM plugin that gives an address once it is let go of; `log` has a line for each call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "delegates"
        self.folder.mkdir()
        self.log = self.folder / "log"
        self._begun, self._go = self.folder / "begun", self.folder / "go"
        for each in (self._begun, self._go):
            os.mkfifo(each)
        program = self.folder / "held"
        program.write_text(
            f"""#!/bin/sh
            echo "$CNI_COMMAND $CNI_CONTAINERID $(readlink /proc/self/ns/mnt) $PWD" >> {self.log}
            [ "$CNI_COMMAND" = ADD ] || exit 0
            echo > {self._begun}
            read -r word < {self._go}
            echo '{{"cniVersion": "1.0.0", "ips": [{{"address": "10.9.0.2/24"}}]}}'
            """
        )
        program.chmod(0o755)

    def await_begun(self) -> None:
        with self._begun.open() as opened:
            opened.read()

    def let_go(self) -> None:
        with self._go.open("w") as opened:
            opened.write("go\n")

    @property
    def calls(self) -> list[str]:
        return [" ".join(line.split()[:2]) for line in self.log.read_text().splitlines()]
