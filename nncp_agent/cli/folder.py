"""A folder of policies that are applied once each, as nmstate's service keeps it (nmstate.md 6)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Final

ENDINGS: Final = (".yml", ".yaml")
APPLIED: Final = ".applied"
CONFIG: Final = "nmstate.conf"
_KEEPS: Final = re.compile(r"^\s*keep_state_file_after_apply\s*=\s*true\s*(#.*)?$", re.MULTILINE | re.IGNORECASE)


def waiting(folder: str, say: Callable[[str], None]) -> Iterator[str]:
    """Files that were never applied, or changed since, in order of their names."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        say(f"{folder}: {error.strerror}: nothing to apply")
        return
    found = [name for name in names if name.endswith(ENDINGS)]
    if not found:
        say(f"{folder}: no file ends in {' or '.join(ENDINGS)}: nothing to apply")
    for name in found:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and _content(path) != _content(_beside(path)):
            yield path


def applied(path: str, folder: str) -> None:
    """Remember that the file was applied. Raises OSError."""
    if not _KEEPS.search((_content(os.path.join(folder, CONFIG)) or b"").decode(errors="replace")):
        os.rename(path, _beside(path))
        return
    draft = f"{path}.tmp"
    with open(draft, "wb") as file:
        file.write(_content(path) or b"")
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, _beside(path))


def _beside(path: str) -> str:
    return path.rpartition(".")[0] + APPLIED


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
