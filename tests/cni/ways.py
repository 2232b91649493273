"""The ways by which a call comes to our plugins; each of them has to give the same answers."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

from cni.client import build
from cni.daemon.service import part
from cni.skel import Answer, Plugin, answer
from tests.cni import plugins

Ask = Callable[[str, Mapping[str, str], bytes], Answer]
"""Plugin, environment, stdin."""


class Way(Protocol):
    def __call__(self, folder: Path) -> AbstractContextManager[Ask]:
        """Plugins whose files are in a folder. What serves them stands in the namespace of the caller."""


@contextmanager
def in_process(folder: Path) -> Iterator[Ask]:
    ours = own(folder)
    yield lambda name, environment, stdin: answer(ours[name], environment, lambda: stdin, "test")


def own(folder: Path) -> dict[str, Plugin]:
    return {"bridge": plugins.bridge(folder), "tuning": plugins.tuning(folder)}


def client(plugin: str, folder: Path) -> build.Client:
    return build.Client(plugin, sys.executable, plugins.alone(plugin, folder), str(folder / "serving" / "socket"))


def in_python(plugin: str, folder: Path) -> list[str]:
    """A client, made; the command that is it."""
    file = folder.parent / f"cnv-{plugin}"
    if not file.exists():
        file.write_bytes(build.in_python(client(plugin, folder)))
        file.chmod(0o755)
    return [str(file)]


def in_c(plugin: str, folder: Path) -> list[str]:
    file = folder.parent / f"c-{plugin}"
    if not file.exists():
        build.compile_c(client(plugin, folder), str(file))
    return [str(file)]


def started(command: list[str], environment: Mapping[str, str], stdin: bytes) -> Answer:
    done = subprocess.run(command, env=environment, input=stdin, capture_output=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


class Client:
    """Through a client: `made` makes it, `served` is what it finds where the daemon's socket is."""

    def __init__(
        self,
        made: Callable[[str, Path], list[str]],
        served: Callable[[Path], AbstractContextManager[object]],
    ) -> None:
        self._made = made
        self._served = served

    @contextmanager
    def __call__(self, folder: Path) -> Iterator[Ask]:
        with self._served(folder):
            yield lambda name, environment, stdin: started(self._made(name, folder), environment, stdin)


@contextmanager
def serving(folder: Path) -> Iterator[object]:
    """A daemon, in threads of this process."""
    with part({}, str(folder / "serving" / "socket"), own(folder)) as server, ExitStack() as running:
        server.start()
        running.callback(server.stop)
        yield server


@contextmanager
def dead(folder: Path) -> Iterator[object]:
    """The socket of a daemon that was killed."""
    with stopped(folder):
        pass
    yield None


@contextmanager
def stopped(folder: Path) -> Iterator[object]:
    """As SIGSTOP leaves it: what is sent to it is kept, and nobody looks."""
    (folder / "serving").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "serving" / "socket"))
        listener.listen(16)
        yield listener


WAYS: Final[Mapping[str, Way]] = {
    "in-process": in_process,
    "python-client": Client(in_python, serving),
    "c-client": Client(in_c, serving),
    "daemon-dead": Client(in_python, dead),
    "daemon-stopped": Client(in_c, stopped),
}
