"""What a plan does beside netlink: files, /proc/sys and sysfs, devices, the processes of a host that are told things.

An op that fails here says where the plan stood (`possibly_done`), as one that the kernel refuses does.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager

from netkernel import sysctl
from netkernel.errors import KernelRefused
from netkernel.files import Files
from netkernel.indexes import Unknown
from netkernel.keepers import Keepers
from netkernel.netlink import Socket
from netkernel.ops import AddClient, DeleteClient, Op, SetHardware, SetLinkDns, SetManager, WriteFile, WriteSysctl
from netkernel.resolved import Resolved
from netkernel.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from netkernel.managers import Managers

IndexOf = Callable[[str], int]
"""Raises Unknown."""


class Beside:
    """The doors of one host; `inside` is a context in which its namespace is ours."""

    def __init__(
        self,
        inside: Callable[[], AbstractContextManager[object]],
        keepers: Keepers | None = None,
        files: Files | None = None,
        resolved: Resolved | None = None,
        managers: Managers | None = None,
    ) -> None:
        self._inside = inside
        self._keepers = keepers
        self._files = files or Files()
        self._resolved = resolved or Resolved()
        self._managers = managers

    def write(self, position: int, op: WriteSysctl | WriteFile | SetLinkDns | SetManager, index_of: IndexOf) -> None:
        """Raises KernelRefused, as all of these do."""
        try:
            self._write(op, index_of)
        except KernelRefused as refused:
            raise refused_at(position, op, refused.errno, refused.reason) from refused

    def _write(self, op: WriteSysctl | WriteFile | SetLinkDns | SetManager, index_of: IndexOf) -> None:
        if isinstance(op, WriteFile):
            self._files.write(op.path, op.new)
            return
        if isinstance(op, SetLinkDns):
            self._resolved.write(op.link, index_of(op.link), op.new)
            if self._keepers is not None:
                self._keepers.keep_lent_names(op.link, op.new)
            return
        if isinstance(op, SetManager):
            if self._managers is None:
                raise KernelRefused(str(op), errno.EOPNOTSUPP, "nobody here speaks to other managers")
            self._managers.set(op)
            return
        with self._inside():
            sysctl.write(op.path, op.new)

    def tell_keeper(self, position: int, op: AddClient | DeleteClient) -> None:
        """Start or stop what runs for a link."""
        try:
            if self._keepers is None:
                raise OSError(errno.EOPNOTSUPP, "nobody here runs anything for links")
            with self._inside():
                if isinstance(op, AddClient):
                    self._keepers.start(op.client)
                else:
                    self._keepers.stop(op.client, op.release)
        except OSError as error:
            raise refused_at(position, op, error.errno or errno.EIO, error.strerror or str(error)) from error

    def by_device(self, position: int, op: Op, act: Callable[[], None]) -> None:
        """What is done by opening a device file of the namespace."""
        try:
            with self._inside():
                act()
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
            raise refused_at(position, op, error.errno or 0, reason) from error

    def write_sysfs(self, position: int, op: SetHardware, index_of: IndexOf, socket: Socket) -> None:
        """A NIC that has virtual functions must have none before it can have another number of them."""
        from netkernel import sysfs  # late: most plans have nothing of it
        from netkernel.codec import virtual_functions

        try:
            index = index_of(op.name)
            device = virtual_functions.parent(socket.ask(virtual_functions.GET, virtual_functions.request(index)))
            for key, attribute in (("drivers-autoprobe", "sriov_drivers_autoprobe"), ("total-vfs", "sriov_numvfs")):
                if key in op.new:
                    if op.old.get(key) and key == "total-vfs" and op.new[key]:
                        sysfs.write(device, attribute, "0")
                    sysfs.write(device, attribute, str(int(op.new[key])))  # type: ignore[arg-type]  # a number or flag
        except Unknown as unknown:
            raise no_link(position, op, unknown) from None
        except KernelRefused as refused:
            raise refused_at(position, op, refused.errno, refused.reason) from refused


def refused_at(position: int, op: Op, number: int, reason: str) -> KernelRefused:
    """The op at `position` failed, and may have been done in part."""
    return KernelRefused(str(op), number, reason, possibly_done=position + 1, failed=frozenset({position}))


def no_link(position: int, op: Op, unknown: Unknown) -> KernelRefused:
    """The op at `position` speaks of a link that is not there, and nothing was done."""
    return KernelRefused(str(op), errno.ENODEV, f"there is no link {unknown.name!r}", possibly_done=position)
