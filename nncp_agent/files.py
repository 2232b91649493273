"""Where the state directory is and how a file of it is read: what `show` needs of the store, without its models."""

from __future__ import annotations

import os
import stat

from netkernel.typed import Final
from nncp_agent.errors import StoreBroken

VERSION: Final = 1
"""Format of every file in the directory; a file of another one is refused, never guessed at."""
LARGEST: Final = 64 << 20
COMMITTED: Final = "committed.json"

DIRECTORY: Final = "/var/lib/nncp-agent"
VARIABLE: Final = "NNCP_STATE_DIR"
CLAIM: Final = "NNCP_CLAIM"
"""1: links that other managers hold are taken over, also by verbs that have no --claim."""
ROOT_VARIABLE: Final = "NNCP_ROOT"
"""Where the host's files of configuration begin, if not at /: an image that is mounted somewhere, a test."""


def root() -> str:
    """Where they begin for this process."""
    return os.environ.get(ROOT_VARIABLE) or "/"


def read(path: str | os.PathLike[str]) -> bytes | None:
    """The content of a file, None when it is not there. Raises StoreBroken, also for what is no regular file."""
    try:
        # O_NONBLOCK: a FIFO in its place must not hold us for ever
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise broken(path, "read", error) from error
    try:
        with open(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                raise StoreBroken(f"{path}: wanted a regular file of at most {LARGEST >> 20} MiB")
            return file.read()
    except OSError as error:
        raise broken(path, "read", error) from error


def broken(path: str | os.PathLike[str], verb: str, error: OSError) -> StoreBroken:
    """What to say when the directory refuses."""
    return StoreBroken(f"{path}: cannot {verb} it: {error.strerror or error}")


def of_another_format(path: str | os.PathLike[str], version: object) -> StoreBroken:
    """What to say about a file that another nncp-agent wrote."""
    return StoreBroken(f"{path}: format {version}: wanted {VERSION}; use the nncp-agent that wrote it")


def not_ours(path: str | os.PathLike[str], error: object) -> StoreBroken:
    """What to say about a file that no nncp-agent wrote."""
    return StoreBroken(f"{path}: not what we write there: {error}; look at it and move it away")
