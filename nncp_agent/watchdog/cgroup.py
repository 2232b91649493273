"""A cgroup of one's own: `cgroup.kill` of whoever started us must not reach us (cgroup v2, cgroups(7))."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def own(name: str) -> Iterator[None]:
    """Run the block in a new cgroup directly below the root, where there is cgroup2 and we may; gone afterwards."""
    root = _root()
    with suppress(OSError):
        if root:
            (root / name).mkdir(exist_ok=True)
            (root / name / "cgroup.procs").write_text("0")
    try:
        yield
    finally:
        with suppress(OSError):
            if root:
                (root / "cgroup.procs").write_text("0")
                (root / name).rmdir()


def _root() -> Path | None:
    """Mount point of cgroup2 (the root is exempt from the rule that processes live in leaves only)."""
    for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        mount, _, rest = line.partition(" - ")
        if rest.split(" ", 1)[0] == "cgroup2":
            return Path(mount.split(" ")[4])
    return None
