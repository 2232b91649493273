"""`hostname`: what the host is called, and what it will be called after a restart (nmstate.md 4.4)."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.files import HOSTNAME
from netkernel.host import Host
from netkernel.records import File
from netkernel.sysctl import HOSTNAME as RUNNING
from netkernel.typed import Final
from nncp_agent.shown.base import Tree

COMMENT: Final = "#"
"""Lines that begin so are none's name (hostname(5))."""


def read(host: Host) -> Tree | None:
    """None where neither can be seen: the namespace is another one's."""
    if RUNNING not in host.sysctls and not host.files:
        return None
    tree: Tree = {}
    if RUNNING in host.sysctls:
        tree["running"] = host.sysctls[RUNNING]
    tree["config"] = name_in(file_of(host)[1])
    return tree


def file_of(host: Host, path: str = HOSTNAME) -> tuple[str, File]:
    """Where it is written in the end, and what is there: a symlink is followed."""
    return file_in(host.files, path)


def file_in(files: Mapping[str, File], path: str) -> tuple[str, File]:
    """The same, of a host's files."""
    import os.path  # late: `os` is there, its path module has this name only

    while (file := files.get(path, File())).link:
        target = os.path.normpath(os.path.join(os.path.dirname(path), file.link))
        if target not in files:
            break
        path = target
    return path, file


def name_in(file: File) -> str:
    """The first line that is no comment; "" for none."""
    words = (line.strip() for line in file.lines)
    return next((word for word in words if word and not word.startswith(COMMENT)), "")
