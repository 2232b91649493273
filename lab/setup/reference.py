"""The reference: the distribution's own kernel, fetched and unpacked but never installed, ready for QEMU."""

from __future__ import annotations

from pathlib import Path

from lab.setup.base import SetupFailed


def at_hand() -> Path | None:
    return None


def ensure() -> Path:
    raise SetupFailed("the reference kernel is not ready yet")
