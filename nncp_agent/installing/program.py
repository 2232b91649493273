"""The whole of `nncp` in one folder, with its interpreter: what a host needs that has none of it.

The folder runs wherever its C library's loader does, which it brings along, whatever the host has. Modules stand beside
the interpreter's own, because that is the one place where every build of Python looks for them.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import cni
import netkernel
import nncp_agent
from nncp_agent.installing import NotInstalled
from nncp_agent.installing.bundle import DISTRIBUTION, interpreter, libraries

PACKAGES: Final = (cni, netkernel, nncp_agent)
NEEDED: Final = ("msgspec", "PyYAML", "pyroute2", "kubernetes", "cryptography", "prometheus-client", "rich")
"""What pyproject.toml names; what these need comes along."""
_LEFT_OUT: Final = (
    "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3",
    "config-*", "__pycache__", "*.a", "_tkinter*",
)  # fmt: skip
PYTHON: Final = """\
#!/bin/sh
exec {place}/ld.so --library-path {place}/lib --argv0 {place}/bin/python3 {place}/bin/python "$@"
"""
NNCP: Final = """\
#!/bin/sh
exec {place}/bin/python3 -I -m nncp_agent "$@"
"""
"""`-I`: what stands in the environment of whoever calls is meant for another Python."""


def fill(folder: Path, place: str) -> None:
    """Make the folder, which will be called `place` where it is used. Raises NotInstalled."""
    modules = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copytree(sysconfig.get_path("stdlib"), modules, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for package in PACKAGES:
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, modules / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in sorted(_closure()):
        _copy(metadata.distribution(name), modules)
    _copy_our_own(modules)
    (folder / "bin").mkdir()
    shutil.copy2(interpreter(), folder / "bin" / "python")
    libraries([interpreter(), *sorted(modules.rglob("*.so"))], folder)
    for name, text in (("python3", PYTHON), ("nncp", NNCP)):
        (folder / "bin" / name).write_text(text.format(place=place))
        (folder / "bin" / name).chmod(0o755)


def release() -> str:
    """The interpreter and all that comes along, with their versions. Raises NotInstalled."""
    return " ".join([sys.version, *(f"{name}={metadata.version(name)}" for name in sorted(_closure()))])


def _closure() -> set[str]:
    """The distributions that we need, and those that they do. Raises NotInstalled."""
    found: set[str] = set()
    waiting = list(NEEDED)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError as error:
            if name in NEEDED:
                raise NotInstalled(f"{name} is not installed here, so it cannot be brought along") from error
            continue  # for another Python or another system
        found.add(name)
        waiting += [match[0] for each in required if "extra ==" not in each and (match := _NAME.match(each))]
    return found


_NAME: Final = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*")


def _files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or ():
        where = Path(str(distribution.locate_file(file)))
        if ".." not in file.parts and "tests" not in file.parts and file.suffix != ".pyc" and where.is_file():
            yield str(file), where


def _copy(distribution: metadata.Distribution, modules: Path) -> None:
    for name, where in _files(distribution):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(where, modules / name)


def _copy_our_own(modules: Path) -> None:
    """What says of which release this is; a tree of sources has none."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return
    for name, where in _files(distribution):
        if ".dist-info/" in name:
            (modules / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(where, modules / name)
