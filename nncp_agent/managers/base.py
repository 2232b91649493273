"""What is known of a manager that holds a link."""

from __future__ import annotations

from netkernel.frozen import Frozen


class Holder(Frozen):
    """`name` as people call the manager, `profile` what it applies (may be ""), `release` the command that lets go."""

    name: str
    profile: str
    release: str

    def __str__(self) -> str:
        return f"{self.name} ({self.profile})" if self.profile else self.name


def lines(path: str) -> list[str]:
    """The lines of a file, none of one that is gone or that we may not read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def keys(path: str) -> dict[str, str]:
    """The KEY=value lines of a file, whatever section they stand in."""
    pairs = (line.partition("=") for line in lines(path) if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
