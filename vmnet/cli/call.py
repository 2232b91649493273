"""One command being run: what it was asked, and where it speaks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netkernel import documents, netns
from netkernel.errors import NetworkError
from netkernel.typed import TextIO
from vmnet import manifest
from vmnet.act import Asked
from vmnet.cli.parser import Options
from vmnet.kept import Records, namespace_id
from vmnet.pod import LinuxPod
from vmnet.target import Giving
from vmnet.vm import Vm


class Call:
    """One command being run. Results go to stdout, all else to stderr."""

    def __init__(self, options: Options, stdout: TextIO, stderr: TextIO, stdin: TextIO) -> None:
        self.options = options
        self.stdout = stdout
        self.stderr = stderr
        self._stdin = stdin
        self.records = Records(options.state_dir)
        self.namespace = _path(options.netns) if options.netns else ""

    def vm(self) -> Vm:
        """Raises InvalidVm, Unreadable, NetworkError."""
        file = self.options.file
        name = "standard input" if file == "-" else file
        try:
            text = self._stdin.read() if file == "-" else Path(file).read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            raise NetworkError(f"{name}: cannot be read: {getattr(error, 'strerror', error)}") from error
        return manifest.one(documents.read(text, name), name)

    @contextmanager
    def pod(self) -> Iterator[LinuxPod]:
        with LinuxPod(self.namespace) as pod:
            yield pod

    def asked(self, pod: LinuxPod, vm: Vm) -> Asked:
        """Raises NetworkError when there is no such namespace."""
        options = self.options
        return Asked(
            vm=vm,
            namespace=namespace_id(self.namespace),
            links=options.links,
            primary=options.primary,
            giving=Giving(user=options.user, group=options.group, has_dummy=pod.has_dummy()),
            standby=options.standby,
        )

    def print(self, text: str) -> None:
        self.stdout.write(f"{text}\n")

    def log(self) -> None:
        if self.options.verbose:
            logging.basicConfig(stream=self.stderr, format="%(message)s", level=logging.INFO)


def _path(name: str) -> str:
    if "/" in name:
        return name
    return f"/proc/{name}/ns/net" if name.isdigit() else netns.path_of(name)
