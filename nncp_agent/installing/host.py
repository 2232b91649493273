"""Put the agent itself on a host, from an image that is mounted there: its program and its boot unit.

```
/opt/nncp-agent/VERSION/      the program with its interpreter; the version before stays for who still runs it
/opt/nncp-agent/bin/nncp      what the unit and the daemon start: that of the version installed last
/etc/systemd/system/nncp-restore.service, and where it is wanted
```
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nncp_agent.installing import NotInstalled, program

PROGRAM: Final = "/opt/nncp-agent"
UNITS: Final = "/etc/systemd/system"
UNIT: Final = "nncp-restore.service"
NNCP: Final = f"{PROGRAM}/bin/nncp"
KEPT: Final = 2
"""Versions: the one installed and the one before, which watchdogs and keepers of leases may be."""
_STARTED: Final = "/usr/bin/env nncp"
_COMES_WITH_US: Final = Path(__file__).with_name("units")
_IN_A_TREE: Final = Path(__file__).parents[2] / "deploy" / "systemd"


def install(root: Path, place: str = PROGRAM) -> str:
    """Give the version that is installed now. Raises NotInstalled; what was there works until the very end."""
    home = _below(root, place)
    with _alone(home):
        with tempfile.TemporaryDirectory(prefix=".new-", dir=home) as work:
            version = _version()
            if not (home / version / "bin" / "nncp").exists():
                new = Path(work) / version
                program.fill(new, f"{place}/{version}")
                shutil.rmtree(home / version, ignore_errors=True)
                os.rename(new, home / version)
        os.utime(home / version)
        (home / "bin").mkdir(exist_ok=True)
        _point(home / "bin" / "nncp", f"../{version}/bin/nncp")
        _place_unit(_below(root, UNITS), f"{place}/bin/nncp")
        _remove_old(home)
    return version


def uninstall(root: Path, place: str = PROGRAM) -> None:
    """Take program and unit away. What is applied stays, and so does what is remembered of it. Raises NotInstalled."""
    home, units = _below(root, place), _below(root, UNITS)
    with _alone(home):
        for each in (units / UNIT, *(units / f"{target}.wants" / UNIT for target in wanted_by(unit_text()))):
            with suppress(FileNotFoundError):
                each.unlink()
    shutil.rmtree(home)


def unit_text() -> str:
    """The boot unit as it comes with us."""
    folder = _COMES_WITH_US if _COMES_WITH_US.is_dir() else _IN_A_TREE
    return (folder / UNIT).read_text()


def wanted_by(unit: str) -> list[str]:
    """The targets that want a unit, by the words of its [Install]."""
    lines = [line.partition("=") for line in unit.splitlines()]
    return [target for key, _, value in lines if key == "WantedBy" for target in value.split()]


def _place_unit(folder: Path, nncp: str) -> None:
    """As `systemctl enable` does it, which cannot be asked from an image."""
    text = unit_text()
    if _STARTED not in text:
        raise NotInstalled(f"{UNIT}: it starts something else than {_STARTED}")
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{UNIT}.new"
    draft.write_text(text.replace(_STARTED, nncp))
    draft.chmod(0o644)
    os.rename(draft, folder / UNIT)
    for target in wanted_by(text):
        (folder / f"{target}.wants").mkdir(exist_ok=True)
        _point(folder / f"{target}.wants" / UNIT, f"{UNITS}/{UNIT}")


def _point(link: Path, target: str) -> None:
    draft = link.with_name(f".{link.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    draft.symlink_to(target)
    os.rename(draft, link)


def _remove_old(home: Path) -> None:
    versions = [each for each in home.iterdir() if each.is_dir() and each.name != "bin"]
    versions.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    for each in versions[KEPT:]:
        shutil.rmtree(each)


def _version() -> str:
    """Of what will be in the folder: our own sources, the interpreter, and what else of which release."""
    found = hashlib.sha256(program.release().encode())
    for package in program.PACKAGES:
        for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            found.update(f"{file.relative_to(Path(str(package.__file__)).parent)}\0".encode())
            found.update(file.read_bytes())
    return found.hexdigest()[:12]


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One installer at a time. What the system refuses is said as NotInstalled."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        fd = os.open(home, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
    except (OSError, shutil.Error) as error:
        raise NotInstalled(f"{getattr(error, 'filename', None) or home}: {error}") from error
