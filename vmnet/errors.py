"""What can go wrong above the shared floor, and whose fault it is.

NetworkError (netkernel.errors)
├── InvalidVm       the user: every problem of the manifest, each with its path; nothing was touched
├── PodUnfit        the pod is not as the VM needs it: a link is missing, or not of a kind that can be wired
└── NotAsAsked      it was done and did not come true: what is still to be done
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.errors import NetworkError
from netkernel.frozen import Frozen

Path = tuple[str | int, ...]


class Problem(Frozen):
    """One thing wrong with a manifest; `path` leads to it, `line` counts from 1 in `source`."""

    path: Path
    message: str
    source: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}: " if self.line else f"{self.source}: " if self.source else ""
        return f"{where}{spelled(self.path)}: {self.message}" if self.path else f"{where}{self.message}"


def spelled(path: Path) -> str:
    """As `kubectl` says it: `spec.domain.devices.interfaces[0].model`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


class InvalidVm(NetworkError):
    """The VM cannot be wired; all of its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class PodUnfit(NetworkError):
    """The pod lacks what the VM needs; one line for each."""

    def __init__(self, lacking: Sequence[str]) -> None:
        super().__init__("\n".join(lacking))
        self.lacking = tuple(lacking)


class NotAsAsked(NetworkError):
    """The pod does not look as planned; one line for each thing."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__("not as asked: " + "; ".join(differences))
        self.differences = tuple(differences)
