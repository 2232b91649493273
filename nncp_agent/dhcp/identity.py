"""Who this machine is, to servers that know their clients by more than a MAC address."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path
from typing import Final

from netkernel.digests import sha256

MACHINE_ID: Final = "/etc/machine-id"
_OURS: Final = uuid.UUID("6f0a4d6e-6b0e-4a55-9d0e-5d6d3b7c2a11")

_NOBODYS_NAMES: Final = ("", "localhost", "localhost.localdomain", "(none)")


def own_name(stated: str | None) -> str:
    """The name that this host tells servers: the one stated, None for the system's; "" for none."""
    own = socket.gethostname() if stated is None else stated
    return "" if own in _NOBODYS_NAMES else own


def machine_id(path: str = MACHINE_ID) -> bytes:
    """16 bytes that never change, made of machine-id(5), which itself must not be told to strangers.

    Without such a file all machines would be the same; then it is the system's UUID or its host's number in the kernel.
    """
    try:
        words = Path(path).read_text(errors="replace").strip()
    except OSError:
        words = ""
    own = words or f"{uuid.getnode():012x}"
    return uuid.UUID(bytes=sha256(_OURS.bytes + own.encode()).digest()[:16], version=4).bytes
