"""ifupdown, which runs only when it is called: what it brings up by itself, and what it believes to be up."""

from __future__ import annotations

from typing import Final

from netkernel.managers import base
from netkernel.records import File

STATE: Final = "/run/network/ifstate"
INTERFACES: Final = "/etc/network/interfaces"


def files(root: str) -> dict[str, File]:
    """All it is configured by (interfaces(5)), as far as nobody has other files sourced."""
    if not base.text(root, STATE):
        return {}
    return base.read(root, (STATE, INTERFACES, *base.names(root, f"{INTERFACES}.d")))
