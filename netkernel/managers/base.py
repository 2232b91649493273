"""What the managers have in common: files that are read and may not be there, and their service."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator

from netkernel.dbus import Bus
from netkernel.errors import NetworkError
from netkernel.files import Files, beside
from netkernel.managers import services
from netkernel.records import File, Hold, Manager


def text(root: str, path: str) -> str:
    """Of a file that may not be there or not be ours to read, then ""."""
    try:
        with open(os.path.join(root, path.lstrip("/")), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def keys(words: str) -> dict[str, str]:
    """The KEY=value lines of a text, whatever section they stand in."""
    pairs = (line.partition("=") for line in words.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def names(root: str, folder: str, ending: str = "") -> Iterator[str]:
    """Paths of the files in a folder, sorted; none of one that is not there."""
    try:
        found = sorted(os.listdir(os.path.join(root, folder.lstrip("/"))))
    except OSError:
        return
    yield from (f"{folder}/{name}" for name in found if name.endswith(ending) and not name.startswith("."))


def read(root: str, paths: Iterable[str]) -> dict[str, File]:
    """Each of them, also what is not there, and what was left on the way to one."""
    door, found = Files(root), {}
    for path in paths:
        found[path] = door.read(path)
        if (left := door.read(beside(path))).exists:
            found[beside(path)] = left
    return found


def manager(unit: str, holds: dict[str, Hold], bus: str) -> Manager:
    """It as it is; `obstacle` where there is no systemd to stop and start it."""
    try:
        with Bus(bus) as through:
            return Manager(services.is_running(through, unit), holds)
    except NetworkError as error:
        return Manager(False, holds, f"systemd cannot be asked about {unit}: {error}")


def index_of(link: str) -> int:
    """0 for one that is not there."""
    try:
        return socket.if_nametoindex(link)
    except OSError:
        return 0
