"""udev names links and gives them MAC addresses when they appear, as .link files say (systemd.link(5)).

Of a link that is there, udev's database says which file that was; for one that is yet to be made, the first that fits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from netkernel.frozen import Frozen
from netkernel.managers import is_hosts_namespace
from netkernel.records import Link
from nncp_agent.managers.base import keys, lines

FOLDERS: Final = tuple(f"{above}/systemd/network" for above in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"))
"""A file hides those of the same name in later ones."""
VENDORS: Final = "99-default.link"
"""Comes with systemd and fits every link."""
CONTROL: Final = "/run/udev/control"
"""The socket of the daemon."""
DATABASE: Final = "/run/udev/data"
_POLICIES: Final = ("NamePolicy", "Name", "MACAddressPolicy", "MACAddress", "MTUBytes")


class LinkFile(Frozen):
    """What it fits and what it says, key by key; a key that stands there several times has all of its values."""

    path: str
    match: Mapping[str, str]
    says: Mapping[str, str]

    @property
    def policies(self) -> str:
        """What it says about names, MAC addresses and MTUs, as it stands there."""
        return ", ".join(f"{key}={self.says[key]}" for key in _POLICIES if self.says.get(key))


def link_files(root: str = "", proc: str = "/proc") -> Sequence[LinkFile]:
    """All there are, in the order udev tries them; none where no udev would look at a link."""
    if not os.path.exists(root + CONTROL) or not is_hosts_namespace(proc):
        return ()
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in _names(root + folder, ".link"):
            found.setdefault(name, f"{folder}/{name}")
    return [_read(root, found[name]) for name in sorted(found)]


def applied(links: Mapping[str, Link], root: str = "", proc: str = "/proc") -> dict[str, LinkFile]:
    """The file that udev found for each link it has looked at."""
    if not os.path.isdir(root + DATABASE) or not is_hosts_namespace(proc):
        return {}
    files: dict[str, LinkFile] = {}
    found = {}
    for name, link in links.items():
        if path := keys(f"{root}{DATABASE}/n{link.index}").get("E:ID_NET_LINK_FILE"):
            if path not in files:
                files[path] = _read(root, path)
            found[name] = files[path]
    return found


def _read(root: str, path: str) -> LinkFile:
    """With its drop-ins, of which one hides another of the same name as files do."""
    name = os.path.basename(path)
    more: dict[str, str] = {}
    for folder in FOLDERS:
        for each in _names(f"{root}{folder}/{name}.d", ".conf"):
            more.setdefault(each, f"{folder}/{name}.d/{each}")
    match: dict[str, str] = {}
    says: dict[str, str] = {}
    for each in (path, *(more[key] for key in sorted(more))):
        section: dict[str, str] = {}
        for line in map(str.strip, lines(root + each)):
            key, equals, value = (word.strip() for word in line.partition("="))
            if line.startswith("["):
                section = {"[Match]": match, "[Link]": says}.get(line, {})
            elif equals and not line.startswith(("#", ";")):
                section[key] = f"{section.get(key, '')} {value}".strip() if value and section is match else value
    return LinkFile(path, match, says)


def _names(folder: str, ending: str) -> Sequence[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith(ending)]
    except OSError:
        return ()
