"""The state directory: the committed policy, the checkpoint and the history; each file is whole or not there.

```
committed.json        the committed state, and the checkpoint it was committed by
committed-next.json   what `commit` will rename over it: the commit is one rename and needs no space on the disk
checkpoint.json       what takes a running or uncommitted apply back (see `checkpoint`)
bridges               the bridges that it promises to make (see `promises`), for the CNI plugins
history/000042.json   one file for each apply (see `history`)
lock                  flock(2) and who holds it (see `lock`)
watchdog.log          what the last watchdog had to say when it failed
```
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from nncp_agent import files, promises
from nncp_agent.errors import StoreBroken
from nncp_agent.files import COMMITTED, DIRECTORY, VARIABLE, VERSION, broken
from nncp_agent.model import NetworkState

PATIENCE_S: Final = 10.0
"""A directory that takes longer for one file is too slow to be the way back."""
NEXT: Final = "committed-next.json"

T = TypeVar("T")


def default_directory() -> Path:
    """Where the state is kept unless somebody says otherwise: $NNCP_STATE_DIR, else /var/lib/nncp-agent."""
    return Path(os.environ.get(VARIABLE) or DIRECTORY)


class Committed(msgspec.Struct, frozen=True):
    """committed.json. `checkpoint` names the apply that wrote it: a checkpoint of that name is done with."""

    state: dict[str, Any]  # nmstate form
    checkpoint: str = ""
    version: int = VERSION


class _CommittedBy(msgspec.Struct):
    """Of a `Committed` file, without the state: the watchdog asks at each piece of news."""

    checkpoint: str = ""


class _Versioned(msgspec.Struct):
    version: int


class Store:
    """One state directory. `clock` is in seconds; tests bring their own."""

    def __init__(self, directory: Path | str, clock: Callable[[], float] = time.monotonic) -> None:
        self.directory = Path(directory)
        self._clock = clock

    def path(self, name: str) -> Path:
        """Where the file `name` lies."""
        return self.directory / name

    def prepare(self, folder: str = "") -> None:
        """Make the directory (or a folder in it), readable by its owner only. Raises StoreBroken."""
        path = self.path(folder)
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise broken(path, "make", error) from error

    def read(self, name: str) -> bytes | None:
        """The content of `name`, None when it is not there. Raises StoreBroken, also for what is no regular file."""
        return files.read(self.path(name))

    def write(self, name: str, data: bytes) -> None:
        """Put `data` at `name`, whole and on the disk (fsync, rename, fsync of the directory) before it returns.

        Raises StoreBroken, and then nobody should rely on either content. Slower than PATIENCE_S is broken as well.
        """
        path, began = self.path(name), self._clock()
        draft = path.with_name(path.name + ".tmp")
        self.prepare(str(Path(name).parent))
        try:
            _write_through(draft, data)
            os.rename(draft, path)
            _sync_directory(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True) if draft.is_file() else None
            raise broken(path, "write", error) from error
        if (took_s := self._clock() - began) > PATIENCE_S:
            raise StoreBroken(f"{path}: writing it took {took_s:.1f} s: wanted a directory that takes a moment")

    def remove(self, name: str) -> None:
        """Remove `name`; absent is success. Raises StoreBroken."""
        path = self.path(name)
        try:
            path.unlink()
            _sync_directory(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise broken(path, "remove", error) from error

    def names(self, folder: str) -> list[str]:
        """Names in `folder`, sorted; empty when it is not there. Raises StoreBroken."""
        path = self.path(folder)
        try:
            return sorted(os.listdir(path))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise broken(path, "list", error) from error

    def read_as(self, name: str, form: type[T]) -> T | None:
        """`name` as a value of `form`, a struct with a `version`. Raises StoreBroken with words for anything else."""
        data = self.read(name)
        if data is None:
            return None
        path = self.path(name)
        try:
            version = msgspec.json.decode(data, type=_Versioned).version
            if version == VERSION:
                return msgspec.json.decode(data, type=form)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise files.not_ours(path, error) from error
        raise files.of_another_format(path, version)

    def committed(self) -> NetworkState:
        """The committed state; an empty one when nothing was ever committed. Raises StoreBroken."""
        file = self.read_as(COMMITTED, Committed)
        return self.state_of(file.state, COMMITTED) if file else NetworkState()

    def committed_by(self) -> str:
        """Name of the checkpoint whose commit wrote the committed state, or "". Raises StoreBroken."""
        file = self.read_as(COMMITTED, _CommittedBy)
        return file.checkpoint if file else ""

    def save_committed(self, state: NetworkState) -> None:
        """Replace the committed state at once, without an apply. Raises StoreBroken."""
        self.prepare()
        self.promise(state)
        self.write(COMMITTED, msgspec.json.encode(Committed(document(state))))
        self.keep_promises()

    def prepare_commit(self, state: NetworkState, checkpoint: str) -> None:
        """Lay down what `commit(checkpoint)` will put in place. Raises StoreBroken."""
        self.write(NEXT, msgspec.json.encode(Committed(document(state), checkpoint)))

    def commit(self, checkpoint: str) -> None:
        """The commit point: one rename. Raises StoreBroken when what `prepare_commit` laid down is not there."""
        following = self.read_as(NEXT, _CommittedBy)
        if following is None or following.checkpoint != checkpoint:
            raise StoreBroken(f"{self.path(NEXT)}: not of checkpoint {checkpoint}: nothing to commit; roll back")
        try:
            os.rename(self.path(NEXT), self.path(COMMITTED))
        except OSError as error:
            raise broken(self.path(COMMITTED), "commit", error) from error
        try:
            _sync_directory(self.directory)
        except OSError as error:  # the rename holds for every process; only a power cut could still lose it
            import logging  # late: most who read the store never say a word

            log = logging.getLogger(__name__)
            log.warning("%s: committed, but perhaps not on the disk yet: %s", self.directory, error.strerror)

    def promise(self, coming: NetworkState) -> None:
        """The bridges of a state that may be committed, beside those that are. Raises StoreBroken.

        With a checkpoint on the disk, so that whoever ends it brings the promises to what is committed.
        """
        known = promises.read(self.read(promises.FILE))
        if more := promises.bridges(document(coming)) - known:
            self.write(promises.FILE, promises.written(known | more))

    def keep_promises(self) -> None:
        """Promise the bridges of what is committed, and no others: an apply has come to its end. Raises StoreBroken."""
        known = self.read(promises.FILE)
        file = self.read_as(COMMITTED, Committed)
        wanted = promises.bridges(file.state) if file else frozenset()
        if promises.read(known) != wanted or (known is not None and not wanted):
            self.write(promises.FILE, promises.written(wanted)) if wanted else self.remove(promises.FILE)

    def state_of(self, value: dict[str, Any], name: str) -> NetworkState:
        """A state from its nmstate form. Raises StoreBroken naming `name`."""
        # the watchdog reads the store and must start fast; it never needs the models' wire form
        from netkernel.documents import Document
        from nncp_agent import wire
        from nncp_agent.errors import InvalidPolicy

        try:
            return wire.decode([Document(value, str(self.path(name)))]).desired
        except InvalidPolicy as error:
            raise StoreBroken(f"{self.path(name)}: not a network state: {error}") from error


def document(state: NetworkState) -> dict[str, Any]:
    """`state` in nmstate form, as it stands in the directory's files."""
    from nncp_agent.writer import encode  # as in `state_of`

    return encode(state)


def _write_through(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with open(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
