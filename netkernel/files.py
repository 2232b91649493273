"""The door to files of configuration: each is put in place whole, with the mode, owner and attributes it is to have.

Paths are those of the host, from `/`; the door may stand before another tree of files (`root`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from contextlib import suppress

from netkernel.errors import KernelRefused
from netkernel.records import File
from netkernel.typed import Final

RESOLV_CONF: Final = "/etc/resolv.conf"
HOSTNAME: Final = "/etc/hostname"
OURS: Final = (RESOLV_CONF, HOSTNAME)
"""What a plan may have to change."""
RESOLVED: Final = ("/run/systemd/resolve/", "/usr/lib/systemd/resolv.conf", "/lib/systemd/resolv.conf")
"""Where systemd-resolved has what /etc/resolv.conf leads to where it is in charge (systemd-resolved.service(8))."""
SYSTEM_BUS: Final = "/run/dbus/system_bus_socket"
"""Where D-Bus, on which it is asked, listens."""
MANAGERS: Final = "managers"
"""The part of a host that other managers of links are (`Host.also`)."""
LARGEST: Final = 1 << 20
"""Bytes; a file of configuration that is larger is none."""
_MOST_LINKS: Final = 8
_DROP_INS: Final = (".netdev.d", ".network.d")
_NOT_REPLACEABLE: Final = (errno.EBUSY, errno.EROFS)
"""What a mount of its own answers, as containers have: nothing can take its place, but it can be written."""
_GET_FLAGS: Final = 0x80086601
"""FS_IOC_GETFLAGS (linux/fs.h) where a long has 64 bits."""
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL


NETWORK_MANAGER: Final = "NetworkManager"
NETWORKD: Final = "systemd-networkd"
IFUPDOWN: Final = "ifupdown"
INTERFACES: Final = "/etc/network/interfaces"
"""ifupdown's file."""
_MANAGED: Final = {
    "/etc/NetworkManager/": NETWORK_MANAGER, "/etc/systemd/network/": NETWORKD, "/etc/network/": IFUPDOWN,
    "/run/network/": IFUPDOWN, "/var/tmp/network/": IFUPDOWN,
}  # fmt: skip


def manager_of(path: str) -> str:
    """Which other manager of links reads this file; "" for others."""
    return next((name for folder, name in _MANAGED.items() if path.startswith(folder)), "")


def beside(path: str) -> str:
    """Where the file is made before it is put in place: what a process that dies there leaves behind is found again."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.nncp")


def is_resolveds(files: Mapping[str, File]) -> bool:
    """Whether /etc/resolv.conf leads to systemd-resolved."""
    found = files.get(RESOLV_CONF, File())
    target = os.path.normpath(os.path.join(os.path.dirname(RESOLV_CONF), found.link))
    return bool(found.link) and target.startswith(RESOLVED)


class Files:
    """The files below `root`."""

    def __init__(self, root: str = "/") -> None:
        self._root = root

    def all(self) -> dict[str, File]:
        """Each of OURS, what symlinks in their places lead to, and what was left behind on the way to them."""
        found: dict[str, File] = {}
        for path in OURS:
            for _ in range(_MOST_LINKS):
                found[path] = self.read(path)
                left = self.read(beside(path))
                if left.exists:
                    found[beside(path)] = left
                if not found[path].link:
                    break
                path = os.path.normpath(os.path.join(os.path.dirname(path), found[path].link))
        return found

    def read(self, path: str) -> File:
        """What is there; a file that nobody can read or replace says so in `obstacle`."""
        full = self._full(path)
        try:
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode):
                return File(link=os.readlink(full), mode=0o777, owner=status.st_uid, group=status.st_gid)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                return File(obstacle=f"is no regular file of at most {LARGEST >> 20} MiB")
            return _read(full)
        except (FileNotFoundError, NotADirectoryError):
            return File()
        except OSError as error:
            return File(obstacle=f"cannot be read: {error.strerror}")

    def write(self, path: str, new: File) -> None:
        """Make it so, or leave it. Raises KernelRefused."""
        full = self._full(path)
        temporary = self._full(beside(path))
        try:
            if not new.exists:
                _remove(full)
                _sync_folder(full)
                _remove_empty(os.path.dirname(full))
                return
            try:
                if os.path.dirname(full).endswith(_DROP_INS):
                    os.makedirs(os.path.dirname(full), exist_ok=True)
                _remove(temporary)
                _make(temporary, new)
                os.rename(temporary, full)
            except OSError as error:
                if error.errno not in _NOT_REPLACEABLE or new.content is None:
                    raise
                _overwrite(full, new.content, error)
            finally:
                _remove_quietly(temporary)
            _sync_folder(full)
        except OSError as error:
            raise KernelRefused(f"write {path}", error.errno or 0, error.strerror or str(error)) from error

    def _full(self, path: str) -> str:
        return os.path.join(self._root, path.lstrip("/"))


def _read(full: str) -> File:
    # O_NONBLOCK: what was a file a moment ago may be a FIFO now, which must not hold us for ever
    fd = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        return File(
            content=file.read(),
            mode=stat.S_IMODE(status.st_mode),
            owner=status.st_uid,
            group=status.st_gid,
            attributes=_attributes(fd),
            obstacle=_obstacle(fd),
        )


def _attributes(fd: int) -> tuple[tuple[str, bytes], ...]:
    """Extended attributes: ACLs, labels of SELinux. Some file systems have none."""
    try:
        return tuple(sorted((name, os.getxattr(fd, name)) for name in os.listxattr(fd)))
    except OSError:
        return ()


def _obstacle(fd: int) -> str:
    import fcntl  # late: some shells of `show` look at no file

    flags = bytearray(8)
    try:
        fcntl.ioctl(fd, _GET_FLAGS, flags)
    except OSError:  # a file system that has no such flags
        return ""
    held = int.from_bytes(flags[:4], "little") & (_IMMUTABLE | _APPEND_ONLY)
    return "is immutable (chattr -ia lets go of it)" if held else ""


def _make(full: str, new: File) -> None:
    if new.content is None:
        os.symlink(new.link, full)
        os.lchown(full, new.owner, new.group)
        return
    fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb") as file:
        file.write(new.content)
        file.flush()
        os.fchown(fd, new.owner, new.group)
        os.fchmod(fd, new.mode)
        for name, value in new.attributes:
            os.setxattr(fd, name, value)
        os.fsync(fd)


def _overwrite(full: str, content: bytes, why: OSError) -> None:
    """All of the new text is there before any of the old is cut off. Raises `why` where nothing is to overwrite."""
    try:
        fd = os.open(full, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise why from None
    try:
        os.pwrite(fd, content, 0)
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(full: str) -> None:
    try:
        os.unlink(full)
    except FileNotFoundError:
        return


def _remove_empty(folder: str) -> None:
    """A folder of drop-ins for one thing came with the first and goes with the last (systemd.unit(5))."""
    if folder.endswith(_DROP_INS):
        with suppress(OSError):
            os.rmdir(folder)


def _remove_quietly(full: str) -> None:
    """Where the folder cannot be written, nothing was left in it."""
    with suppress(OSError):
        _remove(full)


def _sync_folder(full: str) -> None:
    """A rename is on the disk when its folder is."""
    fd = os.open(os.path.dirname(full), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
