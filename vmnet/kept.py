"""What the pod's links were before a VM got them: kept on disk, so that whoever comes later can put them back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from netkernel import frozen_json
from netkernel.errors import NetworkError
from netkernel.frozen import Frozen, fact
from netkernel.host import Host
from netkernel.typed import Final
from vmnet.transcript import LOCK

DIRECTORY: Final = "/run/nncp-agent/vmnet"


class Taken(Frozen):
    """A NIC that has been begun: its link, and that link's part of the pod as CNI made it.

    `since` is when that was, in seconds of 1970.
    """

    nic: str
    link: str
    bridge: str
    tap: str
    renamed: str
    takes_link: bool
    was: Host
    since: float = fact(default=0.0)


class Kept(Frozen):
    """All that a VM has taken of a pod; `namespace` is that of the pod's network, as stat tells it apart.

    `standby`: its guest runs elsewhere still, and nothing passes its taps before it is announced.
    """

    vm: str
    namespace: str
    taken: tuple[Taken, ...] = ()
    standby: bool = False

    def of(self, nic: str) -> Taken | None:
        return next((each for each in self.taken if each.nic == nic), None)


def namespace_id(path: str) -> str:
    """Raises NetworkError when there is no such namespace."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise NetworkError(f"{path}: no such network namespace: {error.strerror}") from error
    return f"{found.st_dev}-{found.st_ino}"


class Records:
    """One file for each pod, replaced as a whole."""

    def __init__(self, directory: str = DIRECTORY) -> None:
        self.directory = Path(directory)

    def read(self, namespace: str) -> Kept | None:
        """None where nothing was begun. Raises NetworkError for a file that cannot be read."""
        path = self._path(namespace)
        try:
            return frozen_json.decode(path.read_bytes(), Kept)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise NetworkError(f"{path}: cannot be read: {error}") from error

    def write(self, kept: Kept) -> None:
        """Raises NetworkError; then the file is as it was."""
        path = self._path(kept.namespace)
        new = path.with_suffix(".new")
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(new, "wb") as file:
                file.write(frozen_json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
        except OSError as error:
            raise NetworkError(f"{path}: cannot be written: {error.strerror}; nothing was changed") from error

    def remove(self, namespace: str) -> None:
        transcript = self.transcript(namespace)
        for path in (self._path(namespace), transcript, transcript.with_suffix(LOCK)):
            path.unlink(missing_ok=True)

    def all(self) -> Iterable[Kept]:
        for path in sorted(self.directory.glob("*.json")) if self.directory.is_dir() else ():
            if (kept := self.read(path.stem)) is not None:
                yield kept

    def transcript(self, namespace: str) -> Path:
        """Where the process that serves the pod's guest writes what it was asked."""
        return self.directory / f"{namespace}.transcript"

    def _path(self, namespace: str) -> Path:
        return self.directory / f"{namespace}.json"
