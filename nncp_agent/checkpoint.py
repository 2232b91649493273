"""What takes an apply back, on disk before its first op, and what a checkpoint found later means."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Final, Literal, Self

import msgspec

from netkernel import netns
from netkernel.frozen import Frozen
from netkernel.transaction import Kernel
from nncp_agent.errors import Busy
from nncp_agent.files import VERSION
from nncp_agent.history import Entry
from nncp_agent.store import NEXT, Store

NAME: Final = "checkpoint.json"
BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One apply that is not committed. `remembered` is `netkernel.rewind.Remembered` in JSON.

    `stage`: `applying` while the process that made it works on it, `pending` once it waits for commit or rollback.
    `deadline_s` is a moment of CLOCK_BOOTTIME (which goes on while the machine sleeps, and starts again with it).
    `entry` is what the history will say; whoever ends the checkpoint adds how it ended.
    """

    id: str
    stage: Literal["applying", "pending"] = "applying"
    boot: str
    namespace: str  # as readlink(2) shows it: net:[4026531840]
    pid: int
    deadline_s: float
    remembered: msgspec.Raw
    entry: Entry
    memory_only: bool = False
    record: bool = True  # in the history
    root: str = "/"  # where its files of configuration begin
    version: int = VERSION


class Here(Frozen):
    """This moment in this kernel: which boot, which network namespace, and how long after the boot."""

    boot: str
    namespace: str
    now_s: float

    @classmethod
    def find(cls, namespace: str | None = None) -> Self:
        """Of the namespace at path `namespace`, or of the calling thread's own. Raises OSError when there is none."""
        there = os.stat(namespace or netns.OWN)
        return cls(Path(BOOT_ID).read_text("ascii").strip(), f"net:[{there.st_ino}]", now_s())


def namespace_of(kernel: Kernel) -> str | None:
    """Path of the network namespace `kernel` is of; None is the calling thread's own (and that of a fake one)."""
    path = getattr(kernel, "namespace", None)
    return str(path) if path else None


def root_of(kernel: Kernel) -> str:
    """Where the files of configuration of `kernel` begin."""
    return str(getattr(kernel, "root", "/"))


class Standing(Enum):
    """What a checkpoint found in the store means to whoever holds the lock."""

    COMMITTED = auto()  # its commit happened; only the file was left
    GONE = auto()  # of an earlier boot: the kernel that was changed is no more
    ELSEWHERE = auto()  # of another network namespace
    PENDING = auto()  # waits for commit or rollback
    OVERDUE = auto()  # waited too long
    INTERRUPTED = auto()  # whoever applied it died on the way


def standing(checkpoint: Checkpoint, here: Here, committed_by: str) -> Standing:
    """Pure, and only for the holder of the lock: an apply under way holds it, so any other was interrupted."""
    if checkpoint.id == committed_by:
        return Standing.COMMITTED
    if checkpoint.boot != here.boot:
        return Standing.GONE
    if checkpoint.namespace != here.namespace:
        return Standing.ELSEWHERE
    if checkpoint.stage == "applying":
        return Standing.INTERRUPTED
    return Standing.PENDING if here.now_s < checkpoint.deadline_s else Standing.OVERDUE


def refusal(checkpoint: Checkpoint, here: Here, standing: Standing) -> Busy:
    """Why nobody may apply now, and what to do about it."""
    entry = checkpoint.entry
    since = entry.time.replace("+00:00", "Z")
    what = f"checkpoint {checkpoint.id} of process {checkpoint.pid} ({entry.command}), since {since},"
    if standing is Standing.ELSEWHERE:
        return Busy(
            f"{what} belongs to network namespace {checkpoint.namespace}, this is {here.namespace}: "
            f"run `nncp rollback` there, or use another --state-dir here; if it is gone for good, remove {NAME}"
        )
    left_s = checkpoint.deadline_s - here.now_s
    when = datetime.now(UTC) + timedelta(seconds=left_s)
    return Busy(
        f"{what} waits: `nncp commit` keeps it, `nncp rollback` takes it back; "
        f"by itself it goes back at {when:%H:%M:%S} UTC, in {left_s:.0f} s"
    )


def waiting(store: Store, here: Here) -> Busy | None:
    """What an apply would be refused with now because a checkpoint waits, None when none does. Raises StoreBroken."""
    found = read(store)
    if found is None:
        return None
    meaning = standing(found, here, store.committed_by())
    return refusal(found, here, meaning) if meaning in (Standing.PENDING, Standing.ELSEWHERE) else None


def new_id() -> str:
    """Sorts by time, names one apply."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def now_s() -> float:
    """Seconds since the boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read(store: Store) -> Checkpoint | None:
    """The checkpoint in the store, if there is one. Raises StoreBroken."""
    return store.read_as(NAME, Checkpoint)


def write(store: Store, checkpoint: Checkpoint) -> None:
    """On the disk when this returns. Raises StoreBroken."""
    store.write(NAME, msgspec.json.encode(checkpoint))


def remove(store: Store) -> None:
    """Done with it: what is committed now is what is promised. Raises StoreBroken."""
    store.keep_promises()  # first: who dies here is followed by somebody who finds the checkpoint
    store.remove(NAME)
    store.remove(NEXT)
