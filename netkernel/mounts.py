"""The door to mount namespaces: a thread that sees the files of another process, as that one sees them.

A daemon may live in a container. What it does for somebody on the node concerns the node's files: the plugins there,
the leases, the locks. Namespaces and roots belong to threads once they no longer share them (setns(2), unshare(2)).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from netkernel.errors import NetworkError
from netkernel.frozen import Frozen
from netkernel.netns import call
from netkernel.typed import Final

CLONE_NEWNS, CLONE_FS = 0x00020000, 0x00000200
"""linux/sched.h."""
OWN: Final = "/proc/thread-self/ns/mnt"


class View(Frozen):
    """Open descriptors of a mount namespace and of the directory that is `/` for whoever looks."""

    namespace: int
    root: int

    @property
    def is_ours(self) -> bool:
        """Whether the calling thread sees the same files already."""
        return _same(os.fstat(self.namespace), os.stat(OWN)) and _same(os.fstat(self.root), os.stat("/"))


@contextmanager
def inside(view: View) -> Iterator[None]:
    """Run the block with this thread seeing what `view` sees; from then on it has a root of its own.

    No module may be loaded meanwhile: its file is elsewhere. Raises NetworkError where that is not allowed.
    """
    if view.is_ours:
        yield
        return
    home = View(os.open(OWN, os.O_RDONLY | os.O_CLOEXEC), os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
    try:
        try:
            call("unshare", CLONE_FS)
            _enter(view)
        except OSError as error:
            _enter(home)
            raise NetworkError(f"cannot see the caller's files: {error.strerror}") from error
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home.namespace)
        os.close(home.root)


def _enter(view: View) -> None:
    """setns(2) leads to the root of the namespace, which need not be that of the process in it."""
    call("setns", view.namespace, CLONE_NEWNS)
    os.fchdir(view.root)
    os.chroot(".")


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
