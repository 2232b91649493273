"""The ways by which a call comes to our plugins; each of them has to give the same answers."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Final, Protocol

from cni.bridge.leaving import Leave, alone
from cni.client import build
from cni.daemon.gathering import Gathering
from cni.daemon.server import Server
from cni.daemon.service import part
from cni.skel import Answer, Plugin, answer
from tests.cni import plugins

SERVED: Final = "serving"
Ask = Callable[[str, Mapping[str, str], bytes], Answer]
"""Plugin, environment, stdin."""


class Way(Protocol):
    def __call__(self, folder: Path) -> AbstractContextManager[Ask]:
        """Plugins whose files are in a folder. What serves them stands in the namespace of the caller."""


@contextmanager
def in_process(folder: Path) -> Iterator[Ask]:
    ours = own(folder)
    yield lambda name, environment, stdin: answer(ours[name], environment, lambda: stdin, "test")


def own(folder: Path, leave: Leave = alone) -> dict[str, Plugin]:
    return {"bridge": plugins.bridge(folder, leave), "tuning": plugins.tuning(folder)}


def client(plugin: str, folder: Path, place: str) -> build.Client:
    socket = str(folder / place / "socket")
    return build.Client(plugin, sys.executable, plugins.alone(plugin, folder), socket)


def in_python(plugin: str, folder: Path, place: str = SERVED) -> list[str]:
    """A client of whoever serves at a place in the folder, made; the command that is it."""
    file = folder.parent / f"python-{place}-{plugin}"
    if not file.exists():
        file.write_bytes(build.in_python(client(plugin, folder, place)))
        file.chmod(0o755)
    return [str(file)]


def in_c(plugin: str, folder: Path, place: str = SERVED) -> list[str]:
    file = folder.parent / f"c-{place}-{plugin}"
    if not file.exists():
        build.compile_c(client(plugin, folder, place), str(file))
    return [str(file)]


def started(command: list[str], environment: Mapping[str, str], stdin: bytes) -> Answer:
    done = subprocess.run(command, env=environment, input=stdin, capture_output=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A daemon, in threads of this process."""
    with part({}, str(folder / SERVED / "socket"), own(folder, Gathering())) as server, ExitStack() as running:
        server.start()
        running.callback(server.stop)
        yield server


class Served:
    """Through a client that `made` makes."""

    def __init__(self, made: Callable[[str, Path], list[str]]) -> None:
        self._made = made

    @contextmanager
    def __call__(self, folder: Path) -> Iterator[Ask]:
        with serving(folder):
            yield lambda name, environment, stdin: started(self._made(name, folder), environment, stdin)


@contextmanager
def unserved(folder: Path) -> Iterator[Ask]:
    """Turn and turn about: a daemon that was killed left its socket, and one that is stopped looks at nothing."""
    turns = cycle(((in_python, "killed"), (in_c, "stopped")))

    def ask(name: str, environment: Mapping[str, str], stdin: bytes) -> Answer:
        made, place = next(turns)
        return started(made(name, folder, place), environment, stdin)

    with listening(folder / "killed"):
        pass
    with listening(folder / "stopped"):
        yield ask


@contextmanager
def listening(place: Path) -> Iterator[None]:
    """What is sent is kept by the kernel."""
    place.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        listener.listen(16)
        yield


WAYS: Final[Mapping[str, Way]] = {
    "in-process": in_process,
    "python-client": Served(in_python),
    "c-client": Served(in_c),
    "no-daemon": unserved,
}
