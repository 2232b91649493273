"""The reference: the distribution's own kernel, fetched and unpacked but never installed, ready for QEMU."""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.setup import apt, initrd
from lab.setup.base import SetupFailed, alone, cache, digest, run, say

PACKAGES: Final = ("qemu-system-x86", "kmod", "zstd")
KERNELS: Final = ("linux-image-amd64", "linux-image-generic")
"""Debian's and Ubuntu's names for "the newest kernel of this release"."""
PARTS: Final = ("linux-image-{}", "linux-modules-{}", "linux-modules-extra-{}")
TO_REACH_THE_ROOT: Final = ("virtio_pci", "9p", "9pnet_virtio", "overlay")
START: Final = Path(__file__).parent.parent / "guest" / "initrd.sh"


def at_hand() -> Path | None:
    """A directory with `vmlinux`, `initrd`, `busybox`, `modules/VERSION`; the newest of those that are complete."""
    ready = sorted(cache().glob(f"reference-*-{_key()}"), key=lambda directory: directory.stat().st_mtime)
    return ready[-1] if ready and not apt.missing(PACKAGES) else None


def ensure() -> Path:
    """The same, made first where there is none. Raises SetupFailed."""
    if found := at_hand():
        return found
    if platform.machine() != "x86_64":
        raise SetupFailed("the reference kernel runs on x86-64 only")
    with alone("reference"):
        return at_hand() or _make()


def _key() -> str:
    return digest(START.read_bytes(), " ".join(TO_REACH_THE_ROOT), "busybox")


def _make() -> Path:
    apt.ensure(PACKAGES, "the reference kernel")
    with apt.own() as archive, TemporaryDirectory(prefix="reference-", dir=cache()) as base:
        work = Path(base)
        release = _release(archive)
        say(f"fetching the distribution's own kernel {release} (it is unpacked below {cache()}, not installed)")
        for part in PARTS:
            if name := next(iter(archive.names(f"^{re.escape(part.format(release))}$")), ""):
                _unpack(archive.download(name, work), work / "tree")
        _unpack(archive.download("busybox-static", work), work / "busybox")
        ready = work / "ready"
        (ready / "modules").mkdir(parents=True)
        _modules(work / "tree").rename(ready / "modules" / release)
        (ready / "lib").symlink_to(".")  # modprobe and depmod look below lib/modules
        run(["depmod", "-b", str(ready), release], failing="listing the kernel's modules failed")
        (ready / "vmlinux").write_bytes(initrd.uncompressed(work / "tree" / "boot" / f"vmlinuz-{release}"))
        busybox = next((work / "busybox").glob("**/bin/busybox")).read_bytes()
        (ready / "busybox").write_bytes(busybox)
        (ready / "initrd").write_bytes(_initrd(ready, release, busybox))
        home = cache() / f"reference-{release}-{_key()}"
        shutil.rmtree(home, ignore_errors=True)
        return ready.rename(home)


def _release(archive: apt.Archive) -> str:
    for name in KERNELS:
        for needed in archive.depends(name) if archive.names(f"^{name}$") else []:
            if found := re.fullmatch(r"linux-image-(\d.*)", needed):
                return found[1]
    raise SetupFailed("this distribution's archives have no kernel for x86-64")


def _unpack(deb: Path, into: Path) -> None:
    run(["dpkg-deb", "-x", str(deb), str(into)], failing=f"unpacking {deb.name} failed")


def _modules(tree: Path) -> Path:
    return next(path for place in ("lib/modules", "usr/lib/modules") for path in (tree / place).glob("*"))


def _initrd(ready: Path, release: str, busybox: bytes) -> bytes:
    files = {"init": START.read_bytes(), "bin/busybox": busybox}
    return initrd.archive(files | initrd.modules(TO_REACH_THE_ROOT, ready, release))
