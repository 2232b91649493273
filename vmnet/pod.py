"""The pod's network namespace: looked at, told, and its nftables with it."""

from __future__ import annotations

import select
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Final, Protocol

from netkernel import netns, settings, sysctl
from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.nftables import Nftables, delete_table
from netkernel.ops import CreateLink, Op
from netkernel.ruleset import FAMILIES, Table, messages
from netkernel.typed import Self
from vmnet.announcing import Announcement
from vmnet.frame_rules import PREFIX
from vmnet.target import OF_THE_POD, of_link

PAUSES_S: Final = (0.0, 0.05, 0.15, 0.25)
"""Before each time that a guest is announced: QEMU's own (its migration parameters announce-initial and -step)."""


class Pod(Protocol):
    """The seam: tests have another one."""

    def snapshot(self, also: Collection[str] = ()) -> Host: ...

    def execute(self, ops: Sequence[Op]) -> None: ...

    def wait(self, timeout_s: float) -> bool: ...

    def put_up(self, tables: Sequence[Table]) -> None:
        """These tables of ours and no others, each only if it is not there as it is."""
        ...

    def say(self, announcements: Sequence[Announcement]) -> None:
        """Send the frames, each on its link, and again a moment later: one of them may be lost."""
        ...

    def has_dummy(self) -> bool:
        """Whether this kernel makes dummies."""
        ...


class LinuxPod(LinuxKernel):
    """A pod's namespace on this node."""

    def __init__(self, namespace: str) -> None:
        """Raises NetworkError when there is no such namespace."""
        super().__init__(namespace)
        self.path = namespace

    def snapshot(self, also: Collection[str] = ()) -> Host:
        """With the settings that a VM's NICs need, of the links in `also` too."""
        host = super().snapshot(also)
        links = [each.removeprefix(settings.PART) for each in also]
        with netns.inside(self.path):
            found = dict(_settings([*OF_THE_POD, *(path for link in links for path in of_link(link))]))
        return replace(host, sysctls={**host.sysctls, **found})

    def put_up(self, tables: Sequence[Table]) -> None:
        """Raises KernelRefused; then nothing of it is there."""
        with netns.inside(self.path), Nftables() as door:
            wanted = {(FAMILIES[each.family], each.name): each for each in tables}
            there = [each for each in door.tables() if each[1] == PREFIX or each[1].startswith(f"{PREFIX}-")]
            stale = [delete_table(*each) for each in there if each not in wanted]
            missing = [table for key, table in wanted.items() if door.table_comment(*key) != table.comment]
            if stale or missing:
                door.commit([*stale, *messages(missing)])

    def say(self, announcements: Sequence[Announcement]) -> None:
        """Raises NetworkError for a link that is not there or takes none."""
        with netns.inside(self.path), ExitStack() as held:
            sockets = {each.link: held.enter_context(_sender(each.link)) for each in announcements}
            for pause_s in PAUSES_S if announcements else ():
                select.select([], [], [], pause_s)
                for each in announcements:
                    _send(sockets[each.link], each)

    def has_dummy(self) -> bool:
        with netns.throw_away():
            try:
                with LinuxKernel() as scratch:
                    scratch.execute([CreateLink("probe", "dummy")])
            except KernelRefused:
                return False
        return True

    def __enter__(self) -> Self:
        return self


def _sender(link: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    try:
        made.bind((link, 0))
    except OSError as error:
        made.close()
        raise NetworkError(f"{link}: nothing can be said on it: {error.strerror}") from error
    return made


def _send(sender: socket.socket, announcement: Announcement) -> None:
    try:
        sender.send(announcement.frame)
    except OSError as error:
        raise NetworkError(f"{announcement.link}: nothing can be said on it: {error.strerror}") from error


def _settings(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those that are there: a link may be gone, and a kernel without IPv6."""
    for path in paths:
        with suppress(KernelRefused):
            yield path, sysctl.read(path)


def observe(pod: Pod, links: Collection[str]) -> Host:
    """The pod, with all settings of these links."""
    return pod.snapshot(settings.parts(links))
