"""Everything that can tell of a change of what is published, as one thing to wait for.

The kernel tells of links, addresses, routes, rules and VLANs by netlink; of its host's name by a file that is polled;
of files by inotify. What only a driver knows (settings of ethtool(8)) or only /proc/sys has it tells nobody: that is
seen with the next look, and a look can be asked for.
"""

from __future__ import annotations

import os
import select
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from netkernel import inotify, sysctl
from netkernel.watch import Table, Watch

PUBLISHED: Final = frozenset({Table.LINKS, Table.ADDRESSES, Table.ROUTES, Table.RULES, Table.VLANS})
_FILES: Final = inotify.CLOSED | inotify.PLACED | inotify.REMOVED | inotify.MOVED_FROM
_BUFFER: Final = 65536


class News:
    """`wait` is for one thread; `wake` for any."""

    def __init__(self, watch: Watch, files: int, name: int | None) -> None:
        self._watch = watch
        self._files = files
        self._name = name
        self._is_renamed = False
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._all = select.poll()
        self._woken = select.poll()
        for poll in (self._all, self._woken):
            poll.register(self._wake, select.POLLIN)
        for fd in (watch.fileno(), files):
            self._all.register(fd, select.POLLIN)
        if name is not None:
            self._all.register(name, select.POLLPRI)

    def wake(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_write(self._wake, 1)

    def wait(self, timeout_s: float, *, listens: bool) -> None:
        """Until then, or until somebody wakes us, or until something changed if we listen for that."""
        poll = self._all if listens else self._woken
        ready = [fd for fd, _ in poll.poll(max(timeout_s * 1000 + 1, 0))]
        self._is_renamed |= self._name in ready  # being told is being told once
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def came(self) -> bool:
        """Whether there was something new since it was asked last. Never blocks."""
        found = not self._watch.changed().isdisjoint(PUBLISHED)
        with suppress(BlockingIOError):
            found |= bool(os.read(self._files, _BUFFER))
        if self._name is not None and not self._is_renamed:
            self.wait(-0.001, listens=True)
        found |= self._is_renamed
        self._is_renamed = False
        return found

    def close(self) -> None:
        os.close(self._wake)


@contextmanager
def opened(folders: Collection[str | Path]) -> Iterator[News]:
    """News of the calling thread's namespace, and of files in these folders; one that is not there has none."""
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(routers=True))
        files = stack.enter_context(inotify.several())
        for folder in folders:
            with suppress(OSError):
                inotify.also(files, folder, _FILES)
        name = sysctl.opened(sysctl.HOSTNAME)
        if name is not None:
            stack.callback(os.close, name)
        news = News(watch, files, name)
        stack.callback(news.close)
        yield news
