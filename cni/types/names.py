"""Which ids and names a runtime may send (containernetworking/cni, pkg/utils)."""

from __future__ import annotations

import re

from cni.types.errors import INVALID_CONFIG, INVALID_ENVIRONMENT, CniError
from netkernel.typed import Final

_ID: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*", re.ASCII)
_LONGEST: Final = 15
"""IFNAMSIZ - 1 (linux/if.h)."""


def check_container(id: str) -> None:
    """Raises CniError for an id that the specification does not allow."""
    if not _ID.fullmatch(id):
        raise CniError(INVALID_ENVIRONMENT, "invalid characters in containerID", id)


def check_network(name: str) -> None:
    """Raises CniError for a missing name or one that the specification does not allow."""
    if not name:
        raise CniError(INVALID_CONFIG, "missing network name")
    if not _ID.fullmatch(name):
        raise CniError(INVALID_CONFIG, "invalid characters found in network name", name)


def check_interface(name: str) -> None:
    """Raises CniError for what cannot be an interface's name. Length is in bytes, as the kernel counts."""
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        limit = f"interface name should be less than {_LONGEST + 1} characters"
        raise CniError(INVALID_ENVIRONMENT, "interface name is too long", limit)
    if name in (".", ".."):
        raise CniError(INVALID_ENVIRONMENT, "interface name is . or ..")
    if any(each in "/:" or each.isspace() for each in name):
        raise CniError(INVALID_ENVIRONMENT, "interface name contains / or : or whitespace characters")
