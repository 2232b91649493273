"""What files of managers that a claim writes have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

HEAD: Final = "# Links that nncp configures (nncp apply --claim). `nncp rollback --to N` hands them back."
"""First line of files that are all ours."""


def text(lines: Iterable[str]) -> bytes:
    """The lines as a file; what was no UTF-8 when it was read is again what it was."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
