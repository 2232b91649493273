"""The test kernel: User Mode Linux from the distribution's kernel source, built once and cached."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.setup import apt
from lab.setup.base import SetupFailed, alone, cache, digest, run, say

FRAGMENT: Final = Path(__file__).with_name("uml.config")
BUILD_PACKAGES: Final = ("gcc", "make", "flex", "bison", "bc", "libc6-dev", "xz-utils", "bzip2")
OTHER_SUITES: Final = ("trixie-backports", "sid")
"""Debian suites newer than what people run; from 6.16 on User Mode Linux has its fast seccomp mode."""
PROVED: Final = "linux-source-7.2"
"""The series the tests were written against; another is taken only where this one is not to be had."""
NAMES: Final = r"^linux-(hwe-[0-9.]+-)?source-[0-9.]+$"
ABOUT_OBJECTS: Final = 1300
ABOUT_CPU_MINUTES: Final = 17
TELL_EVERY_S: Final = 60
MAKE: Final = ("make", "ARCH=um", "SUBARCH=x86_64", "KBUILD_BUILD_USER=lab", "KBUILD_BUILD_HOST=lab")


def at_hand(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The kernel that LAB_KERNEL names, or the cached one for this configuration. Raises SetupFailed."""
    if named := environment.get("LAB_KERNEL"):
        if not os.access(named, os.X_OK):
            raise SetupFailed(f"LAB_KERNEL={named}: no executable kernel is there")
        return Path(named).resolve()
    built = sorted(cache(environment).glob(f"uml-*-{_key()}/linux"), key=os.path.getmtime)
    return built[-1] if built else None


def ensure() -> Path:
    """The kernel, built first where there is none. Raises SetupFailed."""
    if found := at_hand():
        return found
    with alone("kernel"):
        return at_hand() or _build()


def _key() -> str:
    """What the configuration says, whatever its comments explain."""
    return digest(
        *re.findall(r"^(?:CONFIG_\w+=\w+|# CONFIG_\w+ is not set)$", FRAGMENT.read_text(), flags=re.MULTILINE)
    )


def _build() -> Path:
    apt.ensure(BUILD_PACKAGES, "to build the test kernel")
    refused = []
    for origin, archive in _archives():
        try:
            with archive as opened:
                return _build_newest(opened, origin)
        except SetupFailed as failure:
            refused.append(f"{origin}: {failure}")
            say(f"no test kernel from {origin}: {str(failure).splitlines()[0]}")
    raise SetupFailed("no test kernel could be built; LAB_KERNEL=FILE takes a ready one\n" + "\n".join(refused))


def _archives() -> Iterator[tuple[str, AbstractContextManager[apt.Archive]]]:
    for name in OTHER_SUITES:
        yield name, apt.suite(name)
    yield "this system's own source", apt.own()


def _build_newest(archive: apt.Archive, origin: str) -> Path:
    packages = sorted(archive.names(NAMES), key=_preference)
    if not packages:
        raise SetupFailed("it has no linux-source")
    package = packages[-1]
    version = archive.version(package)
    say(f"fetching {package} {version} from {origin}")
    with _workshop() as work:
        deb = archive.download(package, work)
        tree = _unpack(deb, work)
        return _compile(tree, version)


def _preference(package: str) -> tuple[bool, list[int]]:
    return package == PROVED, [int(number) for number in re.findall(r"\d+", package)]


@contextmanager
def _workshop() -> Iterator[Path]:
    """A build takes 2.5 GB; /tmp may be memory."""
    with TemporaryDirectory(prefix="nncp-agent-kernel-", dir="/var/tmp") as directory:
        yield Path(directory)


def _unpack(deb: Path, work: Path) -> Path:
    say("unpacking it")
    tree = work / "tree"
    tree.mkdir()
    run(["dpkg-deb", "-x", str(deb), str(work / "deb")], failing="unpacking the package failed")
    tarball = next((work / "deb").glob("usr/src/**/linux-*source*.tar.*"), None)
    if tarball is None:
        raise SetupFailed(f"{deb.name} holds no source")
    run(["tar", "-xf", str(tarball), "-C", str(tree), "--strip-components=1"], failing="unpacking the source failed")
    shutil.rmtree(work / "deb")
    return tree


def _compile(tree: Path, version: str) -> Path:
    failing = "configuring the kernel failed"
    run([*MAKE, "defconfig"], failing=failing, directory=tree)
    merge = ["scripts/kconfig/merge_config.sh", "-m", ".config", str(FRAGMENT)]
    run(merge, failing=failing, directory=tree, environment={"ARCH": "um", "SUBARCH": "x86_64"})
    run([*MAKE, "olddefconfig"], failing=failing, directory=tree)
    if lacking := _not_taken((tree / ".config").read_text()):
        say(f"this source does not know {', '.join(lacking)}")
    log = cache() / "kernel-build.log"
    jobs = len(os.sched_getaffinity(0))
    minutes = -(-ABOUT_CPU_MINUTES // jobs)
    say(f"building the test kernel {version} (once; about {minutes} minutes on {jobs} CPUs; {log})")
    _make_linux(tree, log, jobs)
    home = cache() / f"uml-{re.sub(r'[^0-9A-Za-z.+-]', '_', version)}-{_key()}"
    home.mkdir(exist_ok=True)
    run(["strip", "-o", str(home / "linux.new"), str(tree / "linux")], failing="stripping the kernel failed")
    shutil.copy(tree / ".config", home / "config")
    (home / "linux.new").rename(home / "linux")
    return home / "linux"


def _not_taken(config: str) -> list[str]:
    wanted = re.findall(r"^(CONFIG_\w+=y)$", FRAGMENT.read_text(), flags=re.MULTILINE)
    taken = set(config.splitlines())
    return [line.removesuffix("=y") for line in wanted if line not in taken]


def progress(objects: int, seconds: float) -> str:
    """How far a build is, and how long it will take at this pace."""
    share = min(objects / ABOUT_OBJECTS, 0.99)
    left = f", about {seconds * (1 - share) / share / 60:.0f} more" if share > 0.05 else ""
    return f"  {share:3.0%} built in {seconds / 60:.0f} minutes{left}"


def _make_linux(tree: Path, log: Path, jobs: int) -> None:
    command = [*MAKE, f"-j{jobs}", "linux"]
    with (
        log.open("w") as lines,
        subprocess.Popen(
            command, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        assert process.stdout is not None
        began = told = time.monotonic()
        objects = 0
        for line in process.stdout:
            lines.write(line)
            objects += line.lstrip().startswith("CC ")
            if (now := time.monotonic()) - told >= TELL_EVERY_S:
                told = now
                say(progress(objects, now - began))
    if process.returncode:
        raise SetupFailed(f"compiling the kernel failed: see {log}")
