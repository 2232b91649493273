"""QEMU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.guest import Errand


@dataclass(frozen=True, slots=True)
class Reference:
    directory: Path
    title: str = "QEMU"
    guest: str = "qemu"
    slowness: float = 8.0

    def command(self, errand: Errand, *, cpu: int, terminal: bool) -> list[str]:
        return []
