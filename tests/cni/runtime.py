"""A container runtime as a test needs one: calls a plugin, ours or the one written in Go, and keeps what it says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cni.skel import Answer
from tests.cni.ways import Ask

GO: Final = Path("/usr/lib/cni")
"""Where Debian's containernetworking-plugins stand."""


class Failed(Exception):
    """The plugin's refusal: `code`, and its message as the text."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(said["msg"])
        self.code = said["code"]
        self.details = said.get("details", "")


class Runtime:
    """One attachment: the namespace at `netns`, an interface name, a container id."""

    def __init__(self, netns: str, ifname: str = "net1", container: str = "c1", path: str = str(GO)) -> None:
        self.netns = netns
        self.ifname = ifname
        self.container = container
        self.path = path
        self.more: Mapping[str, str] = {}

    def environment(self, command: str, **more: str) -> dict[str, str]:
        return {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": self.container,
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": self.ifname,
            "CNI_PATH": self.path,
            "PATH": os.environ["PATH"],
            **self.more,
            **more,
        }

    def ask(self, how: Ask, name: str, command: str, config: Mapping[str, Any] | str, **more: str) -> Any:
        """The result of our plugin; None when it printed none. Raises Failed."""
        return _read(how(name, self.environment(command, **more), _text(config).encode()))

    def ask_go(self, name: str, command: str, config: Mapping[str, Any] | str, **more: str) -> Any:
        """The same of the Go plugin."""
        return run([str(GO / name)], self.environment(command, **more), config)


def run(command: Sequence[str], environment: Mapping[str, str], config: Mapping[str, Any] | str) -> Any:
    """The result of a plugin that is a program. Raises Failed."""
    done = subprocess.run(command, env=environment, input=_text(config).encode(), capture_output=True, check=False)
    return _read(Answer(done.returncode, done.stdout, done.stderr))


def _text(config: Mapping[str, Any] | str) -> str:
    return config if isinstance(config, str) else json.dumps(config)


def _read(said: Answer) -> Any:
    if said.status:
        raise Failed(json.loads(said.stdout))
    return json.loads(said.stdout) if said.stdout else None
