"""Distribution packages: which are missing, install them, or fetch one without installing it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.setup.base import SetupFailed, run, say

MIRROR: Final = "DEBIAN_MIRROR"
"""Names a mirror of Debian's where the system itself uses none."""
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
QUIET: Final = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C.UTF-8"}


def missing(packages: Iterable[str]) -> list[str]:
    """Those that dpkg does not know as installed."""
    wanted = list(packages)
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def ensure(packages: Iterable[str], why: str) -> None:
    """Install what is missing; touches nothing and asks no network when all is there. Raises SetupFailed."""
    if not (absent := missing(packages)):
        return
    if os.geteuid() != 0:
        raise SetupFailed(f"{why} needs packages; as root: apt-get install {' '.join(absent)}")
    say(f"installing {' '.join(absent)} ({why})")
    # --no-remove: the user's own packages, their network's among them, are not ours to take away
    install = ["apt-get", "-qy", "--no-install-recommends", "--no-remove", "install", *absent]
    try:
        run(install, failing="installing packages failed", environment=QUIET)
    except SetupFailed:
        update()
        run(install, failing="installing packages failed", environment=QUIET)


def update() -> None:
    """Read the archives' lists anew. Raises SetupFailed."""
    run(["apt-get", "-qq", "update"], failing="reading the package lists failed", environment=QUIET)


@dataclass(frozen=True, slots=True)
class Archive:
    """A view on package archives with lists of its own, so that the system's stay as they are."""

    options: tuple[str, ...] = ()

    def names(self, pattern: str) -> list[str]:
        """Package names that match the regular expression."""
        found = self._run("apt-cache", "search", "--names-only", pattern)
        return [line.split(" - ", 1)[0] for line in found.splitlines() if " - " in line]

    def version(self, package: str) -> str:
        shown = self._run("apt-cache", "policy", package)
        candidate = re.search(r"Candidate: (\S+)", shown)
        if candidate is None or candidate[1] == "(none)":
            raise SetupFailed(f"no archive has {package}")
        return candidate[1]

    def depends(self, package: str) -> list[str]:
        """What it depends on, as names."""
        return re.findall(r"Depends: (\S+)", self._run("apt-cache", "depends", package))

    def would_install(self, packages: Sequence[str]) -> list[str]:
        """These packages and what they need beyond what is installed."""
        plan = self._run("apt-get", "-qq", "--no-install-recommends", "--simulate", "install", *packages)
        return re.findall(r"^Inst (\S+)", plan, flags=re.MULTILINE)

    def download(self, package: str, directory: Path) -> Path:
        self._run("apt-get", "-qq", "download", package, directory=directory)
        return next(directory.glob(f"{package}_*.deb"))

    def source(self, package: str, directory: Path) -> Path:
        """Fetch a source package; gives its original tarball. The archive must have been opened with `sources`."""
        self._run("apt-get", "-qq", "source", "--download-only", package, directory=directory)
        return next(directory.glob(f"{package}_*.orig.tar.*[!c]"))

    def _run(self, command: str, *words: str, directory: Path | None = None) -> str:
        return run([command, *self.options, *words], failing="apt failed", directory=directory, environment=QUIET)


@contextmanager
def own() -> Iterator[Archive]:
    """The system's own archives, through its own lists."""
    yield Archive()


@contextmanager
def suite(name: str, *, anywhere: bool = False, sources: bool = False) -> Iterator[Archive]:
    """Another Debian suite from the mirror that this Debian system uses itself.

    With `anywhere`, another system takes the mirror that `MIRROR` names, believed by the keyring that its own archives
    have; else that raises SetupFailed. With `sources`, source packages too.
    """
    with TemporaryDirectory(prefix="apt-") as base:
        for directory in ("lists/partial", "cache/archives/partial"):
            (Path(base) / directory).mkdir(parents=True)
        mirror, keyring = _debian_mirror(anywhere), KEYRING
        if anywhere and not keyring.exists():
            keyring = _unpacked_keyring(Path(base))
        signed = f"[signed-by={keyring}] " if keyring.exists() else ""
        source = Path(base) / "sources.list"
        kinds = ("deb", "deb-src") if sources else ("deb",)
        source.write_text("".join(f"{kind} {signed}{mirror} {name} main\n" for kind in kinds))
        archive = Archive(options=tuple(_settings(Path(base), source)))
        run(["apt-get", "-qq", *archive.options, "update"], failing=f"no {name} at {mirror}", environment=QUIET)
        yield archive


def _settings(base: Path, source: Path) -> Sequence[str]:
    # the sandbox user could not write below a directory that is root's alone
    values = {
        "Dir::Etc::SourceList": source,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": base / "lists",
        "Dir::Cache": base / "cache",
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def _unpacked_keyring(base: Path) -> Path:
    """Debian's keys from this system's own archives, which it believes; nothing is installed."""
    deb = Archive().download("debian-archive-keyring", base)
    run(["dpkg-deb", "-x", str(deb), str(base / "keyring")], failing="unpacking Debian's keyring failed")
    return base / "keyring" / KEYRING.relative_to("/")


def _debian_mirror(anywhere: bool) -> str:
    shown = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Identifier: Packages"],
        failing="asking apt for its archives failed",
    )
    for line in shown.splitlines():
        origin, label, uri = line.split("|", 2)
        if (origin, label) == ("Debian", "Debian"):
            return uri
    if anywhere and (named := os.environ.get(MIRROR)):
        return named
    also = f"; {MIRROR}=URL names one" if anywhere else ""
    raise SetupFailed(f"this system uses no mirror of Debian's{also}")
