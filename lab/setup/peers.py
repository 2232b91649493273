"""Peers of tests and benchmarks that cannot be installed beside what the machine has: unpacked into the cache."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from lab.setup.apt import Archive, suite
from lab.setup.base import SetupFailed, alone, cache, run, say

PLUGINS: Final = "containernetworking-plugins"
NEWER: Final = "1.9.1"
"""The release of the Go plugins that ours were compared with, beside the one that Debian's stable releases have."""


def unpacked(package: str) -> Path:
    """The folder with the package's files; fetched once. Raises SetupFailed."""
    with alone("peers"):
        if (home := home_of(package)).is_dir():
            return home
        say(f"fetching {package} (a peer of tests or benchmarks; unpacked into the cache, not installed)")
        home.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as work:
            shutil.move(_files(Archive(), package, Path(work)), home)
        return home


def home_of(package: str) -> Path:
    """The folder where `unpacked` puts it."""
    return cache() / "peers" / package


def newer_plugins() -> Path | None:
    """The folder with the newer Go plugins, if it was fetched."""
    folder = _home_of_newer() / "usr/lib/cni"
    return folder if folder.is_dir() else None


def fetch_newer_plugins() -> None:
    """Once, from Debian's next release; tests do without where that has another one by now, or is out of reach."""
    home = _home_of_newer()
    with alone("peers"):
        if home.is_dir():
            return
        say(f"fetching {PLUGINS} {NEWER} (a peer of the tests; unpacked into the cache, not installed)")
        home.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as work:
            try:
                with suite("sid") as archive:
                    if archive.version(PLUGINS).startswith(NEWER):
                        shutil.move(_files(archive, PLUGINS, Path(work)), home)
                        return
            except SetupFailed as failure:
                say(f"{PLUGINS} {NEWER} is out of reach: {failure}")
                return
        say(f"nobody has {PLUGINS} {NEWER} any more")
        home.mkdir()


def _home_of_newer() -> Path:
    return cache() / "peers" / f"{PLUGINS}-{NEWER}"


def _files(archive: Archive, package: str, work: Path) -> Path:
    files = work / "files"
    run(["dpkg-deb", "-x", str(archive.download(package, work)), str(files)], failing=f"unpacking {package} failed")
    return files
