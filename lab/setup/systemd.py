"""The systemd of a machine that boots in the lab: the host's files where it has them, else unpacked, not installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.setup import apt
from lab.setup.base import SetupFailed, alone, cache, digest, say

ALWAYS: Final = ("systemd", "dbus")
MERGED: Final = ("bin", "lib", "lib32", "lib64", "sbin")
"""Links into /usr on every system we set up; packages may still name files by the old paths."""


def at_hand(packages: Iterable[str] = ()) -> tuple[Path, ...] | None:
    """Directories to lay over the host's root so that systemd and `packages` are there; None before `ensure`."""
    if not (absent := apt.missing(_wanted(packages))):
        return ()
    home = _home(absent)
    return (home,) if home.is_dir() else None


def ensure(packages: Iterable[str] = ()) -> tuple[Path, ...]:
    """The same, fetched and unpacked first where it is not there. Raises SetupFailed."""
    wanted = _wanted(packages)
    if (found := at_hand(wanted)) is not None:
        return found
    with alone("systemd"):
        if (found := at_hand(wanted)) is None:
            absent = apt.missing(wanted)
            say(f"fetching {' '.join(absent)} (for machines in the lab; unpacked into the cache, not installed)")
            found = (_unpacked(absent, _home(absent)),)
    return found


def _wanted(packages: Iterable[str]) -> list[str]:
    return sorted({*ALWAYS, *packages})


def _home(packages: Sequence[str]) -> Path:
    """Packages fit the release they are of."""
    return cache() / f"systemd-{digest(Path('/etc/os-release').read_bytes(), *packages)}"


def _unpacked(packages: Sequence[str], home: Path) -> Path:
    with TemporaryDirectory(prefix="systemd-", dir=cache()) as work:
        files = Path(work) / "files"
        (files / "usr").mkdir(parents=True)
        for name in MERGED:
            (files / "usr" / name).mkdir()
            (files / name).symlink_to(f"usr/{name}")
        try:
            _fill(files, packages, Path(work))
        except SetupFailed:
            apt.update()
            _fill(files, packages, Path(work))
        shutil.move(files, home)
    return home


def _fill(files: Path, packages: Sequence[str], work: Path) -> None:
    archive = apt.Archive()
    for name in archive.would_install(packages):
        _extract(archive.download(name, work), files)


def _extract(deb: Path, into: Path) -> None:
    """Through the links that are there, which dpkg-deb itself would replace by directories."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as package:
        tar = ["tar", "-x", "--keep-directory-symlink", "-C", str(into)]
        if subprocess.run(tar, stdin=package.stdout, check=False).returncode:
            raise SetupFailed(f"unpacking {deb.name} failed")
