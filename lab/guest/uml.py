"""User Mode Linux: a kernel as an ordinary program, up in half a second when it is pinned to one CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.guest import INIT, NO_DEVICES, Errand, contained

MEMORY: Final = "2G"
"""Taken from the host only as it is touched."""


@dataclass(frozen=True, slots=True)
class UserModeLinux:
    """`file` is the kernel. Its system calls hand over to another process: across CPUs each costs ten times as much."""

    file: Path
    title: str = "User Mode Linux"
    guest: str = "uml"
    slowness: float = 1.0

    def command(self, errand: Errand, *, cpu: int, terminal: bool) -> list[str]:
        console = "con0=fd:0,fd:1" if terminal else "con0=null,fd:1"
        return self.started(errand, INIT, cpu=cpu, words=(console, *errand.words(self.guest, terminal=terminal)))

    def started(self, errand: Errand, init: Path, *, cpu: int, words: Sequence[str]) -> list[str]:
        """The command that boots it with `init` as its first process and `words` on the kernel's command line."""
        kernel = [
            *(str(self.file), f"mem={MEMORY}", "seccomp=on", "panic=-1", "noreboot", "quiet"),
            *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}"),
            *("con=null", "ssl=null"),
            *(f"umid={errand.name}", f"uml_dir={errand.directory}"),
            *NO_DEVICES,
            *words,
        ]
        return contained(["env", "TMPDIR=/dev/shm", "taskset", "-c", str(cpu), *kernel], memory=MEMORY)
