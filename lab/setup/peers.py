"""Peers of the benchmarks that cannot be installed beside what the machine has: unpacked into the cache."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lab.setup.apt import Archive
from lab.setup.base import alone, cache, run, say


def unpacked(package: str) -> Path:
    """The folder with the package's files; fetched once. Raises SetupFailed."""
    with alone("peers"):
        home = cache() / "peers" / package
        if home.is_dir():
            return home
        say(f"fetching {package} (a peer of ./dev bench; unpacked into the cache, not installed)")
        home.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as work:
            archive = Archive().download(package, Path(work))
            files = Path(work) / "files"
            run(["dpkg-deb", "-x", str(archive), str(files)], failing=f"unpacking {package} failed")
            shutil.move(files, home)
        return home
