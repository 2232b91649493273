"""`nncp daemon` as a process on a directory of manifests, and ways to see what it says."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from netkernel import inotify
from netkernel.documents import Unreadable, read
from netkernel.kernel import LinuxKernel
from nncp_agent.objects import conditions
from nncp_agent.objects.enactment import conditions_of, generation_of, message_of

TREE: Final = Path(__file__).parents[2]
MANIFESTS: Final = Path(__file__).parent / "manifests"
WAIT_S: Final = 60.0
WORKER: Final = "kind: Node\nmetadata: {name: node1, labels: {node-role.kubernetes.io/worker: ''}}\n"


class Daemon:
    """A node: its directories, and the daemon on them when it runs, in the namespace of the thread that starts it."""

    def __init__(self, folder: Path, node: str = WORKER) -> None:
        self.manifests, self.run, self.state = folder / "policies", folder / "run", folder / "state"
        for each in (self.manifests, self.run / "enactments", self.state):
            each.mkdir(parents=True)
        self.node_file = folder / "node.yaml"
        self.node_file.write_text(node)
        self._folder = folder
        self.program = [sys.executable, "-m", "nncp_agent"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, **environment: str) -> None:
        """Returns when it is ready, as it tells systemd."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            address = f"{self._folder}/{time.monotonic_ns()}"
            told.bind("\0" + address)
            told.settimeout(WAIT_S)
            self.process = subprocess.Popen(
                [
                    *(*self.program, "daemon", "--state-dir", str(self.state)),
                    *("--manifests", str(self.manifests), "--run-dir", str(self.run)),
                    *("--node-file", str(self.node_file), "--cni-socket", str(self._folder / "cni")),
                    *options,
                ],
                cwd=TREE,
                env={**os.environ, "NOTIFY_SOCKET": "@" + address, **environment},
            )
            assert told.recv(1024) == b"READY=1"

    def end(self) -> int:
        """Its exit status, once it has ended as asked."""
        return self._over(signal.SIGTERM)

    def die(self) -> None:
        self._over(signal.SIGKILL)

    def _over(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status, self.process = self.process.wait(WAIT_S), None
        return status

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def put(self, name: str, text: str) -> None:
        """A file, whole from one moment to the next."""
        draft = self._folder / "draft"
        draft.write_text(text)
        draft.rename(self.manifests / f"{name}.yaml")

    def policy(self, name: str, state: str, **spec: str) -> None:
        """A policy; `state` is its desiredState in YAML of one line, as are the other fields."""
        more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
        self.put(
            name,
            "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\n"
            f"metadata: {{name: {name}}}\nspec:\n{more}  desiredState: {state}\n",
        )

    def delete(self, name: str) -> None:
        (self.manifests / f"{name}.yaml").unlink()

    def enactment(self, name: str) -> Mapping[str, Any]:
        """As it stands in its file; empty without one."""
        try:
            value = read((self.run / "enactments" / f"{name}.yaml").read_bytes())[0].value
        except (FileNotFoundError, Unreadable):
            return {}
        return value if isinstance(value, dict) else {}

    def row(self, name: str) -> str:
        found = self.enactment(name)
        return conditions.row_of(conditions_of(found)).name if found else ""

    def message(self, name: str) -> str:
        return message_of(self.enactment(name))

    def generation(self, name: str) -> int:
        return generation_of(self.enactment(name))

    def condition(self, name: str, type_: str) -> str:
        """The message of a condition that is True, "" where it is not."""
        found = conditions_of(self.enactment(name))
        return next((str(each["message"]) for each in found if each["type"] == type_ and each["status"] == "True"), "")

    def until(self, holds: Callable[[], object], what: str = "") -> float:
        """Wait until it is so, looking again at each enactment that is written and each change of the host; gives the
        seconds it took."""
        began = time.monotonic()
        with inotify.of(self.run / "enactments") as news, LinuxKernel() as kernel:
            poll = select.poll()
            poll.register(news, select.POLLIN)
            poll.register(kernel._watch.fileno(), select.POLLIN)
            while not holds():
                left_s = began + WAIT_S - time.monotonic()
                assert left_s > 0, f"{what or 'not'} within {WAIT_S:g} s: {self.said()}"
                poll.poll(min(left_s, 0.5) * 1000)
                kernel.wait(0)
        return time.monotonic() - began

    def until_available(self, *names: str) -> float:
        return self.until(lambda: all(self.row(name) == "Available" for name in names), f"{names} available")

    def said(self) -> str:
        found = sorted((self.run / "enactments").glob("*.yaml"))
        return "; ".join(f"{path.stem}: {self.row(path.stem)}: {self.message(path.stem)}" for path in found)
